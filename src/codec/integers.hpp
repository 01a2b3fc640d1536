#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

namespace socketcore::codec {

/// What is left of a script's number modulo 2^32, its fraction cut off. NaN and the infinities count as 0.
[[nodiscard]] inline std::uint32_t wrap_uint32(double value) noexcept {
  if (!std::isfinite(value)) return 0;
  const double rest = std::fmod(std::trunc(value), 4294967296.0);  // between -2^32 and 2^32
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(rest));
}

/// The number that a decimal text begins with, modulo 2^64: of "-1" it is 2^64-1. 0 where none stands there.
[[nodiscard]] constexpr std::uint64_t decimal_uint64(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (negative || text.front() == '+')) text.remove_prefix(1);
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return negative ? 0 - value : value;
}

}  // namespace socketcore::codec
