#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The character sets of messages.
namespace socketcore {

using Octets = std::vector<std::uint8_t>;

/// What is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::u16string utf16_of(std::string_view utf8);
/// A surrogate without its partner becomes U+FFFD.
[[nodiscard]] std::string utf8_of(std::u16string_view text);

/// Big-endian, two octets for each unit.
[[nodiscard]] Octets ucs2_octets(std::u16string_view text);
/// An odd last octet is left out.
[[nodiscard]] std::u16string ucs2_text(std::span<const std::uint8_t> octets);

/// `count` characters of the GSM 7-bit default alphabet (3GPP TS 23.038), packed, behind `skip_bits` bits that are
/// none. Stops where the octets end.
[[nodiscard]] std::u16string gsm7_text(std::span<const std::uint8_t> packed, std::size_t skip_bits, std::size_t count);

[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> octets);
/// Nothing where a character is no hex digit or their count is odd.
[[nodiscard]] std::optional<Octets> from_hex(std::string_view text);

}  // namespace socketcore
