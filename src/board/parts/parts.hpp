#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "board/parts/alarm.hpp"
#include "board/parts/analog.hpp"
#include "board/parts/audio.hpp"
#include "board/parts/buses.hpp"
#include "board/parts/keypad.hpp"
#include "board/parts/pins.hpp"
#include "board/parts/power.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// Why the device was switched on: the numbers that scripts have for it.
enum class PowerOnReason : std::uint8_t {
  key = 0,
  charger = 1,
  alarm = 2,
  restart = 3,
  other = 4,
  unknown = 5,
  exception = 6,
  host = 7,
  watchdog = 8,
};

/// All virtual parts of one device. Calls of the script go to the parts themselves, control lines and timers come here.
/// Everything happens on the device's thread.
class Parts {
 public:
  /// A control line is at most this long.
  static constexpr std::size_t kMaxLineBytes = 65536;

  /// `site` must outlive it.
  explicit Parts(PartsSite& site, PowerOnReason reason = PowerOnReason::key) noexcept;

  Pins pins;
  Adc adc;
  Pwm pwm;
  I2c i2c;
  Spi spi;
  Power power;
  Keypad keypad;
  Audio audio;
  Alarm alarm;

  [[nodiscard]] PowerOnReason power_on_reason() const noexcept { return reason_; }
  /// What the script asks of the device and nothing here answers: one trace line.
  void note(const TraceLine& line) noexcept { site_.trace(line.view()); }
  void set_clock(WallTime time) noexcept { site_.set_clock(time); }

  /// Whether `word` is the first of a control line for the parts.
  [[nodiscard]] static bool knows(std::string_view word) noexcept;
  /// Does what the line says, whole or not at all. Returns why it could not, for people, beginning with the line's first
  /// word; empty: done. Empty lines, and those that begin with #, do nothing. May throw std::bad_alloc.
  [[nodiscard]] std::string control(std::string_view line);

  /// A timer of PartsSite::arm() has run out.
  void on_timer(PartTimer timer) noexcept;
  /// The script's clock was set, by whomever.
  void clock_changed() noexcept { alarm.clock_changed(); }

 private:
  [[nodiscard]] std::string obey(std::string_view word, ControlLine& line);

  PartsSite& site_;
  PowerOnReason reason_;
};

}  // namespace socketcore
