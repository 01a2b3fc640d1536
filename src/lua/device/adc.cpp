#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

constexpr NamedNumber kScales[] = {{"SCALE_1V250", 0}, {"SCALE_2V444", 1}, {"SCALE_3V233", 2}, {"SCALE_5V000", 3}};
constexpr std::int32_t kWidest = 3;
static_assert(Adc::kScales.size() == kWidest + 1);

constexpr std::int32_t kNoValue = 0xffff;

// The channel at the first place, or -1.
std::int32_t channel_of(lua_State* L) {
  return is_within(L, 1, 0, Adc::kChannels - 1) ? static_cast<std::int32_t>(lua_tonumber(L, 1)) : -1;
}

int open(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto channel = channel_of(L);
  const auto scale = want_integer(L, 2, 0, kWidest, "no such scale", kWidest);
  if (channel >= 0) parts.adc.open(channel, static_cast<std::size_t>(scale));
  lua_pushinteger(L, channel >= 0 ? 1 : 0);
  return 1;
}

int read(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto channel = channel_of(L);
  const auto value = channel >= 0 ? parts.adc.read(channel) : std::nullopt;
  lua_pushinteger(L, value ? value->raw : kNoValue);
  lua_pushinteger(L, value ? value->millivolt : kNoValue);
  return 2;
}

int close(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto channel = channel_of(L);
  if (channel >= 0) parts.adc.close(channel);
  lua_pushinteger(L, channel >= 0 ? 1 : 0);
  return 1;
}

constexpr luaL_Reg kCalls[] = {{"open", open}, {"read", read}, {"close", close}, {nullptr, nullptr}};

}  // namespace

void push_adc(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
  set_numbers(L, kScales);
}

}  // namespace socketcore::lua
