#include <chrono>

#include "lua/arguments.hpp"
#include "lua/device/board.hpp"
#include "lua/device/dialect.hpp"
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

// The core and the modem are one firmware: older scripts ask AT+VER, and some look for "Luat_V" and a number.
int get_version(lua_State* L) {
  const std::string& name = board_of(L).firmware();
  lua_pushlstring(L, name.data(), name.size());
  return 1;
}

// A host's core leaves no dump behind.
int get_fatal_info(lua_State* L) {
  lua_pushliteral(L, "");
  return 1;
}

int remove_fatal_info(lua_State* L) { return return_flag(L, true); }

int set_trace(lua_State* L) {
  set_print(L, lua_isboolean(L, 1) ? lua_toboolean(L, 1) != 0 : luaL_checknumber(L, 1) != 0);
  return return_flag(L, true);
}

int return_answer(lua_State* L, Update::Answer answer) {
  lua_pushinteger(L, static_cast<lua_Integer>(answer));
  return 1;
}

int fota_start(lua_State* L) { return return_answer(L, board_of(L).update().start()); }

int fota_process(lua_State* L) {
  Board& board = board_of(L);
  std::size_t size = 0;
  const char* const piece = luaL_checklstring(L, 1, &size);
  const auto total = check_integer(L, 2, 0, std::int64_t{1} << 40);
  luaL_argcheck(L, total.has_value(), 2, "no length in bytes");
  return return_answer(L, board.update().process({piece, size}, static_cast<std::uint64_t>(*total)));
}

int fota_end(lua_State* L) { return return_answer(L, board_of(L).update().end()); }

constexpr luaL_Reg kCalls[] = {
    {"set_trace", set_trace},
    {"fota_start", fota_start},
    {"fota_process", fota_process},
    {"fota_end", fota_end},
    {"get_version", get_version},
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
