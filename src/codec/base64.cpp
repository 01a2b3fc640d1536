#include "codec/base64.hpp"

#include <array>
#include <cstdint>

namespace socketcore::codec {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

void base64_encode(std::string_view data, std::span<char> out) noexcept {
  const auto byte = [data](std::size_t i) -> std::uint32_t { return static_cast<std::uint8_t>(data[i]); };
  char* to = out.data();
  for (std::size_t at = 0; at < data.size(); at += 3) {
    const std::size_t have = data.size() - at;
    const std::uint32_t group = byte(at) << 16 | (have > 1 ? byte(at + 1) << 8 : 0) | (have > 2 ? byte(at + 2) : 0);
    *to++ = kAlphabet[group >> 18];
    *to++ = kAlphabet[group >> 12 & 63];
    *to++ = have > 1 ? kAlphabet[group >> 6 & 63] : '=';
    *to++ = have > 2 ? kAlphabet[group & 63] : '=';
  }
}

std::optional<std::size_t> base64_decode(std::string_view text, std::span<char> out) noexcept {
  std::uint32_t bits = 0;
  std::size_t characters = 0;
  std::size_t padding = 0;
  std::size_t size = 0;
  for (const char c : text) {
    if (is_space(c)) continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(c)];
    if (value == kNone || padding != 0) return std::nullopt;
    bits = bits << 6 | value;
    // Of four characters the first completes no byte, each other one.
    switch (characters++ % 4) {
      case 1:
        out[size++] = static_cast<char>(bits >> 4);
        break;
      case 2:
        out[size++] = static_cast<char>(bits >> 2);
        break;
      case 3:
        out[size++] = static_cast<char>(bits);
        break;
      default:
        break;
    }
  }
  if (characters % 4 == 1) return std::nullopt;
  if (padding != 0 && (characters + padding) % 4 != 0) return std::nullopt;
  return size;
}

}  // namespace socketcore::codec
