#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

constexpr NamedNumber kBuses[] = {{"SPI_1", 0}, {"SPI_2", 1}};

std::int32_t need_bus(lua_State* L) {
  return need_integer(L, 1, 0, Spi::kBuses - 1, "no such bus");
}

// Duplex and chip select, which may follow, are the wiring's.
int setup(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto phase = need_integer(L, 2, 0, 1, "0 or 1 expected");
  const auto polarity = need_integer(L, 3, 0, 1, "0 or 1 expected");
  const auto bits = need_integer(L, 4, 1, 32, "1..32 bits expected");
  const auto clock = want_integer(L, 5, 0, kHighest, "no such clock", 0);
  parts.spi.open(bus, phase, polarity, bits, clock);
  lua_pushinteger(L, 1);
  return 1;
}

int send(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto data = push_bytes(L, 2, 0);
  lua_pushinteger(L, static_cast<lua_Integer>(parts.spi.send(bus, data)));
  return 1;
}

int receive(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto room = push_room(L, 2);
  push_received(
      L, room, [&](std::span<std::byte> into) { return parts.spi.peek(bus, into); },
      [&](std::span<std::byte> into) { return parts.spi.receive(bus, into); });
  return 1;
}

int exchange(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto bus = need_bus(L);
  const auto data = push_bytes(L, 2, 0);
  const std::span room(static_cast<std::byte*>(lua_newuserdata(L, data.size() + 1)), data.size());
  push_received(
      L, room, [&](std::span<std::byte> into) { return parts.spi.peek(bus, into); },
      [&](std::span<std::byte> into) { return parts.spi.exchange(bus, data, into); });
  return 1;
}

int close(lua_State* L) {
  lua_pushinteger(L, parts_of(L).spi.close(need_bus(L)) ? 1 : 0);
  return 1;
}

constexpr luaL_Reg kCalls[] = {{"setup", setup},        {"send", send},   {"recv", receive},
                               {"send_recv", exchange}, {"close", close}, {nullptr, nullptr}};

}  // namespace

void push_spi(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
  set_numbers(L, kBuses);
}

}  // namespace socketcore::lua
