#pragma once

#include <algorithm>
#include <tuple>

#include "socketcore/endpoint.hpp"

/// What the kernel knows about addresses, for the network in memory.
namespace socketcore::sim {

struct AddressOrder {
  bool operator()(const Address& a, const Address& b) const noexcept {
    return std::tie(a.family, a.bytes, a.scope) < std::tie(b.family, b.bytes, b.scope);
  }
};

[[nodiscard]] inline Address any_address(Family family) noexcept {
  Address address;
  address.family = family;
  return address;
}

[[nodiscard]] inline bool is_any(const Address& address) noexcept {
  return address == any_address(address.family);
}

[[nodiscard]] inline Address loopback_address(Family family) noexcept {
  Address address = any_address(family);
  if (family == Family::v4) address.bytes[0] = 127;
  address.bytes[family == Family::v4 ? 3 : 15] = 1;
  return address;
}

[[nodiscard]] inline bool is_loopback(const Address& address) noexcept {
  return address.family == Family::v4 ? address.bytes[0] == 127 : address == loopback_address(Family::v6);
}

/// ::ffff:192.0.2.1 is an IPv4 address that an IPv6 socket speaks to; packets carry it as IPv4.
[[nodiscard]] inline Address unmapped(const Address& address) noexcept {
  const auto& bytes = address.bytes;
  const bool mapped = address.family == Family::v6 && bytes[10] == 0xff && bytes[11] == 0xff &&
                      std::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; });
  if (!mapped) return address;
  Address plain;
  std::copy(bytes.begin() + 12, bytes.end(), plain.bytes.begin());
  return plain;
}

[[nodiscard]] inline Address mapped(const Address& address) noexcept {
  if (address.family == Family::v6) return address;
  Address wide = any_address(Family::v6);
  wide.bytes[10] = wide.bytes[11] = 0xff;
  std::copy_n(address.bytes.begin(), 4, wide.bytes.begin() + 12);
  return wide;
}

}  // namespace socketcore::sim
