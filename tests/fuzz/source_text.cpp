// Source text of a script, in all hands that it passes through: the lexer, the implicit arg, the compiler, and the reader
// of `doctor`. The input is the text.
#include <algorithm>
#include <string>

#include "fuzz/input.hpp"
#include "lua/device/implicit_arg.hpp"
#include "lua/device/lexer.hpp"
#include "runner/script_compiler.hpp"
#include "runner/script_reader.hpp"
#include "unit/lua_device/open_modules.hpp"

namespace socketcore::fuzz {
namespace {

using namespace lua;

bool loads(lua_State* L, std::string_view text, std::string* words = nullptr) {
  const bool good = luaL_loadbuffer(L, text.data(), text.size(), "=x") == 0;
  if (words != nullptr && !good) *words = lua_tostring(L, -1);
  lua_settop(L, 0);
  return good;
}

/// Tokens follow each other through the text. Of a text that Lua takes, none is bad, and strings stand for what Lua says.
void read_tokens(lua_State* L, std::string_view source, bool is_lua) {
  Lexer lexer(source);
  std::size_t done = 0;
  std::size_t line = 1;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    check(token.offset >= done && !token.text.empty(), "a token that is not behind the one before");
    check(source.substr(token.offset, token.text.size()) == token.text, "a token that is not in the text");
    check(token.line >= line, "a line before the last one");
    done = token.offset + token.text.size();
    line = token.line;
    if (token.kind == TokenKind::bad && !is_lua) return;
    check(token.kind != TokenKind::bad, "Lua takes what is no token");
    if (token.kind != TokenKind::string || !is_lua) continue;
    const std::string value = string_value(token.text);
    const std::string chunk = "return " + std::string(token.text);
    if (luaL_loadbuffer(L, chunk.data(), chunk.size(), "=x") == 0 && lua_pcall(L, 0, 1, 0) == 0) {
      std::size_t size = 0;
      const char* const text = lua_tolstring(L, -1, &size);
      check(std::string_view(text, size) == value, "a string that stands for something else");
    }
    lua_settop(L, 0);
  }
}

/// What is put in stands on lines that are there, and the rest is as it was.
void declare(lua_State* L, std::string_view source, bool is_lua) {
  std::string declared;
  if (!declare_implicit_arg(source, declared)) return;
  const auto lines = [](std::string_view text) { return std::count(text.begin(), text.end(), '\n'); };
  check(lines(declared) == lines(source), "a line is moved");
  std::size_t matched = 0;
  for (const char c : declared) {
    if (matched < source.size() && source[matched] == c) ++matched;
  }
  check(matched == source.size(), "the text is changed");
  if (!is_lua) return;
  // PUC Lua has no imaginary numbers.
  for (std::size_t at = declared.find(kPacker); at != std::string::npos; at = declared.find(kPacker, at)) {
    declared.replace(at, kPacker.size(), "00");
  }
  std::string words;
  const bool limit = !loads(L, declared, &words) &&
                     (words.find("too many") != std::string::npos || words.find("limit") != std::string::npos ||
                      words.find("syntax levels") != std::string::npos);
  check(words.empty() || limit, "what was Lua is none any more");
}

void run(std::string_view source) {
  static const StatePtr state(luaL_newstate());
  static runner::ScriptCompiler compiler;
  lua_State* const L = state.get();
  if (source.starts_with('\x1b')) return;  // compiled: Lua may not survive it, so nobody looks into it
  const bool is_lua = !source.starts_with('#') && loads(L, source);
  read_tokens(L, source, is_lua);
  declare(L, source, is_lua);
  const auto result = compiler.examine(source);
  if (result.verdict == runner::ScriptCompiler::Verdict::compiles) (void)runner::read_script(source);
  lua_gc(L, LUA_GCCOLLECT, 0);
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::run(socketcore::fuzz::Input(data, size).rest());
  return 0;
}
