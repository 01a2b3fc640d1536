#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "board/parts/parts.hpp"

namespace socketcore::test {

/// A device around the parts: virtual time, and everything that they say kept.
class FakeSite final : public PartsSite {
 public:
  struct Event {
    EventKind kind;
    std::int32_t a;
    std::int32_t b;
    friend bool operator==(const Event&, const Event&) = default;
  };

  bool post(EventKind kind, std::int32_t a, std::int32_t b) noexcept override {
    events.push_back({kind, a, b});
    return true;
  }
  void trace(std::string_view line) noexcept override { lines.emplace_back(line); }
  void arm(PartTimer timer, Duration delay) noexcept override {
    EXPECT_GE(delay, Duration::zero());
    at(timer) = now_ + delay;
  }
  void disarm(PartTimer timer) noexcept override { at(timer).reset(); }
  Instant now() noexcept override { return now_; }
  WallTime clock() noexcept override { return clock_at_start_ + (now_ - Instant{}); }
  void set_clock(WallTime time) noexcept override {
    clock_at_start_ = time - (now_ - Instant{});
    if (parts != nullptr) parts->clock_changed();
  }
  void log(LogLevel, std::string_view line) noexcept override { logged.emplace_back(line); }

  /// Lets time pass, timer by timer.
  void advance(Duration time) {
    const Instant end = now_ + time;
    for (;;) {
      std::size_t first = timers_.size();
      for (std::size_t i = 0; i < timers_.size(); ++i) {
        if (timers_[i] && *timers_[i] <= end && (first == timers_.size() || *timers_[i] < *timers_[first])) first = i;
      }
      if (first == timers_.size()) break;
      now_ = std::max(now_, *timers_[first]);
      timers_[first].reset();
      parts->on_timer(static_cast<PartTimer>(first));
    }
    now_ = end;
  }
  [[nodiscard]] bool armed(PartTimer timer) { return at(timer).has_value(); }

  std::vector<Event> take_events() { return std::exchange(events, {}); }
  std::vector<std::string> take_lines() { return std::exchange(lines, {}); }

  Parts* parts = nullptr;
  std::vector<Event> events;
  std::vector<std::string> lines;
  std::vector<std::string> logged;

 private:
  std::optional<Instant>& at(PartTimer timer) { return timers_[static_cast<std::size_t>(timer)]; }

  Instant now_{};
  WallTime clock_at_start_{std::chrono::seconds(1767225600)};  // 2026-01-01 00:00 UTC
  std::array<std::optional<Instant>, 4> timers_;
};

}  // namespace socketcore::test
