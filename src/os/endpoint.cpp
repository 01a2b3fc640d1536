#include "socketcore/endpoint.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace socketcore {
namespace {

constexpr std::size_t kMaxLiteral = INET6_ADDRSTRLEN;

/// inet_pton wants a terminated string.
template <std::size_t N>
bool copy_text(std::string_view text, std::array<char, N>& into) noexcept {
  if (text.size() >= N || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), into.begin());
  into[text.size()] = '\0';
  return true;
}

bool is_link_local(const std::array<std::uint8_t, 16>& bytes) noexcept {
  const bool unicast = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  const bool multicast = bytes[0] == 0xff && (bytes[1] & 0x0f) <= 0x02;
  return unicast || multicast;
}

/// An interface's name or its decimal index. 0 if it is neither.
std::uint32_t scope_index(std::string_view zone) noexcept {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
  if (error == std::errc{} && end == zone.data() + zone.size()) return index;
  std::array<char, IF_NAMESIZE> name;
  return copy_text(zone, name) ? ::if_nametoindex(name.data()) : 0;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) noexcept {
  std::array<char, kMaxLiteral> literal;
  Address address;
  if (text.find(':') == std::string_view::npos) {
    if (!copy_text(text, literal) || ::inet_pton(AF_INET, literal.data(), address.bytes.data()) != 1) return std::nullopt;
    return address;
  }
  address.family = Family::v6;
  const std::size_t percent = text.find('%');
  if (!copy_text(text.substr(0, percent), literal)) return std::nullopt;
  if (::inet_pton(AF_INET6, literal.data(), address.bytes.data()) != 1) return std::nullopt;
  if (percent != std::string_view::npos) {
    if (!is_link_local(address.bytes)) return std::nullopt;
    address.scope = scope_index(text.substr(percent + 1));
    if (address.scope == 0) return std::nullopt;
  }
  return address;
}

std::string Address::text() const {
  std::array<char, kMaxLiteral> literal{};
  ::inet_ntop(family == Family::v4 ? AF_INET : AF_INET6, bytes.data(), literal.data(), literal.size());
  std::string text = literal.data();
  if (scope != 0) {
    std::array<char, IF_NAMESIZE> name{};
    text += '%';
    text += ::if_indextoname(scope, name.data()) != nullptr ? name.data() : std::to_string(scope);
  }
  return text;
}

bool Address::is_multicast() const noexcept {
  return family == Family::v4 ? (bytes[0] & 0xf0) == 0xe0 : bytes[0] == 0xff;
}

bool Address::is_limited_broadcast() const noexcept {
  return family == Family::v4 && std::all_of(bytes.begin(), bytes.begin() + 4, [](auto byte) { return byte == 0xff; });
}

std::string Endpoint::text() const {
  const std::string host = address.family == Family::v6 ? '[' + address.text() + ']' : address.text();
  return host + ':' + std::to_string(port);
}

}  // namespace socketcore
