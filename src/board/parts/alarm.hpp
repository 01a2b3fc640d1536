#pragma once

#include <cstdint>
#include <optional>

#include "board/parts/line.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// A date and a time of day as a script gives them: local, by the process's TZ.
struct LocalTime {
  std::int32_t year = 0;
  std::int32_t month = 0;
  std::int32_t day = 0;
  std::int32_t hour = 0;
  std::int32_t minute = 0;
  std::int32_t second = 0;
};
/// Nothing: there is no such time, as the 31st of February, or it is outside of 1970..2199.
[[nodiscard]] std::optional<WallTime> to_wall_time(const LocalTime& time) noexcept;

/// The alarm clock: one alarm, by the script's clock.
class Alarm {
 public:
  explicit Alarm(PartsSite& site) noexcept : site_(site) {}

  /// From now on an alarm that is due is a message.
  void start() noexcept { started_ = true; }
  /// Replaces the one before. False, and no alarm at all: the time is not one, or not in the future.
  bool set(const LocalTime& time) noexcept;
  void clear() noexcept;
  /// When the alarm that is set will come. It also wakes a device that is switched off.
  [[nodiscard]] std::optional<WallTime> due() const noexcept { return due_; }

  void on_timer() noexcept;
  void clock_changed() noexcept;

 private:
  void arm() noexcept;

  PartsSite& site_;
  std::optional<WallTime> due_;
  bool started_ = false;
};

}  // namespace socketcore
