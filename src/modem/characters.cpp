#include "modem/characters.hpp"

#include <algorithm>
#include <array>

namespace socketcore {
namespace {

constexpr char32_t kReplacement = 0xfffd;

bool is_high(char16_t unit) noexcept {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low(char16_t unit) noexcept {
  return unit >= 0xdc00 && unit < 0xe000;
}

/// Takes one character off the front; kReplacement and one byte where it is none (RFC 3629).
char32_t take_utf8(std::string_view& text) noexcept {
  const auto byte = [&text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  std::size_t more = 0;
  char32_t value = first;
  char32_t least = 0;
  if (first >= 0xf0 && first < 0xf8) {
    more = 3, value = first & 0x07U, least = 0x10000;
  } else if (first >= 0xe0 && first < 0xf0) {
    more = 2, value = first & 0x0fU, least = 0x800;
  } else if (first >= 0xc0 && first < 0xe0) {
    more = 1, value = first & 0x1fU, least = 0x80;
  } else if (first >= 0x80) {
    text.remove_prefix(1);
    return kReplacement;
  }
  bool good = text.size() > more;
  for (std::size_t i = 1; good && i <= more; ++i) {
    good = (byte(i) & 0xc0U) == 0x80;
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  good = good && value >= least && value <= 0x10ffff && !(value >= 0xd800 && value < 0xe000);
  text.remove_prefix(good ? more + 1 : 1);
  return good ? value : kReplacement;
}

void append_utf8(std::string& to, char32_t value) {
  const auto tail = [value](unsigned shift) { return static_cast<char>(0x80U | ((value >> shift) & 0x3fU)); };
  if (value < 0x80) {
    to += static_cast<char>(value);
  } else if (value < 0x800) {
    to += static_cast<char>(0xc0U | (value >> 6U));
    to += tail(0);
  } else if (value < 0x10000) {
    to += static_cast<char>(0xe0U | (value >> 12U));
    to += tail(6);
    to += tail(0);
  } else {
    to += static_cast<char>(0xf0U | (value >> 18U));
    to += tail(12);
    to += tail(6);
    to += tail(0);
  }
}

// 3GPP TS 23.038, section 6.2.1. 0x1b leads to the extension table.
constexpr std::u16string_view kGsm7 =
    u"@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5"
    u"\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e\u00a0\u00c6\u00e6\u00df\u00c9"
    u" !\"#\u00a4%&'()*+,-./0123456789:;<=>?"
    u"\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7"
    u"\u00bfabcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0";
static_assert(kGsm7.size() == 128);

char16_t gsm7_extension(unsigned code) noexcept {
  switch (code) {
    case 0x0a:
      return u'\f';
    case 0x14:
      return u'^';
    case 0x28:
      return u'{';
    case 0x29:
      return u'}';
    case 0x2f:
      return u'\\';
    case 0x3c:
      return u'[';
    case 0x3d:
      return u'~';
    case 0x3e:
      return u']';
    case 0x40:
      return u'|';
    case 0x65:
      return u'\u20ac';
    default:
      return kGsm7[code];
  }
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::u16string utf16_of(std::string_view utf8) {
  std::u16string result;
  while (!utf8.empty()) {
    const char32_t value = take_utf8(utf8);
    if (value < 0x10000) {
      result += static_cast<char16_t>(value);
    } else {
      result += static_cast<char16_t>(0xd800U + ((value - 0x10000U) >> 10U));
      result += static_cast<char16_t>(0xdc00U + ((value - 0x10000U) & 0x3ffU));
    }
  }
  return result;
}

std::string utf8_of(std::u16string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t value = text[i];
    if (is_high(text[i]) && i + 1 < text.size() && is_low(text[i + 1])) {
      value = 0x10000U + ((value - 0xd800U) << 10U) + (text[i + 1] - 0xdc00U);
      ++i;
    } else if (is_high(text[i]) || is_low(text[i])) {
      value = kReplacement;
    }
    append_utf8(result, value);
  }
  return result;
}

Octets ucs2_octets(std::u16string_view text) {
  Octets octets;
  octets.reserve(text.size() * 2);
  for (const char16_t unit : text) {
    octets.push_back(static_cast<std::uint8_t>(unit >> 8U));
    octets.push_back(static_cast<std::uint8_t>(unit & 0xffU));
  }
  return octets;
}

std::u16string ucs2_text(std::span<const std::uint8_t> octets) {
  std::u16string text;
  for (std::size_t i = 0; i + 1 < octets.size(); i += 2) {
    text += static_cast<char16_t>((octets[i] << 8U) | octets[i + 1]);
  }
  return text;
}

std::u16string gsm7_text(std::span<const std::uint8_t> packed, std::size_t skip_bits, std::size_t count) {
  std::u16string text;
  bool extended = false;
  for (std::size_t bit = skip_bits; count > 0 && bit + 7 <= packed.size() * 8; bit += 7, --count) {
    unsigned code = static_cast<unsigned>(packed[bit / 8]) >> (bit % 8);
    if (bit % 8 > 1) code |= static_cast<unsigned>(packed[bit / 8 + 1]) << (8 - bit % 8);
    code &= 0x7fU;
    if (code == 0x1b && !extended) {
      extended = true;
      continue;
    }
    text += extended ? gsm7_extension(code) : kGsm7[code];
    extended = false;
  }
  return text;
}

std::string to_hex(std::span<const std::uint8_t> octets) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4U];
    text += kDigits[octet & 0x0fU];
  }
  return text;
}

std::optional<Octets> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Octets octets;
  octets.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    octets.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return octets;
}

}  // namespace socketcore
