#include <algorithm>
#include <chrono>
#include <string_view>

#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

enum Direction : std::int32_t { kOutput = 0, kInput = 1, kOutputHigh = 2, kInterrupt = 3 };
enum Pull : std::int32_t { kPullUp = 0, kPullDown = 1, kNoPull = 2 };
constexpr PinPull kPulls[] = {PinPull::up, PinPull::down, PinPull::none};

constexpr NamedNumber kNumbers[] = {
    {"OUTPUT", kOutput}, {"INPUT", kInput},       {"OUTPUT1", kOutputHigh}, {"INT", kInterrupt},
    {"PULLUP", kPullUp}, {"PULLDOWN", kPullDown}, {"NOPULL", kNoPull},
};
constexpr NamedNumber kEdges[] = {{"INT_GPIO_POSEDGE", kRisingEdge}, {"INT_GPIO_NEGEDGE", kFallingEdge}};

std::int32_t need_pin(lua_State* L, int place) {
  return need_integer(L, place, 0, Pins::kPins - 1, "no such pin");
}

// Pins stand at the end of the arguments, as many as there are, but at least one. All are checked before any is touched.
int check_pins(lua_State* L, int first) {
  int last = lua_gettop(L);
  while (last > first && lua_isnil(L, last)) --last;
  last = std::max(last, first);
  for (int place = first; place <= last; ++place) static_cast<void>(need_pin(L, place));
  return last;
}

bool check_level(lua_State* L, int place) {
  return need_integer(L, place, kLowest, kHighest, "0 or 1 expected") != 0;
}

int set_direction(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto direction = need_integer(L, 1, kOutput, kInterrupt, "no such direction");
  const int last = check_pins(L, 2);
  for (int place = 2; place <= last; ++place) {
    const auto pin = need_pin(L, place);
    if (direction == kInput || direction == kInterrupt) {
      parts.pins.open_input(pin, direction == kInterrupt);
    } else {
      parts.pins.open_output(pin, direction == kOutputHigh);
    }
  }
  return 0;
}

int set_all(lua_State* L, int first, bool level) {
  Parts& parts = parts_of(L);
  const int last = check_pins(L, first);
  for (int place = first; place <= last; ++place) parts.pins.set(need_pin(L, place), level);
  return 0;
}

int set_value(lua_State* L) {
  return set_all(L, 2, check_level(L, 1));
}
int set_high(lua_State* L) {
  return set_all(L, 1, true);
}
int set_low(lua_State* L) {
  return set_all(L, 1, false);
}

int get_value(lua_State* L) {
  Parts& parts = parts_of(L);
  const int last = check_pins(L, 1);
  luaL_checkstack(L, last, "too many pins");
  for (int place = 1; place <= last; ++place) lua_pushinteger(L, parts.pins.level(need_pin(L, place)) ? 1 : 0);
  return last;
}

int close(lua_State* L) {
  Parts& parts = parts_of(L);
  const int last = check_pins(L, 1);
  for (int place = 1; place <= last; ++place) parts.pins.close(need_pin(L, place));
  return 0;
}

int set_pull(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto pull = need_integer(L, 1, kPullUp, kNoPull, "no such pull");
  const int last = check_pins(L, 2);
  for (int place = 2; place <= last; ++place) {
    parts.pins.set_pull(need_pin(L, place), kPulls[pull]);
  }
  return 0;
}

int set_debounce(lua_State* L) {
  parts_of(L).pins.set_debounce(std::chrono::milliseconds(need_integer(L, 1, 0, 60000, "0..60000 ms expected")));
  return 0;
}

int pulses(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto pin = need_pin(L, 1);
  const auto high = need_integer(L, 2, 0, kHighest, "microseconds expected");
  const auto low = need_integer(L, 3, 0, kHighest, "microseconds expected");
  const auto count = need_integer(L, 4, 0, kHighest, "a count expected");
  const bool idle = want_integer(L, 5, kLowest, kHighest, "0 or 1 expected", 0) != 0;
  parts.pins.pulses(pin, high, low, count, idle);
  return 0;
}

int wave(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto pin = need_pin(L, 1);
  const auto high = need_integer(L, 2, 0, kHighest, "microseconds expected");
  const auto low = need_integer(L, 3, 0, kHighest, "microseconds expected");
  parts.pins.wave(pin, high, low, want_integer(L, 4, -1, kHighest, "a count or -1 expected", -1));
  return 0;
}

constexpr luaL_Reg kPinCalls[] = {
    {"setdir", set_direction}, {"setval", set_value}, {"getval", get_value}, {"close", close},
    {"setpull", set_pull},     {"sethigh", set_high}, {"setlow", set_low},   {"setdebounce", set_debounce},
    {"plus", pulses},          {"pwm", wave},         {nullptr, nullptr},
};

// One or two digits.
bool take_number(std::string_view& text, std::int32_t& number) {
  std::size_t digits = 0;
  number = 0;
  while (digits < 2 && digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    number = number * 10 + (text[digits++] - '0');
  }
  text.remove_prefix(digits);
  return digits != 0;
}

// pio.P1_4 is 36; every other name that the table lacks is nil.
int index(lua_State* L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  std::size_t size = 0;
  const char* const key = lua_tolstring(L, 2, &size);
  std::string_view text(key, size);
  std::int32_t port = 0;
  std::int32_t pin = 0;
  if (!text.starts_with('P')) return 0;
  text.remove_prefix(1);
  if (!take_number(text, port) || !text.starts_with('_')) return 0;
  text.remove_prefix(1);
  if (!take_number(text, pin) || !text.empty() || port > 2 || pin > 31) return 0;
  lua_pushinteger(L, port * 32 + pin);
  return 1;
}

}  // namespace

void push_pio(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  set_numbers(L, kNumbers);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kPinCalls, 1);
  lua_setfield(L, -2, "pin");

  lua_newtable(L);
  lua_pushcfunction(L, index);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

void push_cpu(lua_State* L) {
  lua_newtable(L);
  set_numbers(L, kEdges);
}

}  // namespace socketcore::lua
