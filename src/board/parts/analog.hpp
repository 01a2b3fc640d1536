#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "board/parts/line.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// Analogue inputs of 12 bits. Each has the voltage that a control line gave it, 0 before.
class Adc {
 public:
  static constexpr std::int32_t kChannels = 8;
  static constexpr std::int32_t kMaxRaw = 4095;
  /// The upper ends of the ranges, in millivolt. The last is the one that a script gets without asking.
  static constexpr std::array<std::int32_t, 4> kScales = {1250, 2444, 3233, 5000};

  struct Value {
    std::int32_t raw = 0;
    std::int32_t millivolt = 0;
  };

  explicit Adc(PartsSite& site) noexcept : site_(site) {}

  void open(std::int32_t channel, std::size_t scale) noexcept;
  void close(std::int32_t channel) noexcept;
  /// What lies above the range reads as its upper end. Nothing: the channel is not open.
  [[nodiscard]] std::optional<Value> read(std::int32_t channel) const noexcept;

  /// `N MILLIVOLT`
  [[nodiscard]] std::string control(ControlLine& line);

 private:
  struct Channel {
    bool open = false;
    std::int32_t full = kScales.back();
    std::int32_t millivolt = 0;
  };
  PartsSite& site_;
  std::array<Channel, kChannels> channels_{};
};

/// Pulse outputs: what the script sets is traced, and nothing else comes of it.
class Pwm {
 public:
  static constexpr std::int32_t kChannels = 4;

  explicit Pwm(PartsSite& site) noexcept : site_(site) {}

  void open(std::int32_t channel) noexcept;
  void close(std::int32_t channel) noexcept;
  /// The two numbers as the script gives them: their meaning differs from channel to channel. False: not open.
  bool set(std::int32_t channel, std::int32_t a, std::int32_t b, std::optional<std::int32_t> divider) noexcept;

 private:
  PartsSite& site_;
  std::array<bool, kChannels> open_{};
};

}  // namespace socketcore
