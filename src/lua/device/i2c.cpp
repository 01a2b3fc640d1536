#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

constexpr NamedNumber kSpeeds[] = {{"SLOW", 100000}, {"FAST", 400000}};

std::int32_t need_bus(lua_State* L) {
  return need_integer(L, 1, 0, I2c::kBuses - 1, "no such bus");
}

std::uint8_t need_byte(lua_State* L, int place, const char* cause) {
  return static_cast<std::uint8_t>(need_integer(L, place, 0, 255, cause));
}

int setup(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto speed = want_integer(L, 2, 1, kHighest, "no such speed", kSpeeds[0].number);
  const auto address = want_integer(L, 3, 0, 255, "no such address", 0);
  parts.i2c.open(bus, speed, static_cast<std::uint8_t>(address));
  lua_pushinteger(L, speed);
  return 1;
}

int send(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto address = need_byte(L, 2, "no such address");
  const auto data = push_bytes(L, 3, 0);
  lua_pushinteger(L, static_cast<lua_Integer>(parts.i2c.send(bus, address, data)));
  return 1;
}

int push_answer(lua_State* L, I2c& i2c, std::int32_t bus, std::uint8_t address, std::span<std::byte> room) {
  push_received(
      L, room, [&](std::span<std::byte> into) { return i2c.peek(bus, address, into); },
      [&](std::span<std::byte> into) { return i2c.receive(bus, address, into); });
  return 1;
}

int receive(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto address = need_byte(L, 2, "no such address");
  const auto room = push_room(L, 3);
  return push_answer(L, parts.i2c, bus, address, room);
}

// To the address of setup(): a register, and what goes into it. Answers with the bytes that went there.
int write(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto place = need_byte(L, 2, "no such register");
  const auto data = push_bytes(L, 3, 1);
  data.front() = static_cast<std::byte>(place);
  const std::size_t sent = parts.i2c.send(bus, parts.i2c.address(bus), data);
  lua_pushinteger(L, sent == 0 ? 0 : static_cast<lua_Integer>(sent) - 1);
  return 1;
}

int read(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const std::byte place = static_cast<std::byte>(need_byte(L, 2, "no such register"));
  const auto room = push_room(L, 3);
  const std::uint8_t address = parts.i2c.address(bus);
  if (parts.i2c.send(bus, address, {&place, 1}) == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  return push_answer(L, parts.i2c, bus, address, room);
}

int close(lua_State* L) {
  parts_of(L).i2c.close(need_bus(L));
  return 0;
}

constexpr luaL_Reg kCalls[] = {{"setup", setup}, {"send", send},   {"recv", receive}, {"write", write},
                               {"read", read},   {"close", close}, {nullptr, nullptr}};

}  // namespace

void push_i2c(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
  set_numbers(L, kSpeeds);
}

}  // namespace socketcore::lua
