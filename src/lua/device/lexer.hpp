#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Lua source, token by token. Takes what Lua 5.1 and LuaJIT write alike; anything else is a token too, a bad one.
namespace socketcore::lua {

enum class TokenKind : std::uint8_t {
  end,  ///< of the source, again and again
  name,
  keyword,  ///< of Lua 5.1; LuaJIT's `goto` is a name
  number,
  string,  ///< short or long, with its quotes
  symbol,  ///< operators and punctuation, `...` among them
  bad,     ///< no token of Lua: a stray byte, or a string or long comment without its end
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;   ///< a part of the source
  std::size_t offset = 0;  ///< of `text` in the source, in bytes
  std::size_t line = 1;    ///< where it begins, from 1

  [[nodiscard]] bool is(TokenKind which, std::string_view what) const noexcept { return kind == which && text == what; }
};

/// Reads a source that outlives it. Comments and blanks are passed over, and so is a first line that begins with `#`.
class Lexer {
 public:
  explicit Lexer(std::string_view source) noexcept;
  [[nodiscard]] Token next() noexcept;

 private:
  [[nodiscard]] char at(std::size_t place) const noexcept { return place < source_.size() ? source_[place] : '\0'; }
  [[nodiscard]] bool at_end() const noexcept { return place_ >= source_.size(); }
  void skip_newline() noexcept;
  void skip_line() noexcept;
  bool skip_blanks() noexcept;
  bool skip_long_bracket() noexcept;
  [[nodiscard]] bool opens_long_bracket() const noexcept;
  TokenKind skip_string() noexcept;
  void skip_number() noexcept;
  void skip_name() noexcept;
  TokenKind skip_symbol() noexcept;

  std::string_view source_;
  std::size_t place_ = 0;
  std::size_t line_ = 1;
};

/// What the text of a `string` token stands for: without its quotes, its escapes resolved.
[[nodiscard]] std::string string_value(std::string_view literal);

}  // namespace socketcore::lua
