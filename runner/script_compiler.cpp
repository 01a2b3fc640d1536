#include "runner/script_compiler.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <new>

#include "lua/device/dialect.hpp"

namespace runner {

namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kChunk = "@script";

struct Signature {
  std::array<char, 12> bytes{};
  std::size_t size = 0;
};

int take_signature(lua_State*, const void* piece, std::size_t size, void* context) {
  auto& signature = *static_cast<Signature*>(context);
  const std::size_t taken = std::min(size, signature.bytes.size() - signature.size);
  std::memcpy(signature.bytes.data() + signature.size, piece, taken);
  signature.size += taken;
  return 0;
}

int open(lua_State* L) {
  auto& signature = *static_cast<Signature*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  socketcore::lua::open_dialect(L);
  if (luaL_loadstring(L, "") != 0) return lua_error(L);
  lua_dump(L, take_signature, &signature);
  return 0;
}

struct Attempt {
  std::string_view source;
  std::array<char, 512> problem{};
};

int compile(lua_State* L) {
  auto& attempt = *static_cast<Attempt*>(lua_touserdata(L, 1));
  if (socketcore::lua::compile(L, attempt.source, kChunk.data()) == 0) return 0;
  const char* const text = lua_tostring(L, -1);
  std::strncpy(attempt.problem.data(), text != nullptr ? text : "?", attempt.problem.size() - 1);
  return 0;
}

// "script:12: unexpected symbol"
ScriptCompiler::Result failure(std::string_view text) {
  ScriptCompiler::Result result{ScriptCompiler::Verdict::does_not_compile, 1, std::string(text)};
  const std::string_view name = kChunk.substr(1);
  if (text.substr(0, name.size()) != name || text.size() == name.size()) return result;
  const std::string_view rest = text.substr(name.size() + 1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), result.line);
  if (error != std::errc()) return result;
  result.problem = rest.substr(std::min(static_cast<std::size_t>(end - rest.data()) + 2, rest.size()));
  return result;
}

}  // namespace

void ScriptCompiler::Close::operator()(lua_State* L) const noexcept {
  lua_close(L);
}

ScriptCompiler::ScriptCompiler() : state_(luaL_newstate()) {
  Signature signature;
  if (!state_ || lua_cpcall(state_.get(), open, &signature) != 0) throw std::bad_alloc();
  // LuaJIT's flags follow its version.
  constexpr std::size_t kOfLuaJit = 4;
  const bool luajit = signature.bytes[1] == 'L' && signature.bytes[2] == 'J';
  signature_.assign(signature.bytes.data(), luajit ? kOfLuaJit : signature.size);
}

ScriptCompiler::Result ScriptCompiler::examine(std::string_view source) {
  if (!source.empty() && source[0] == '#') source.remove_prefix(std::min(source.find('\n'), source.size()));
  if (!source.empty() && source[0] == kEscape) {
    return {source.substr(0, signature_.size()) == signature_ ? Verdict::is_compiled : Verdict::is_foreign};
  }
  Attempt attempt{source};
  if (lua_cpcall(state_.get(), compile, &attempt) != 0) {
    lua_settop(state_.get(), 0);
    return {Verdict::does_not_compile, 1, "not enough memory"};
  }
  lua_gc(state_.get(), LUA_GCCOLLECT, 0);
  return attempt.problem[0] == '\0' ? Result{} : failure(attempt.problem.data());
}

}  // namespace runner
