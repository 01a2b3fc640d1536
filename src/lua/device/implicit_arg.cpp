#include "lua/device/implicit_arg.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <vector>

#include "lua/device/lexer.hpp"

namespace socketcore::lua {

namespace {

enum class BlockKind : std::uint8_t { chunk, function, repeat, other };

struct Block {
  BlockKind kind = BlockKind::other;
  bool vararg = false;          // of functions: `...` is in the parameter list
  bool mentions_dots = false;   // by itself
  bool mentions_arg = false;    // by itself or in a block within
  std::size_t body_offset = 0;  // right behind the parameter list
};

struct Declaration {
  std::size_t offset = 0;
  bool packed = false;  // else nil
};

/// Follows blocks through the tokens. It knows no more of Lua's grammar than that takes.
class Reader {
 public:
  explicit Reader(std::string_view source) : lexer_(source) {}

  /// False where blocks do not match: no Lua.
  bool read() {
    Token before;
    for (Token token = lexer_.next(); token.kind != TokenKind::end; before = token, token = lexer_.next()) {
      if (token.kind == TokenKind::bad) return false;
      if (token.kind == TokenKind::keyword) {
        if (!read_keyword(token)) return false;
      } else if (token.is(TokenKind::symbol, "...")) {
        function().mentions_dots = true;
      } else if (token.is(TokenKind::name, "arg") && before.text != "." && before.text != ":") {
        blocks_.back().mentions_arg = true;
      }
    }
    return blocks_.size() == 1;
  }

  std::vector<Declaration> declarations;

 private:
  bool read_keyword(const Token& token) {
    if (token.text == "function") return open_function();
    if (token.text == "do" || token.text == "if") {  // the `do` of a loop is its only one
      blocks_.push_back({});
    } else if (token.text == "repeat") {
      blocks_.push_back({BlockKind::repeat});
    } else if (token.text == "until") {
      if (blocks_.back().kind != BlockKind::repeat) return false;
      close();
    } else if (token.text == "end") {
      const BlockKind kind = blocks_.back().kind;
      if (kind == BlockKind::chunk || kind == BlockKind::repeat) return false;
      close();
    }
    return true;
  }

  bool open_function() {
    Token token = lexer_.next();
    while (token.kind == TokenKind::name || token.text == "." || token.text == ":") token = lexer_.next();
    if (!token.is(TokenKind::symbol, "(")) return false;
    Block block{BlockKind::function};
    for (token = lexer_.next(); !token.is(TokenKind::symbol, ")"); token = lexer_.next()) {
      if (token.is(TokenKind::symbol, "...")) {
        block.vararg = true;
      } else if (token.kind != TokenKind::name && token.text != ",") {
        return false;
      }
    }
    block.body_offset = token.offset + 1;
    functions_.push_back(blocks_.size());
    blocks_.push_back(block);
    return true;
  }

  void close() {
    const Block block = blocks_.back();
    blocks_.pop_back();
    if (block.kind == BlockKind::function) {
      functions_.pop_back();
      if (block.vararg && block.mentions_arg) declarations.push_back({block.body_offset, !block.mentions_dots});
    }
    if (block.mentions_arg) blocks_.back().mentions_arg = true;
  }

  Block& function() { return blocks_[functions_.back()]; }

  Lexer lexer_;
  std::vector<Block> blocks_{{BlockKind::chunk}};
  std::vector<std::size_t> functions_{0};  // places of the functions among the blocks
};

}  // namespace

bool declare_implicit_arg(std::string_view source, std::string& result) noexcept {
  if (source.find("arg") == std::string_view::npos || source.find("...") == std::string_view::npos) return false;
  if (source[0] == '\x1b') return false;  // compiled
  try {
    Reader reader(source);
    if (!reader.read() || reader.declarations.empty()) return false;
    std::vector<Declaration>& declarations = reader.declarations;
    std::sort(declarations.begin(), declarations.end(),
              [](const Declaration& a, const Declaration& b) { return a.offset < b.offset; });
    // The semicolon parts them from a body that begins with a parenthesis.
    const std::string packed = "local arg=(" + std::string(kPacker) + ")(...);";
    result.clear();
    result.reserve(source.size() + declarations.size() * packed.size());
    std::size_t done = 0;
    for (const Declaration& declaration : declarations) {
      result.append(source, done, declaration.offset - done);
      result.append(declaration.packed ? packed : "local arg;");
      done = declaration.offset;
    }
    result.append(source, done);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace socketcore::lua
