#include "modem/local_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "modem/text.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;

std::chrono::minutes offset(int zone_quarters) noexcept {
  return std::chrono::minutes(15 * zone_quarters);
}

}  // namespace

LocalTime local_time(WallTime time, int zone_quarters) noexcept {
  const auto local = std::chrono::floor<std::chrono::seconds>(time) + offset(zone_quarters);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(local - day);
  LocalTime result;
  result.year = std::clamp(static_cast<int>(date.year()), 2000, 2099);
  result.month = static_cast<int>(static_cast<unsigned>(date.month()));
  result.day = static_cast<int>(static_cast<unsigned>(date.day()));
  result.hour = static_cast<int>(clock.hours().count());
  result.minute = static_cast<int>(clock.minutes().count());
  result.second = static_cast<int>(clock.seconds().count());
  result.zone_quarters = zone_quarters;
  return result;
}

WallTime wall_time(const LocalTime& time) noexcept {
  const std::chrono::year_month_day date(std::chrono::year(time.year),
                                         std::chrono::month(static_cast<unsigned>(time.month)),
                                         std::chrono::day(static_cast<unsigned>(time.day)));
  return std::chrono::sys_days(date) + std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
         std::chrono::seconds(time.second) - offset(time.zone_quarters);
}

std::string to_text(const LocalTime& time) {
  return join(padded(time.year % 100, 2), '/', padded(time.month, 2), '/', padded(time.day, 2), ',',
              padded(time.hour, 2), ':', padded(time.minute, 2), ':', padded(time.second, 2),
              time.zone_quarters < 0 ? '-' : '+', padded(std::abs(time.zone_quarters), 2));
}

std::optional<LocalTime> local_time_of(std::string_view text, int zone_quarters) noexcept {
  constexpr std::string_view kShape = "00/00/00,00:00:00";
  if (text.size() < kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool fits = kShape[i] == '0' ? all_digits(text.substr(i, 1)) : text[i] == kShape[i];
    if (!fits) return std::nullopt;
  }
  const auto two = [&text](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  LocalTime time{2000 + two(0), two(3), two(6), two(9), two(12), two(15), zone_quarters};
  const std::string_view zone = text.substr(kShape.size());
  if (!zone.empty()) {
    const auto quarters = all_digits(zone.substr(1)) ? number_of(zone.substr(1)) : std::nullopt;
    if (!quarters || *quarters > 56 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
    time.zone_quarters = zone[0] == '-' ? -*quarters : *quarters;
  }
  const std::chrono::year_month_day date(std::chrono::year(time.year),
                                         std::chrono::month(static_cast<unsigned>(time.month)),
                                         std::chrono::day(static_cast<unsigned>(time.day)));
  if (!date.ok() || time.hour > 23 || time.minute > 59 || time.second > 59) return std::nullopt;
  return time;
}

}  // namespace socketcore
