#include "board/parts/line.hpp"

#include <algorithm>
#include <charconv>

namespace socketcore {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool take_prefix(std::string_view& text) noexcept {
  if (text.substr(0, 2) != "0x" && text.substr(0, 2) != "0X") return false;
  text.remove_prefix(2);
  return true;
}

// For error messages: a word may be as long as the line.
std::string quoted(std::string_view word) {
  constexpr std::size_t kMost = 40;
  if (word.empty()) return "nothing";
  std::string result = "\"";
  result += word.substr(0, kMost);
  return result += word.size() > kMost ? "...\"" : "\"";
}

}  // namespace

TraceLine& TraceLine::word(std::string_view text) noexcept {
  append(" ");
  append(text);
  return *this;
}

TraceLine& TraceLine::number(std::int64_t value) noexcept {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return word({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

TraceLine& TraceLine::address(std::uint8_t value) noexcept {
  append(" 0x");
  append_hex(value);
  return *this;
}

TraceLine& TraceLine::bytes(std::span<const std::byte> data) noexcept {
  if (data.empty()) return word("-");
  append(" ");
  for (const std::byte b : data.first(std::min(data.size(), kMostBytes))) append_hex(std::to_integer<std::uint8_t>(b));
  if (data.size() > kMostBytes) {
    append(" +");
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), data.size() - kMostBytes).ptr;
    append({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  return *this;
}

TraceLine& TraceLine::text(std::string_view text) noexcept {
  append(" ");
  for (const char c : text) {
    const char shown = c >= 0 && c < 0x20 ? '?' : c == 0x7f ? '?' : c;
    append({&shown, 1});
  }
  return *this;
}

void TraceLine::append(std::string_view text) noexcept {
  const std::size_t size = std::min(text.size(), buffer_.size() - size_);
  std::copy_n(text.data(), size, buffer_.data() + size_);
  size_ += size;
}

void TraceLine::append_hex(std::uint8_t value) noexcept {
  const std::array<char, 2> digits{kDigits[value >> 4], kDigits[value & 15]};
  append({digits.data(), digits.size()});
}

std::string_view ControlLine::word() noexcept {
  constexpr std::string_view kBlanks = " \t";
  rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
  const std::string_view result = rest_.substr(0, rest_.find_first_of(kBlanks));
  rest_.remove_prefix(result.size());
  return result;
}

bool ControlLine::at_end() noexcept {
  ControlLine copy(rest_);
  return copy.word().empty();
}

std::int32_t ControlLine::number(std::string_view what, std::int32_t low, std::int32_t high) {
  const std::string_view given = word();
  std::string_view digits = given;
  const int base = take_prefix(digits) ? 16 : 10;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (whole && value >= low && value <= high) return error_.empty() ? static_cast<std::int32_t>(value) : low;
  fail(std::string(what) + " is " + quoted(given) + ", not " + std::to_string(low) + ".." + std::to_string(high));
  return low;
}

std::size_t ControlLine::choice(std::string_view what, std::initializer_list<std::string_view> choices) {
  const std::string_view given = word();
  const auto* const found = std::find(choices.begin(), choices.end(), given);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  std::string cause = std::string(what) + " is " + quoted(given) + ", not ";
  for (const std::string_view& known : choices) {
    if (&known != choices.begin()) cause += " or ";
    cause += known;
  }
  fail(std::move(cause));
  return 0;
}

std::string ControlLine::bytes(std::string_view what) {
  const std::string_view given = word();
  std::string_view digits = given;
  take_prefix(digits);
  std::string result;
  bool whole = !digits.empty() && digits.size() % 2 == 0;
  for (std::size_t i = 0; whole && i < digits.size(); i += 2) {
    std::uint8_t value = 0;
    const char* const from = digits.data() + i;
    whole = std::from_chars(from, from + 2, value, 16).ptr == from + 2;
    result.push_back(static_cast<char>(value));
  }
  if (!whole) fail(std::string(what) + " is " + quoted(given) + ", not pairs of hexadecimal digits");
  return result;
}

bool ControlLine::complete() {
  const std::string_view more = word();
  if (!more.empty()) fail(quoted(more) + " is too much");
  return error_.empty();
}

void ControlLine::fail(std::string cause) {
  if (error_.empty()) error_ = std::move(cause);
}

}  // namespace socketcore
