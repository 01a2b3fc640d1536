#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modem/modem.hpp"

namespace socketcore {

using Lines = std::vector<std::string>;

/// The device around the modem: virtual time, and a note of all that was asked for.
class FakeSite : public ModemSite {
 public:
  void output_ready() noexcept override { ++ready; }
  void link_lost() noexcept override {
    ++lost;
    ready_at_loss = ready;
  }
  void set_radio(bool up) noexcept override { radio.push_back(up); }
  void arm(Duration after) noexcept override { due = time + after; }
  Instant now() noexcept override { return time; }
  WallTime clock() noexcept override { return wall; }
  void set_clock(WallTime to) noexcept override { wall = to; }
  void tune_dns(int retries, int factor) noexcept override { dns = {retries, factor}; }
  void tune_tcp(int retries, int longest_wait_s) noexcept override { tcp = {retries, longest_wait_s}; }
  void log(LogLevel /*level*/, std::string_view line) noexcept override { logged.emplace_back(line); }

  int ready = 0;
  int lost = 0;
  int ready_at_loss = 0;
  std::vector<bool> radio;
  Instant time{std::chrono::hours(1)};
  std::optional<Instant> due;
  WallTime wall{std::chrono::seconds(1577934245)};  // 2020-01-02 03:04:05 UTC
  std::pair<int, int> dns{};
  std::pair<int, int> tcp{};
  Lines logged;
};

/// A modem with a script that writes and reads.
class Bench {
 public:
  explicit Bench(const ModemSettings& settings = {}) : modem(settings, site) {}

  /// All lines that can be read now, without the empty ones and their ends.
  Lines read() {
    Lines lines;
    while (modem.available() > 0) {
      std::string line(modem.read_line());
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
      if (!line.empty()) lines.push_back(line);
    }
    return lines;
  }
  /// What the modem says after one command.
  Lines at(std::string_view command) {
    modem.write(std::string(command) + "\r");
    return read();
  }
  /// Lets time pass, calling the modem when it asked for it.
  void advance(Duration time) {
    const Instant end = site.time + time;
    while (site.due && *site.due <= end) {
      site.time = std::max(site.time, *site.due);
      site.due.reset();
      modem.on_timer();
    }
    site.time = end;
  }
  /// Powered on, IMSI read, registered, all of it read; URCs of the registration with their place.
  Lines start() {
    modem.power_on();
    at("AT+CREG=2;+CGREG=2;+CEREG=2");
    return at("AT+CIMI");
  }

  FakeSite site;
  Modem modem;
};

inline const Lines kOk = {"OK"};
inline const Lines kError = {"ERROR"};

}  // namespace socketcore
