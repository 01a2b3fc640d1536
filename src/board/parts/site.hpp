#pragma once

#include <cstdint>
#include <string_view>

#include "socketcore/event.hpp"
#include "socketcore/log.hpp"
#include "socketcore/os.hpp"

/// The virtual parts of a device: what a PC lacks, as values that control lines set and that trace lines show.
/// docs/parts.md has both, line by line.
namespace socketcore {

/// The timers of the parts. Each is armed once at a time.
enum class PartTimer : std::uint8_t { debounce, audio, record, alarm };

/// What the parts need of the device that they sit in. It outlives them. It calls Parts::on_timer() when a timer runs out:
/// later, never from within arm().
class PartsSite {
 public:
  virtual ~PartsSite() = default;
  /// Puts a message into the script's queue. False: there is no room, which the site has logged.
  /// pin_edge: pin, new level. keypad: pack() of KeyEvent. power: pack() of PowerEvent. alarm: 0, 0. audio: 1 played to the
  /// end, 0 stopped. record: 1 done, 0 failed. stream_record: bytes that wait to be read.
  virtual bool post(EventKind kind, std::int32_t a, std::int32_t b) noexcept = 0;
  /// One line, without its end, to whoever watches what the script does.
  virtual void trace(std::string_view line) noexcept = 0;
  /// Replaces what was armed.
  virtual void arm(PartTimer timer, Duration delay) noexcept = 0;
  virtual void disarm(PartTimer timer) noexcept = 0;
  [[nodiscard]] virtual Instant now() noexcept = 0;
  /// The script's clock, in UTC. Local time is the process's TZ.
  [[nodiscard]] virtual WallTime clock() noexcept = 0;
  /// Sets the script's clock, never the host's, and calls Parts::clock_changed().
  virtual void set_clock(WallTime time) noexcept = 0;
  virtual void log(LogLevel level, std::string_view line) noexcept = 0;
};

/// The two numbers that an event carries.
struct EventValues {
  std::int32_t a = 0;
  std::int32_t b = 0;
};

/// A key of the matrix, or the power key: row and column 255.
struct KeyEvent {
  std::uint8_t row = 0;
  std::uint8_t column = 0;
  bool pressed = false;
};
[[nodiscard]] constexpr EventValues pack(const KeyEvent& key) noexcept {
  return {key.pressed ? 1 : 0, key.row << 8 | key.column};
}
[[nodiscard]] constexpr KeyEvent unpack_key(EventValues values) noexcept {
  return {static_cast<std::uint8_t>(values.b >> 8), static_cast<std::uint8_t>(values.b), values.a != 0};
}

enum class ChargeState : std::uint8_t { none = 0, charging = 1, full = 2 };

/// Battery and charger at one moment.
struct PowerEvent {
  bool present = true;
  bool charger = false;
  std::int32_t millivolt = 3800;
  std::uint8_t percent = 50;
  ChargeState state = ChargeState::none;

  friend constexpr bool operator==(const PowerEvent&, const PowerEvent&) = default;
};
[[nodiscard]] constexpr EventValues pack(const PowerEvent& power) noexcept {
  return {power.millivolt,
          power.percent | static_cast<std::int32_t>(power.state) << 8 | power.present << 10 | power.charger << 11};
}
[[nodiscard]] constexpr PowerEvent unpack_power(EventValues values) noexcept {
  return {(values.b >> 10 & 1) != 0, (values.b >> 11 & 1) != 0, values.a, static_cast<std::uint8_t>(values.b),
          static_cast<ChargeState>(values.b >> 8 & 3)};
}

}  // namespace socketcore
