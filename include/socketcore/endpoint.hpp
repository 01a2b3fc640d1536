#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace socketcore {

enum class Family : std::uint8_t { v4, v6 };

/// An IPv4 or IPv6 address. Bytes are in network order; an IPv4 address uses the first four.
struct Address {
  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t scope = 0;  ///< IPv6 link-local: the interface's index, else 0

  /// Reads a literal ("192.0.2.1", "2001:db8::1", "fe80::1%eth0"). Nothing for any other text, a host name included.
  [[nodiscard]] static std::optional<Address> parse(std::string_view text) noexcept;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_multicast() const noexcept;
  /// 255.255.255.255. A subnet's broadcast address is known to the kernel only.
  [[nodiscard]] bool is_limited_broadcast() const noexcept;

  friend bool operator==(const Address&, const Address&) = default;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  /// "192.0.2.1:80", "[2001:db8::1]:80".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace socketcore
