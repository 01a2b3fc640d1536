#include "lua/device/lexer.hpp"

#include <algorithm>
#include <array>

namespace socketcore::lua {

namespace {

// In the order of their bytes.
constexpr std::array<std::string_view, 21> kKeywords = {
    "and",   "break", "do",  "else", "elseif", "end",    "false", "for",  "function", "if",    "in",
    "local", "nil",   "not", "or",   "repeat", "return", "then",  "true", "until",    "while",
};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// LuaJIT takes any byte above ASCII into names.
constexpr bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool in_name(char c) {
  return starts_name(c) || is_digit(c);
}

constexpr bool is_newline(char c) {
  return c == '\n' || c == '\r';
}

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || is_newline(c);
}

// Two bytes of a line's end that count as one: "\r\n" and "\n\r".
constexpr bool is_newline_pair(char first, char second) {
  return is_newline(second) && first != second;
}

}  // namespace

Lexer::Lexer(std::string_view source) noexcept : source_(source) {
  if (source_.substr(0, 3) == "\xEF\xBB\xBF") place_ = 3;
  if (at(place_) == '#') skip_line();
}

void Lexer::skip_newline() noexcept {
  place_ += is_newline_pair(at(place_), at(place_ + 1)) ? 2U : 1U;
  ++line_;
}

void Lexer::skip_line() noexcept {
  while (!at_end() && !is_newline(at(place_))) ++place_;
}

bool Lexer::opens_long_bracket() const noexcept {
  std::size_t place = place_ + 1;
  while (at(place) == '=') ++place;
  return at(place_) == '[' && at(place) == '[';
}

// Returns whether it has an end.
bool Lexer::skip_long_bracket() noexcept {
  std::size_t level = 0;
  for (++place_; at(place_) == '='; ++place_) ++level;
  ++place_;
  while (!at_end()) {
    if (is_newline(at(place_))) {
      skip_newline();
      continue;
    }
    if (at(place_++) != ']') continue;
    std::size_t seen = 0;
    for (; at(place_) == '='; ++place_) ++seen;
    if (seen == level && at(place_) == ']') {
      ++place_;
      return true;
    }
  }
  return false;
}

// Returns whether all comments have an end.
bool Lexer::skip_blanks() noexcept {
  while (!at_end()) {
    if (is_newline(at(place_))) {
      skip_newline();
    } else if (is_blank(at(place_))) {
      ++place_;
    } else if (at(place_) == '-' && at(place_ + 1) == '-') {
      place_ += 2;
      if (!opens_long_bracket()) {
        skip_line();
      } else if (!skip_long_bracket()) {
        return false;
      }
    } else {
      break;
    }
  }
  return true;
}

TokenKind Lexer::skip_string() noexcept {
  const char quote = at(place_++);
  while (!at_end() && !is_newline(at(place_))) {
    const char c = at(place_++);
    if (c == quote) return TokenKind::string;
    if (c != '\\' || at_end()) continue;
    if (at(place_) == 'z') {
      ++place_;
      while (!at_end() && is_blank(at(place_))) {
        if (is_newline(at(place_))) {
          skip_newline();
        } else {
          ++place_;
        }
      }
    } else if (is_newline(at(place_))) {
      skip_newline();
    } else {
      ++place_;
    }
  }
  return TokenKind::bad;
}

// As far as Lua's own lexer goes, which looks only then whether it is a number: 3x is one token, and so is 1..2.
void Lexer::skip_number() noexcept {
  const bool hex = at(place_) == '0' && (at(place_ + 1) | 0x20) == 'x';
  const char exponent = hex ? 'p' : 'e';
  while (in_name(at(place_)) || at(place_) == '.') {
    const bool before_sign = (at(place_) | 0x20) == exponent;
    ++place_;
    if (before_sign && (at(place_) == '+' || at(place_) == '-')) ++place_;
  }
}

void Lexer::skip_name() noexcept {
  while (in_name(at(place_))) ++place_;
}

