#pragma once

#include <string_view>

#include "lua/lua_api.hpp"

/// Lua 5.1 as the device speaks it, in either flavour.
namespace socketcore::lua {

/// Makes a state with the standard libraries speak it: string.gfind, math.mod, table.getn, a print that joins with one
/// space, and, under LuaJIT, the implicit `arg` in whatever is compiled from now on (implicit_arg.hpp). LuaJIT's ffi, which
/// reaches all of the process, is taken away. Raises where there is no memory.
void open_dialect(lua_State* L);

/// Whether the bytes are a chunk that some Lua has compiled. Such a chunk is not checked by the Lua that runs it.
[[nodiscard]] inline bool is_compiled(std::string_view source) noexcept {
  return !source.empty() && source.front() == LUA_SIGNATURE[0];
}

/// From now on compile() refuses such chunks. Raises where there is no memory.
void refuse_compiled(lua_State* L);

/// luaL_loadbuffer in this dialect: pushes the function, or the error. `source` must outlive the call, in which finalizers
/// of the script's may run.
int compile(lua_State* L, std::string_view source, const char* chunk_name);

/// Whether print prints, as rtos.set_trace says; it does at first. Raises where there is no memory.
void set_print(lua_State* L, bool on);

}  // namespace socketcore::lua
