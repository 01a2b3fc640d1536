#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "lua/lua_api.hpp"

namespace socketcore::lua {

/// The string at `place`, which stays on the stack. Raises where it is neither string nor number.
inline std::string_view check_text(lua_State* L, int place) {
  std::size_t size = 0;
  const char* const data = luaL_checklstring(L, place, &size);
  return {data, size};
}

/// The same, cut to the length at `length_place`, if there is one. Scripts pass lengths that C needed and Lua knows: one
/// that is larger than the string changes nothing, one below 0 (or NaN) leaves nothing.
inline std::string_view check_text(lua_State* L, int place, int length_place) {
  const std::string_view text = check_text(L, place);
  if (lua_isnoneornil(L, length_place)) return text;
  const lua_Number length = luaL_checknumber(L, length_place);
  if (!(length > 0)) return text.substr(0, 0);
  return length < static_cast<lua_Number>(text.size()) ? text.substr(0, static_cast<std::size_t>(length)) : text;
}

/// Memory of the state's, collected like any value.
inline char* push_memory(lua_State* L, std::size_t bytes) {
  return static_cast<char*>(lua_newuserdata(L, std::max<std::size_t>(bytes, 1)));
}

inline void push_bytes(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

}  // namespace socketcore::lua
