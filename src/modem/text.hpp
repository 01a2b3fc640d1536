#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace socketcore {

namespace detail {
inline void append(std::string& to, std::string_view text) {
  to += text;
}
inline void append(std::string& to, char character) {
  to += character;
}
template <std::integral T>
void append(std::string& to, T number) {
  to += std::to_string(number);
}
}  // namespace detail

/// Its arguments, texts and integers, behind one another.
template <typename... Parts>
[[nodiscard]] std::string join(const Parts&... parts) {
  std::string all;
  (detail::append(all, parts), ...);
  return all;
}

[[nodiscard]] inline std::string quoted(std::string_view text) {
  return join('"', text, '"');
}

/// `number` with zeros before it up to `width` digits.
[[nodiscard]] inline std::string padded(int number, std::size_t width) {
  std::string text = std::to_string(number);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

[[nodiscard]] inline bool all_digits(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A decimal integer that fills all of `text`.
[[nodiscard]] inline std::optional<int> number_of(std::string_view text) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// ASCII only.
[[nodiscard]] inline std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace socketcore
