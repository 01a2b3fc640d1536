#include "lua/device/confinement.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "lua/device/dialect.hpp"
#include "lua/device/inventory.hpp"

namespace socketcore::lua {

namespace {

constexpr std::string_view kBase[] = {
    "_G",      "_VERSION",     "arg",          "assert",   "collectgarbage", "dofile",     "error",  "gcinfo",
    "getfenv", "getmetatable", "ipairs",       "load",     "loadfile",       "loadstring", "module", "newproxy",
    "next",    "pairs",        "pcall",        "print",    "rawequal",       "rawget",     "rawset", "require",
    "select",  "setfenv",      "setmetatable", "tonumber", "tostring",       "type",       "unpack", "xpcall",
};
// Those that the inventory does not list, for scripts have nothing to learn of them there.
constexpr std::string_view kLibraries[] = {"coroutine", "debug", "package"};
constexpr std::string_view kCoroutine[] = {"create", "resume", "running", "status", "wrap", "yield"};
constexpr std::string_view kPackage[] = {"cpath", "loaded", "loaders", "loadlib", "path", "preload", "seeall"};
constexpr std::string_view kDebug[] = {"getinfo", "traceback"};
// Of the inventory: makes files outside the device's, tells of the host, changes all of the process, makes what is refused.
constexpr std::string_view kDenied[] = {"tmpfile", "getenv", "setlocale", "dump"};

template <std::size_t size>
bool holds(const std::string_view (&names)[size], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_module(std::string_view name) {
  const ModuleEntry* const module = find_module(name);
  return (module != nullptr && module->status != Status::absent) || holds(kLibraries, name);
}

bool is_call(std::string_view library, std::string_view name) {
  const Entries* const entries = find_entry(*find_module(library), name);
  return entries != nullptr && entries->status != Status::absent && !holds(kDenied, name);
}

// Removes from the table on top of the stack what is not allowed in it, and pops it.
template <typename Allowed>
void prune(lua_State* L, Allowed allowed) {
  const int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING && allowed(std::string_view(lua_tostring(L, -1)))) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, table);
  }
  lua_pop(L, 1);
}

void push_field(lua_State* L, const char* library, const char* name) {
  lua_getglobal(L, library);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

// Puts a function before the one of that name, which becomes its upvalue.
void stand_before(lua_State* L, const char* library, const char* name, lua_CFunction function) {
  lua_getglobal(L, library);
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

int call_stock(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

constexpr const char* kRefusal = "compiled Lua is refused: it could do anything to this process";

bool is_compiled_at(lua_State* L, int place) {
  if (lua_type(L, place) != LUA_TSTRING) return false;
  std::size_t size = 0;
  const char* const text = lua_tolstring(L, place, &size);
  return is_compiled({text, size});
}

// Stands before the function that gives load its pieces (the first upvalue): the first piece tells what it is.
int read_text(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_call(L, 0, 1);
  if (lua_toboolean(L, lua_upvalueindex(2)) == 0 && is_compiled_at(L, -1)) return luaL_error(L, "%s", kRefusal);
  lua_pushboolean(L, 1);
  lua_replace(L, lua_upvalueindex(2));
  return 1;
}

int load_text(lua_State* L) {
  if (is_compiled_at(L, 1)) {
    lua_pushnil(L);
    lua_pushstring(L, kRefusal);
    return 2;
  }
  if (lua_isfunction(L, 1)) {
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, read_text, 2);
    lua_replace(L, 1);
  }
  return call_stock(L);
}

// A function of C's that stands on the stack, for a finalizer to find there, may be one that was taken away. And the stock
// getinfo believes a ">" in the options of a level, and takes what it finds for a function.
int get_info(lua_State* L) {
  const bool of_thread = lua_isthread(L, 1);
  const int subject = of_thread ? 2 : 1;
  const char* const what = luaL_optstring(L, subject + 1, "");
  luaL_argcheck(L, what[std::strspn(what, "nSlufL")] == '\0', subject + 1, "invalid option");
  if (lua_type(L, subject) == LUA_TNUMBER && (!of_thread || lua_tothread(L, 1) == L)) {
    lua_pushnumber(L, lua_tonumber(L, subject) + 1);  // this function is a level more
    lua_replace(L, subject);
  }
  call_stock(L);
  if (!lua_istable(L, 1)) return 1;
  lua_settop(L, 1);
  lua_getfield(L, 1, "func");
  if (lua_iscfunction(L, -1) != 0) {
    lua_pushnil(L);
    lua_setfield(L, 1, "func");
  }
  lua_settop(L, 1);
  return 1;
}

int get_no_variable(lua_State* L) {
  luaL_checkstring(L, 1);
  lua_pushnil(L);
  return 1;
}

void switch_compiler_off(lua_State* L) {
  lua_getglobal(L, "jit");
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "off");
    lua_call(L, 0, 0);
  }
  lua_pop(L, 1);
}

}  // namespace

void confine(lua_State* L) {
  switch_compiler_off(L);
  refuse_compiled(L);
  stand_before(L, "_G", "load", load_text);
  stand_before(L, "_G", "loadstring", load_text);
  stand_before(L, "debug", "getinfo", get_info);

  for (const char* const library : {"io", "math", "os", "string", "table"}) {
    lua_getglobal(L, library);
    prune(L, [library](std::string_view name) { return is_call(library, name); });
  }
  lua_getglobal(L, "os");
  lua_pushcfunction(L, get_no_variable);
  lua_setfield(L, -2, "getenv");
  lua_pop(L, 1);
  for (const char* const table : {"loaded", "preload"}) {
    push_field(L, "package", table);
    prune(L, [](std::string_view name) { return name == "_G" || is_module(name); });
  }
  lua_getglobal(L, "coroutine");
  prune(L, [](std::string_view name) { return holds(kCoroutine, name); });
  lua_getglobal(L, "debug");
  prune(L, [](std::string_view name) { return holds(kDebug, name); });
  lua_getglobal(L, "package");
  prune(L, [](std::string_view name) { return holds(kPackage, name); });
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  prune(L, [](std::string_view name) { return holds(kBase, name) || is_module(name); });
}

}  // namespace socketcore::lua
