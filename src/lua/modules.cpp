#include "lua/modules.hpp"

namespace socketcore::lua {

namespace {

int return_module(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

}  // namespace

void publish(lua_State* L, const char* name) {
  lua_pushvalue(L, -1);
  lua_setglobal(L, name);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, name);
  lua_getfield(L, -2, "preload");
  lua_pushvalue(L, -4);
  lua_pushcclosure(L, return_module, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 4);
}

}  // namespace socketcore::lua
