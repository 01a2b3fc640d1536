#pragma once

#include <string>

#include "lua/lua_api.hpp"

namespace socketcore::lua {

/// Pushes the metatable for userdata of this type, made when it is first needed; luaL_checkudata knows it. Where there is
/// no memory for it, it raises and leaves no type without its finalizer behind.
void push_type(lua_State* L, const char* type, lua_CFunction collect);

/// Pushes a userdata and returns the empty string that it holds: for C++ to fill between calls of Lua that may raise. It
/// lives until Lua collects the userdata. Raises where there is no memory.
std::string& push_scratch(lua_State* L);

/// Gives the memory of such a string back before Lua gets to it, which it does no more for what a finalizer pushes while
/// the state is closed.
inline void release(std::string& text) noexcept {
  std::string().swap(text);  // a move of an empty string would keep the memory
}

}  // namespace socketcore::lua
