#include <chrono>

#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"

namespace socketcore::lua {

namespace {

enum Module : std::int32_t { kKeypad = 0, kAlarm = 1 };

constexpr NamedNumber kNumbers[] = {
    {"POWERON_KEY", static_cast<int>(PowerOnReason::key)},
    {"POWERON_CHARGER", static_cast<int>(PowerOnReason::charger)},
    {"POWERON_ALARM", static_cast<int>(PowerOnReason::alarm)},
    {"POWERON_RESTART", static_cast<int>(PowerOnReason::restart)},
    {"POWERON_OTHER", static_cast<int>(PowerOnReason::other)},
    {"POWERON_UNKNOWN", static_cast<int>(PowerOnReason::unknown)},
    {"POWERON_EXCEPTION", static_cast<int>(PowerOnReason::exception)},
    {"POWERON_HOST", static_cast<int>(PowerOnReason::host)},
    {"POWERON_WATCHDOG", static_cast<int>(PowerOnReason::watchdog)},
    {"MOD_KEYPAD", kKeypad},
    {"MOD_ALARM", kAlarm},
};

int power_on_reason(lua_State* L) {
  lua_pushinteger(L, static_cast<int>(parts_of(L).power_on_reason()));
  return 1;
}

// The masks of a keypad, which follow, are the wiring's.
int init_module(lua_State* L) {
  Parts& parts = parts_of(L);
  const bool known = is_within(L, 1, kKeypad, kAlarm);
  if (known && static_cast<std::int32_t>(lua_tonumber(L, 1)) == kKeypad) parts.keypad.start();
  if (known && static_cast<std::int32_t>(lua_tonumber(L, 1)) == kAlarm) parts.alarm.start();
  lua_pushinteger(L, known ? 1 : 0);
  return 1;
}

// Six numbers from `first` on. Whether they are a time is seen later.
LocalTime check_time(lua_State* L, int first) {
  std::int32_t numbers[6]{};
  for (int i = 0; i < 6; ++i) numbers[i] = need_integer(L, first + i, kLowest, kHighest, "out of range");
  return {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
}

bool check_switch(lua_State* L, int place) {
  if (lua_isboolean(L, place)) return lua_toboolean(L, place) != 0;
  return need_integer(L, place, kLowest, kHighest, "0 or 1 expected") != 0;
}

int set_alarm(lua_State* L) {
  Parts& parts = parts_of(L);
  bool done = true;
  if (check_switch(L, 1)) {
    done = parts.alarm.set(check_time(L, 2));
  } else {
    parts.alarm.clear();
  }
  lua_pushinteger(L, done ? 1 : 0);
  return 1;
}

// Seconds since 1970, or a local time of six numbers.
int set_time(lua_State* L) {
  constexpr lua_Number kMostSeconds = 7258118400;  // the year 2200
  Parts& parts = parts_of(L);
  if (lua_gettop(L) >= 6) {
    const auto time = to_wall_time(check_time(L, 1));
    if (!time) luaL_argerror(L, 1, "there is no such time");
    parts.set_clock(*time);
    return 0;
  }
  const lua_Number seconds = luaL_checknumber(L, 1);
  if (!(seconds >= 0 && seconds < kMostSeconds)) luaL_argerror(L, 1, "there is no such time");
  parts.set_clock(WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds))));
  return 0;
}

int power_on(lua_State* L) {
  Parts& parts = parts_of(L);
  parts.note(TraceLine("poweron").number(want_integer(L, 1, kLowest, kHighest, "0 or 1 expected", 1)));
  return 0;
}

int clock_out(lua_State* L) {
  Parts& parts = parts_of(L);
  parts.note(TraceLine("sys32k").number(check_switch(L, 1)));
  return 0;
}

int send_ok(lua_State* L) {
  Parts& parts = parts_of(L);
  std::size_t size = 0;
  const char* const text = luaL_optlstring(L, 1, "", &size);
  parts.note(TraceLine("send_ok").text({text, size}));
  return 0;
}

int send_event(lua_State* L) {
  Parts& parts = parts_of(L);
  parts.note(TraceLine("sendevent").number(need_integer(L, 1, kLowest, kHighest, "out of range")));
  return 0;
}

int notify_sim_detect(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto slot = need_integer(L, 1, kLowest, kHighest, "no such slot");
  parts.note(TraceLine("sim_detect").number(slot).number(check_switch(L, 2)));
  return 0;
}

}  // namespace

const luaL_Reg kRtosPartCalls[] = {
    {"poweron_reason", power_on_reason},
    {"init_module", init_module},
    {"set_alarm", set_alarm},
    {"set_time", set_time},
    {"poweron", power_on},
    {"sys32k_clk_out", clock_out},
    {"send_ok", send_ok},
    {"sendevent", send_event},
    {"notify_sim_detect", notify_sim_detect},
    {nullptr, nullptr},
};

void set_rtos_part_constants(lua_State* L) {
  set_numbers(L, kNumbers);
}

}  // namespace socketcore::lua
