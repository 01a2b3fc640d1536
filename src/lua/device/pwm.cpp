#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

// The channel at the first place, or -1.
std::int32_t channel_of(lua_State* L) {
  return is_within(L, 1, 0, Pwm::kChannels - 1) ? static_cast<std::int32_t>(lua_tonumber(L, 1)) : -1;
}

int open(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto channel = channel_of(L);
  if (channel >= 0) parts.pwm.open(channel);
  lua_pushinteger(L, channel >= 0 ? 1 : 0);
  return 1;
}

int set(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto channel = channel_of(L);
  const auto a = need_integer(L, 2, 0, kHighest, "out of range");
  const auto b = need_integer(L, 3, 0, kHighest, "out of range");
  const auto divider = want_integer(L, 4, 0, kHighest, "out of range", -1);
  const bool done = channel >= 0 && parts.pwm.set(channel, a, b, divider < 0 ? std::nullopt : std::optional(divider));
  lua_pushinteger(L, done ? 1 : 0);
  return 1;
}

int close(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto channel = channel_of(L);
  if (channel >= 0) parts.pwm.close(channel);
  lua_pushinteger(L, channel >= 0 ? 1 : 0);
  return 1;
}

constexpr luaL_Reg kCalls[] = {{"open", open}, {"set", set}, {"close", close}, {nullptr, nullptr}};

}  // namespace

void push_pwm(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
}

}  // namespace socketcore::lua
