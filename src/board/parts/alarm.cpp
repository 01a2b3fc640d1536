#include "board/parts/alarm.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace socketcore {

namespace {

// The host's clock may be set while the alarm waits on a clock that cannot: look again from time to time.
constexpr Duration kMaxWait = std::chrono::minutes(1);

}  // namespace

std::optional<WallTime> to_wall_time(const LocalTime& time) noexcept {
  if (time.year < 1970 || time.year > 2199) return std::nullopt;
  std::tm fields{};
  fields.tm_year = time.year - 1900;
  fields.tm_mon = time.month - 1;
  fields.tm_mday = time.day;
  fields.tm_hour = time.hour;
  fields.tm_min = time.minute;
  fields.tm_sec = time.second;
  fields.tm_isdst = -1;
  if (time.month < 1 || time.month > 12 || time.day < 1 || time.day > 31 || time.hour < 0 || time.hour > 23 ||
      time.minute < 0 || time.minute > 59 || time.second < 0 || time.second > 59) {
    return std::nullopt;
  }
  const std::time_t seconds = std::mktime(&fields);
  // mktime makes the 1st of March of the 29th of February 2027.
  if (fields.tm_mday != time.day || seconds < 0) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

bool Alarm::set(const LocalTime& time) noexcept {
  const auto due = to_wall_time(time);
  if (!due || *due <= site_.clock()) {
    clear();
    site_.log(LogLevel::warning, due ? "rtos.set_alarm: the time has passed" : "rtos.set_alarm: there is no such time");
    return false;
  }
  due_ = due;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d", time.year, time.month, time.day, time.hour,
                time.minute, time.second);
  site_.trace(TraceLine("alarm").word(text.data()).view());
  arm();
  return true;
}

void Alarm::clear() noexcept {
  if (!due_) return;
  due_.reset();
  site_.disarm(PartTimer::alarm);
  site_.trace("alarm off");
}

void Alarm::on_timer() noexcept {
  if (!due_) return;
  if (site_.clock() < *due_) {
    arm();
    return;
  }
  due_.reset();
  if (!started_) {
    site_.log(LogLevel::warning, "the alarm is due, but rtos.init_module(rtos.MOD_ALARM) was not called: no message");
    return;
  }
  site_.post(EventKind::alarm, 0, 0);
}

void Alarm::clock_changed() noexcept {
  if (due_) arm();
}

void Alarm::arm() noexcept {
  site_.arm(PartTimer::alarm, std::clamp<Duration>(*due_ - site_.clock(), Duration::zero(), kMaxWait));
}

}  // namespace socketcore
