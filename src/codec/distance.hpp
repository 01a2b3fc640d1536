#pragma once

#include <cmath>
#include <numbers>

namespace socketcore::codec {

struct Place {
  double latitude = 0;   ///< degrees
  double longitude = 0;  ///< degrees
};

/// Metres along a great circle of a round earth: 0.5 % off at worst.
[[nodiscard]] inline double distance_m(Place a, Place b) noexcept {
  constexpr double kRadius = 6371008.8;
  constexpr double kDegree = std::numbers::pi / 180;
  const double across = std::sin((b.latitude - a.latitude) * kDegree / 2);
  const double along = std::sin((b.longitude - a.longitude) * kDegree / 2);
  const double h = across * across + std::cos(a.latitude * kDegree) * std::cos(b.latitude * kDegree) * along * along;
  return 2 * kRadius * std::asin(std::sqrt(h > 1 ? 1 : h));
}

}  // namespace socketcore::codec
