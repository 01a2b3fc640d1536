#include <algorithm>

#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

// Some scripts light their lamps with more than the highest level: it counts as the highest.
int set_regulators(lua_State* L) {
  constexpr std::int32_t kLast = static_cast<std::int32_t>(Power::kRegulators.size()) - 1;
  Parts& parts = parts_of(L);
  const auto level = std::min(need_integer(L, 1, 0, kHighest, "0..15 expected"), Power::kMaxLevel);
  const int last = std::max(lua_gettop(L), 2);
  for (int place = 2; place <= last; ++place) static_cast<void>(need_integer(L, place, 0, kLast, "no such LDO"));
  for (int place = 2; place <= last; ++place) {
    parts.power.set_regulator(static_cast<std::size_t>(need_integer(L, place, 0, kLast, "no such LDO")), level);
  }
  return 0;
}

int sleep(lua_State* L) {
  parts_of(L).power.sleep(need_integer(L, 1, kLowest, kHighest, "0 or 1 expected") != 0);
  return 0;
}

int init(lua_State* L) {
  Parts& parts = parts_of(L);
  if (!lua_isnoneornil(L, 1)) luaL_checktype(L, 1, LUA_TTABLE);
  parts.power.start();
  lua_pushinteger(L, 1);
  return 1;
}

int charger(lua_State* L) {
  lua_pushboolean(L, parts_of(L).power.battery().charger);
  return 1;
}

int charge_current(lua_State* L) {
  lua_pushinteger(L, parts_of(L).power.charge_milliampere());
  return 1;
}

int get_parameters(lua_State* L) {
  const PowerEvent& battery = parts_of(L).power.battery();
  lua_pushboolean(L, battery.present);
  lua_pushinteger(L, battery.millivolt);
  lua_pushinteger(L, battery.percent);
  lua_pushboolean(L, battery.charger);
  lua_pushinteger(L, static_cast<int>(battery.state));
  return 5;
}

constexpr luaL_Reg kCalls[] = {
    {"ldoset", set_regulators},    {"sleep", sleep},   {"init", init}, {"charger", charger}, {"chrcurrent", charge_current},
    {"param_get", get_parameters}, {nullptr, nullptr},
};

}  // namespace

void push_pmd(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
  for (std::size_t i = 0; i < Power::kRegulators.size(); ++i) {
    lua_pushliteral(L, "LDO_");
    lua_pushlstring(L, Power::kRegulators[i].data(), Power::kRegulators[i].size());
    lua_concat(L, 2);
    lua_pushinteger(L, static_cast<int>(i));
    lua_rawset(L, -3);
  }
}

}  // namespace socketcore::lua
