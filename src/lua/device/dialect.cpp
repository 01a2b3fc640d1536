#include "lua/device/dialect.hpp"

#include <cstdio>
#include <exception>
#include <string>

#include "lua/device/implicit_arg.hpp"
#include "lua/device/scratch.hpp"

namespace socketcore::lua {

namespace {

// Their addresses are keys of the registry.
constexpr char kRewrites = 0;
constexpr char kSilent = 0;
constexpr char kTextOnly = 0;
constexpr char kFfi = 0;

bool flag(lua_State* L, const char& key) {
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_rawget(L, LUA_REGISTRYINDEX);
  const bool value = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

void set_flag(lua_State* L, const char& key, bool value) {
  lua_pushlightuserdata(L, const_cast<char*>(&key));
  lua_pushboolean(L, value ? 1 : 0);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

// No number literal but the imaginary ones has a metatable to be set, and no function that counts arguments is in sight
// wherever a chunk of the script's may run: in a module without package.seeall, or under setfenv.
constexpr const char* kMakePacker = R"(
  local ffi, select = ...
  ffi.metatype("complex", {__call = function(_, ...) return {n = select("#", ...), ...} end})
)";

// Loaded and hidden: a script's first `1LL` would load it otherwise, and put it into package.loaded. Kept: LuaJIT looks for
// metatypes and finalizers in tables that nothing else keeps alive.
void take_ffi(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kFfi));
  lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  if (luaL_loadstring(L, kMakePacker) != 0) lua_error(L);
  lua_getfield(L, -3, "ffi");
  lua_pushliteral(L, "ffi");
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  lua_insert(L, -5);
  lua_getglobal(L, "select");
  lua_call(L, 2, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "ffi");
  lua_pushnil(L);
  lua_setfield(L, -3, "ffi");
  lua_pop(L, 2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

int print(lua_State* L) {
  const int count = lua_gettop(L);
  const bool silent = flag(L, kSilent);
  lua_getglobal(L, "tostring");
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, -1);
    lua_pushvalue(L, i);
    lua_call(L, 1, 1);
    std::size_t size = 0;
    const char* const text = lua_tolstring(L, -1, &size);
    if (text == nullptr) return luaL_error(L, "'tostring' must return a string to 'print'");
    if (!silent) {
      if (i > 1) std::fputc(' ', stdout);
      std::fwrite(text, 1, size, stdout);
    }
    lua_pop(L, 1);
  }
  if (!silent) std::fputc('\n', stdout);
  return 0;
}

int getn(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushinteger(L, static_cast<lua_Integer>(lua_objlen(L, 1)));
  return 1;
}

bool append(std::string& text, std::string_view more) noexcept {
  try {
    text.append(more);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

constexpr int kStock = lua_upvalueindex(1);

// What functions of C++ and userdata hold is trusted by their code: none of it is the script's, which gets no answer.
int guarded(lua_State* L) {
  if (lua_iscfunction(L, 1) != 0 || lua_type(L, 1) == LUA_TUSERDATA) return 0;
  lua_pushvalue(L, kStock);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

void guard_debug(lua_State* L) {
  lua_getglobal(L, "debug");
  for (const char* const name : {"getupvalue", "setupvalue", "getfenv", "setfenv", "setmetatable"}) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, guarded, 1);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 1);
}

// Puts all that the function in place 1 gives into `source`, as the stock load does. Nothing, or the error, on the stack.
bool read_pieces(lua_State* L, std::string& source) {
  for (;;) {
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 0, 1, 0) != 0) return false;
    std::size_t size = 0;
    const char* const piece = lua_tolstring(L, -1, &size);
    if (piece == nullptr && !lua_isnil(L, -1)) {
      lua_pushliteral(L, "reader function must return a string");
      return false;
    }
    const bool last = piece == nullptr || size == 0;
    if (!last && !append(source, {piece, size})) {
      lua_pushliteral(L, "not enough memory");
      return false;
    }
    lua_pop(L, 1);
    if (last) return true;
  }
}

