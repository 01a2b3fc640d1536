#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "socketcore/os.hpp"

namespace socketcore {

/// A time of day where the modem is, as its network and its clock tell it.
struct LocalTime {
  int year = 2000;  ///< 2000 to 2099
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int zone_quarters = 0;  ///< quarters of an hour east of UTC

  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

/// Years outside of 2000 to 2099 become the nearest of these.
[[nodiscard]] LocalTime local_time(WallTime time, int zone_quarters) noexcept;
[[nodiscard]] WallTime wall_time(const LocalTime& time) noexcept;

/// "20/01/02,03:04:05+32"
[[nodiscard]] std::string to_text(const LocalTime& time);
/// The reverse; the zone may be left out and is `zone_quarters` then. Nothing where the text is no such time.
[[nodiscard]] std::optional<LocalTime> local_time_of(std::string_view text, int zone_quarters) noexcept;

}  // namespace socketcore
