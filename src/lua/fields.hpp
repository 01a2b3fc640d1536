#pragma once

#include <string_view>

#include "lua/lua_api.hpp"

/// Fields of the table on top of the stack. All raise where there is no memory.
namespace socketcore::lua {

inline void set_number(lua_State* L, const char* name, lua_Number number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

inline void set_flag(lua_State* L, const char* name, bool flag) {
  lua_pushboolean(L, flag ? 1 : 0);
  lua_setfield(L, -2, name);
}

inline void set_text(lua_State* L, const char* name, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

}  // namespace socketcore::lua
