#include <chrono>

#include "lua/arguments.hpp"
#include "lua/device/board.hpp"
#include "lua/device/messages.hpp"
#include "lua/device/modules.hpp"

namespace socketcore::lua {

namespace {

int return_flag(lua_State* L, bool flag) {
  lua_pushboolean(L, flag ? 1 : 0);
  return 1;
}

// What the script's library tells of itself, for tools that read a device's memory.
int set_lua_info(lua_State* L) {
  const char* const text = luaL_checkstring(L, 1);
  board_of(L).log(LogLevel::info, text);
  return 0;
}

// A host's core leaves no dump behind.
int get_fatal_info(lua_State* L) {
  lua_pushliteral(L, "");
  return 1;
}

int remove_fatal_info(lua_State* L) { return return_flag(L, true); }

constexpr luaL_Reg kCalls[] = {
    {"set_lua_info", set_lua_info},
    {"get_fatal_info", get_fatal_info},
    {"remove_fatal_info", remove_fatal_info},
    {nullptr, nullptr},
};

}  // namespace

void add_rtos_device(lua_State* L, int host) {
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
  for (const MessageNumber& message : kDeviceMessages) {
    lua_pushinteger(L, message.number);
    lua_setfield(L, -2, message.name);
  }
}

}  // namespace socketcore::lua
