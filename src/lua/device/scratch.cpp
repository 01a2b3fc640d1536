#include "lua/device/scratch.hpp"

#include <new>

namespace socketcore::lua {

void push_type(lua_State* L, const char* type, lua_CFunction collect) {
  lua_getfield(L, LUA_REGISTRYINDEX, type);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "__gc");
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, type);
}

namespace {

constexpr const char* kTextType = "socketcore.text";

// The empty string that is left owns nothing, so it needs no destructor: and a second call, by whatever script has got
// hold of this function, does no harm.
int collect(lua_State* L) {
  release(*static_cast<std::string*>(luaL_checkudata(L, 1, kTextType)));
  return 0;
}

}  // namespace

std::string& push_scratch(lua_State* L) {
  luaL_checkstack(L, 4, "text");
  push_type(L, kTextType, collect);
  std::string& text = *new (lua_newuserdata(L, sizeof(std::string))) std::string();
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  return text;
}

}  // namespace socketcore::lua
