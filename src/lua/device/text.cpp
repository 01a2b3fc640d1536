#include "lua/device/text.hpp"

#include <new>

namespace socketcore::lua {

namespace {

constexpr const char* kTextType = "socketcore.text";

// The empty string that is left owns nothing, so it needs no destructor: and a second call, by whatever script has got
// hold of this function, does no harm.
int collect(lua_State* L) {
  release(*static_cast<std::string*>(luaL_checkudata(L, 1, kTextType)));
  return 0;
}

}  // namespace

std::string& push_text(lua_State* L) {
  luaL_checkstack(L, 4, "text");
  if (luaL_newmetatable(L, kTextType) != 0) {
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
  }
  std::string& text = *new (lua_newuserdata(L, sizeof(std::string))) std::string();
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  return text;
}

}  // namespace socketcore::lua
