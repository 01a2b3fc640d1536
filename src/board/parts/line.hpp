#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace socketcore {

/// A trace line in the making: words with a blank between them. Needs no memory; what has no room is left out.
class TraceLine {
 public:
  explicit TraceLine(std::string_view word) noexcept { append(word); }

  TraceLine& word(std::string_view text) noexcept;
  TraceLine& number(std::int64_t value) noexcept;
  /// 0x and two digits.
  TraceLine& address(std::uint8_t value) noexcept;
  /// Two digits per byte, at most kMostBytes of them; then a word "+N" for the rest. Nothing at all: "-".
  TraceLine& bytes(std::span<const std::byte> data) noexcept;
  /// A script's text: what is not printable becomes "?".
  TraceLine& text(std::string_view text) noexcept;

  [[nodiscard]] std::string_view view() const noexcept { return {buffer_.data(), size_}; }

  static constexpr std::size_t kMostBytes = 1024;

 private:
  void append(std::string_view text) noexcept;
  void append_hex(std::uint8_t value) noexcept;

  std::size_t size_ = 0;
  std::array<char, 2 * kMostBytes + 128> buffer_;
};

/// A control line, taken word by word. The first word that is not what was asked for is remembered as the error, and from
/// then on every answer is the lowest that was allowed.
class ControlLine {
 public:
  explicit ControlLine(std::string_view line) noexcept : rest_(line) {}

  /// Empty where the line has ended.
  [[nodiscard]] std::string_view word() noexcept;
  [[nodiscard]] bool at_end() noexcept;
  /// Decimal, or hexadecimal behind 0x.
  [[nodiscard]] std::int32_t number(std::string_view what, std::int32_t low, std::int32_t high);
  /// Which of `choices`.
  [[nodiscard]] std::size_t choice(std::string_view what, std::initializer_list<std::string_view> choices);
  /// Pairs of hexadecimal digits, at least one, also behind 0x.
  [[nodiscard]] std::string bytes(std::string_view what);
  /// Words too many are an error, too. To be called after the last word and before anything is changed.
  [[nodiscard]] bool complete();
  void fail(std::string cause);
  /// For people; empty: none.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  std::string_view rest_;
  std::string error_;
};

}  // namespace socketcore