// LuaJIT's load, which is its loadstring as well: source or function, chunk name, mode, environment. What it gets is a
// string with the implicit arg declared.
int load(lua_State* L) {
  if (lua_type(L, 1) != LUA_TFUNCTION) luaL_checkstring(L, 1);
  lua_settop(L, lua_gettop(L) < 4 ? 4 : lua_gettop(L));
  const int last = lua_gettop(L);
  if (lua_isfunction(L, 1)) {
    std::string& source = push_scratch(L);
    if (!read_pieces(L, source)) {
      lua_pushnil(L);
      lua_insert(L, -2);
      return 2;
    }
    lua_pushlstring(L, source.data(), source.size());
    lua_replace(L, 1);
    release(source);
    lua_pop(L, 1);
    if (lua_isnil(L, 2)) {
      lua_pushliteral(L, "=(load)");
      lua_replace(L, 2);
    }
  }
  std::size_t size = 0;
  const char* const source = lua_tolstring(L, 1, &size);
  std::string& declared = push_scratch(L);
  if (declare_implicit_arg({source, size}, declared)) {
    lua_pushvalue(L, kStock);
    lua_pushlstring(L, declared.data(), declared.size());
    release(declared);
    lua_pushvalue(L, lua_isnil(L, 2) ? 1 : 2);  // a chunk without a name goes by its source
    lua_pushvalue(L, 3);
    if (!lua_isnil(L, 4)) lua_pushvalue(L, 4);
    lua_call(L, lua_isnil(L, 4) ? 3 : 4, 1);
    if (!lua_isnil(L, -1)) return 1;
    lua_settop(L, last);
  }
  // As the script wrote it: for what it gets to hear, too, where it does not compile.
  lua_settop(L, lua_isnil(L, 4) ? 3 : 4);
  lua_pushvalue(L, kStock);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

// What a library of the state lacks gets the other name of what it has. The library is on top of the stack.
void add_alias(lua_State* L, const char* missing, const char* present) {
  lua_getfield(L, -1, missing);
  if (lua_isnil(L, -1)) {
    lua_getfield(L, -2, present);
    lua_setfield(L, -3, missing);
  }
  lua_pop(L, 1);
}

}  // namespace

void open_dialect(lua_State* L) {
  lua_getglobal(L, "string");
  add_alias(L, "gfind", "gmatch");
  lua_getglobal(L, "math");
  add_alias(L, "mod", "fmod");
  lua_getglobal(L, "table");
  lua_getfield(L, -1, "getn");
  if (lua_isnil(L, -1)) {
    lua_pushcfunction(L, getn);
    lua_setfield(L, -3, "getn");
  }
  lua_pop(L, 4);
  lua_pushcfunction(L, print);
  lua_setglobal(L, "print");
  guard_debug(L);

  lua_getglobal(L, "jit");
  const bool luajit = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (!luajit) return;
  take_ffi(L);
  set_flag(L, kRewrites, true);
  lua_getglobal(L, "load");
  lua_pushcclosure(L, load, 1);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "load");
  lua_setglobal(L, "loadstring");
}

void refuse_compiled(lua_State* L) {
  set_flag(L, kTextOnly, true);
}

int compile(lua_State* L, std::string_view source, const char* chunk_name) {
  if (is_compiled(source) && flag(L, kTextOnly)) {
    lua_pushfstring(L, "%s: compiled Lua is refused", chunk_name + 1);
    return LUA_ERRSYNTAX;
  }
  if (flag(L, kRewrites)) {
    std::string& declared = push_scratch(L);
    if (declare_implicit_arg(source, declared)) {
      const int status = luaL_loadbuffer(L, declared.data(), declared.size(), chunk_name);
      release(declared);
      if (status == 0) {
        lua_remove(L, -2);
        return 0;
      }
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return luaL_loadbuffer(L, source.data(), source.size(), chunk_name);
}

void set_print(lua_State* L, bool on) {
  set_flag(L, kSilent, !on);
}

}  // namespace socketcore::lua
