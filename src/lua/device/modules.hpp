#pragma once

#include "lua/lua_api.hpp"

/// The device's other C modules, for the runner.
namespace socketcore::lua {

/// Each pushes the table of its module: plain, the script's to change. All raise where there is no memory.
void push_bit(lua_State* L);
void push_crypto(lua_State* L);
void push_iconv(lua_State* L);
void push_json(lua_State* L);
void push_pack(lua_State* L);

/// Adds toint64, compare_distance, base64_encode and base64_decode to the table of `rtos`, on top of the stack.
void add_rtos_codec(lua_State* L);

}  // namespace socketcore::lua