TokenKind Lexer::skip_symbol() noexcept {
  const std::string_view rest = source_.substr(place_);
  for (const std::string_view symbol : {"...", "..", "==", "~=", "<=", ">=", "::"}) {
    if (rest.substr(0, symbol.size()) != symbol) continue;
    place_ += symbol.size();
    return TokenKind::symbol;
  }
  constexpr std::string_view kSingle = "+-*/%^#<>=(){}[];:,.";
  return kSingle.find(at(place_++)) != std::string_view::npos ? TokenKind::symbol : TokenKind::bad;
}

Token Lexer::next() noexcept {
  Token token;
  const bool whole = skip_blanks();
  const std::size_t start = place_;
  token.offset = start;
  token.line = line_;
  const char c = at(start);
  if (!whole) {
    token.kind = TokenKind::bad;
  } else if (at_end()) {
    token.kind = TokenKind::end;
  } else if (starts_name(c)) {
    skip_name();
    const std::string_view name = source_.substr(start, place_ - start);
    const bool reserved = std::binary_search(kKeywords.begin(), kKeywords.end(), name);
    token.kind = reserved ? TokenKind::keyword : TokenKind::name;
  } else if (is_digit(c) || (c == '.' && is_digit(at(start + 1)))) {
    skip_number();
    token.kind = TokenKind::number;
  } else if (c == '"' || c == '\'') {
    token.kind = skip_string();
  } else if (opens_long_bracket()) {
    token.kind = skip_long_bracket() ? TokenKind::string : TokenKind::bad;
  } else {
    token.kind = skip_symbol();
  }
  token.text = source_.substr(start, place_ - start);
  return token;
}

namespace {

// The escape behind a backslash, from `place` on: appended to `value`. Returns the place behind it.
std::size_t resolve_escape(std::string_view text, std::size_t place, std::string& value) {
  constexpr std::string_view kLetters = "abfnrtv";
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v";
  const auto at = [text](std::size_t where) { return where < text.size() ? text[where] : '\0'; };
  const char c = text[place];
  if (const auto letter = kLetters.find(c); letter != std::string_view::npos) {
    value += kBytes[letter];
    return place + 1;
  }
  if (c == 'x' && hex_value(at(place + 1)) >= 0 && hex_value(at(place + 2)) >= 0) {
    value += static_cast<char>(hex_value(at(place + 1)) * 16 + hex_value(at(place + 2)));
    return place + 3;
  }
  if (c == 'z') {
    for (++place; place < text.size() && is_blank(text[place]);) ++place;
    return place;
  }
  if (is_newline(c)) {
    value += '\n';
    return place + (is_newline_pair(c, at(place + 1)) ? 2U : 1U);
  }
  if (!is_digit(c)) {
    value += c;
    return place + 1;
  }
  unsigned byte = 0;
  for (int digits = 0; digits < 3 && is_digit(at(place)); ++digits) {
    byte = byte * 10 + static_cast<unsigned>(text[place++] - '0');
  }
  value += static_cast<char>(byte);
  return place;
}

std::string long_value(std::string_view literal) {
  const std::size_t bracket = literal.find('[', 1) + 1;
  std::string_view text = literal.substr(bracket, literal.size() - 2 * bracket);
  if (!text.empty() && is_newline(text[0])) {
    text.remove_prefix(text.size() > 1 && is_newline_pair(text[0], text[1]) ? 2U : 1U);
  }
  return std::string(text);
}

}  // namespace

std::string string_value(std::string_view literal) {
  if (literal.size() < 2) return {};
  if (literal[0] == '[') return long_value(literal);
  const std::string_view text = literal.substr(1, literal.size() - 2);
  std::string value;
  for (std::size_t place = 0; place < text.size();) {
    if (text[place] != '\\' || place + 1 == text.size()) {
      value += text[place++];
    } else {
      place = resolve_escape(text, place + 1, value);
    }
  }
  return value;
}

}  // namespace socketcore::lua
