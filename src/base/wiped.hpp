#pragma once

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>

#include <span>
#include <string>
#include <type_traits>

namespace socketcore {

/// Overwrites a secret with zeros, by a call that no compiler leaves out.
inline void wipe(std::span<char> secret) noexcept {
  ::explicit_bzero(secret.data(), secret.size());
}

/// The same, and empties the string.
inline void wipe(std::string& secret) noexcept {
  wipe(std::span(secret));
  secret.clear();
}

/// A copy of a secret, of which nothing is left when it ends.
template <typename T>
struct Wiped {
  static_assert(std::is_trivially_copyable_v<T>, "else it may hold memory elsewhere");

  Wiped() = default;
  ~Wiped() { ::explicit_bzero(&value, sizeof value); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

  T value{};
};

}  // namespace socketcore
