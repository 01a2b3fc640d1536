#include "lua/device/modules.hpp"

extern "C" int luaopen_cjson(lua_State* L);

namespace socketcore::lua {

// Every call of luaopen_cjson makes a table with settings of its own.
void push_json(lua_State* L) {
  lua_pushcfunction(L, luaopen_cjson);
  lua_call(L, 0, 1);
}

}  // namespace socketcore::lua
