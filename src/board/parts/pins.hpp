#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "board/parts/line.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

enum class PinDirection : std::uint8_t { closed, input, interrupt, output };
enum class PinPull : std::uint8_t { none, up, down };

/// Three ports of 32 pins: pin n of port p is number p*32+n. An input has the level that a control line gave it; before the
/// first, that of its pull. An output has the level that the script set, whatever drives it from outside.
class Pins {
 public:
  static constexpr std::int32_t kPins = 96;

  explicit Pins(PartsSite& site) noexcept : site_(site) {}

  // What the script does. `pin` is 0..kPins-1.
  void open_input(std::int32_t pin, bool interrupt) noexcept;
  void open_output(std::int32_t pin, bool level) noexcept;
  void close(std::int32_t pin) noexcept;
  void set_pull(std::int32_t pin, PinPull pull) noexcept;
  /// Changes outputs only.
  void set(std::int32_t pin, bool level) noexcept;
  [[nodiscard]] bool level(std::int32_t pin) const noexcept;
  /// An edge counts once its level has held for so long; 0: at once. 20 ms from the start, as on the device.
  void set_debounce(Duration time) noexcept { debounce_ = time; }
  /// `count` pulses, then the level `idle`. They take no time here, and are one trace line.
  void pulses(std::int32_t pin, std::int32_t high_us, std::int32_t low_us, std::int32_t count, bool idle) noexcept;
  /// A square wave; -1: without end; times of 0: it stops.
  void wave(std::int32_t pin, std::int32_t high_us, std::int32_t low_us, std::int32_t count) noexcept;

  [[nodiscard]] PinDirection direction(std::int32_t pin) const noexcept { return at(pin).direction; }

  /// `N 0|1`: what is outside puts pin N to that level.
  [[nodiscard]] std::string control(ControlLine& line);
  void on_timer() noexcept;

 private:
  struct Pin {
    PinDirection direction = PinDirection::closed;
    PinPull pull = PinPull::none;
    bool latch = false;   // the output's level
    bool driven = false;  // from outside, to `outside`
    bool outside = false;
    bool reported = false;  // the level that the script knows from its last edge
    bool settling = false;  // until `settles`
    Instant settles{};
  };

  [[nodiscard]] Pin& at(std::int32_t pin) noexcept { return pins_[static_cast<std::size_t>(pin)]; }
  [[nodiscard]] const Pin& at(std::int32_t pin) const noexcept { return pins_[static_cast<std::size_t>(pin)]; }
  [[nodiscard]] static bool input_level(const Pin& pin) noexcept;
  void drive(std::int32_t pin, bool level) noexcept;
  void report(std::int32_t pin) noexcept;
  void forget_edge(Pin& pin) noexcept;
  void arm() noexcept;

  PartsSite& site_;
  std::array<Pin, kPins> pins_{};
  Duration debounce_ = std::chrono::milliseconds(20);
};

}  // namespace socketcore
