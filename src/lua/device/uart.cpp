#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>

#include "lua/arguments.hpp"
#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"

namespace socketcore::lua {

namespace {

constexpr std::int64_t kMaxInt32 = 0x7fffffff;
constexpr std::int64_t kMostToRead = std::int64_t{1} << 20;

// The values of the device: they stand in parameters that scripts have stored.
enum Parity : int { kEven = 0, kOdd = 1, kNone = 2 };
enum Stop : int { kOne = 0, kOneAndAHalf = 1, kTwo = 2 };

Port& check_port(lua_State* L, Board& board) {
  const auto id = check_integer(L, 1, 0, kMaxInt32);
  Port* const port = id ? board.port(static_cast<std::int32_t>(*id)) : nullptr;
  if (port == nullptr) luaL_argerror(L, 1, "no such port: 1, 2, 3, uart.ATC or uart.USB");
  return *port;
}

int setup(lua_State* L) {
  Port& port = check_port(L, board_of(L));
  PortSetup setup;
  // The AT port is set up with 0 baud and 0 bits, and has no line that would mind.
  const auto baud = check_integer(L, 2, 0, kMaxInt32);
  const auto bits = check_integer(L, 3, 0, 8);
  const auto parity = check_integer(L, 4, kEven, kNone);
  const auto stop = check_integer(L, 5, kOne, kTwo);
  const auto polled = opt_integer(L, 6, 0, kMaxInt32, 0);
  const auto tell = opt_integer(L, 7, 0, kMaxInt32, 0);
  luaL_argcheck(L, baud.has_value(), 2, "the baud rate is no integer >= 0");
  luaL_argcheck(L, bits && (*bits == 0 || *bits >= 5), 3, "5, 6, 7 or 8 data bits");
  luaL_argcheck(L, parity.has_value(), 4, "uart.PAR_EVEN, PAR_ODD or PAR_NONE");
  luaL_argcheck(L, stop.has_value(), 5, "uart.STOP_1, STOP_1_5 or STOP_2");
  luaL_argcheck(L, polled.has_value(), 6, "0 or 1");
  luaL_argcheck(L, tell.has_value(), 7, "0 or 1");
  setup.line.baud = static_cast<std::uint32_t>(*baud);
  setup.line.data_bits = static_cast<std::uint8_t>(*bits == 0 ? 8 : *bits);
  setup.line.parity = *parity == kEven  ? SerialLine::Parity::even
                      : *parity == kOdd ? SerialLine::Parity::odd
                                        : SerialLine::Parity::none;
  setup.line.stop_bits = *stop == kOne ? 1 : 2;
  setup.polled = *polled != 0;
  setup.tell_when_sent = *tell != 0;
  if (const SysError error = port.set_up(setup); !error.ok()) {
    const std::string_view words = error.words();
    lua_pushlstring(L, words.data(), words.size());
    return luaL_error(L, "uart.setup: port %d does not take these settings (%d baud): %s", static_cast<int>(lua_tointeger(L, 1)),
                      static_cast<int>(*baud), lua_tostring(L, -1));
  }
  lua_settop(L, 2);
  return 1;
}

// Numbers become the bytes that they name; then all pieces are one.
void join_pieces(lua_State* L) {
  const int top = lua_gettop(L);
  luaL_checkstring(L, 2);
  for (int place = 2; place <= top; ++place) {
    if (lua_type(L, place) == LUA_TNUMBER) {
      const auto byte = check_integer(L, place, 0, 255);
      if (!byte) luaL_argerror(L, place, "a byte is 0..255");
      const char text = static_cast<char>(*byte);
      lua_pushlstring(L, &text, 1);
      lua_replace(L, place);
    } else {
      luaL_checkstring(L, place);
    }
  }
  lua_concat(L, top - 1);
}

int write(lua_State* L) {
  Board& board = board_of(L);
  Port& port = check_port(L, board);
  join_pieces(L);
  std::size_t size = 0;
  const char* const data = lua_tolstring(L, 2, &size);
  lua_pushinteger(L, static_cast<lua_Integer>(port.write(std::as_bytes(std::span(data, size)))));
  return 1;
}

enum class Format { bytes, line, number, word };

Format check_format(lua_State* L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    const std::string_view format = lua_tostring(L, 2);
    if (format == "*l") return Format::line;
    if (format == "*n") return Format::number;
    if (format == "*s") return Format::word;
    if (lua_isnumber(L, 2) == 0) luaL_argerror(L, 2, "\"*l\", \"*n\", \"*s\" or a number of bytes");
  }
  return Format::bytes;
}

/// What a read finds: the text for the script, behind blanks of no use to it.
struct Found {
  std::size_t blanks = 0;
  std::string_view text;
};

// Numbers and words end before the next white space.
Found find(Port& port, Format format, std::size_t limit) {
  if (format == Format::line) return {0, port.peek_line()};
  const std::string_view all = port.peek(limit);
  if (format == Format::bytes) return {0, all};
  const std::size_t begin = std::min(all.find_first_not_of(" \t\r\n\v\f"), all.size());
  const std::size_t end = std::min(all.find_first_of(" \t\r\n\v\f", begin), all.size());
  return {begin, all.substr(begin, end - begin)};
}

// Called by read() with its arguments, protected: for want of memory, bytes stay where they are. A finalizer that the string
// sets off may close the port: then it is made again. The result is left in the second upvalue: as lua_pcall ends, Lua's
// collector may want memory of its own, and that failure must not cost the bytes.
int take(lua_State* L) {
  Host& host = host_of(L);
  Port& port = check_port(L, board_of(L));
  const Format format = check_format(L);
  const auto limit = format == Format::bytes ? check_capped(L, 2, 0, kMostToRead) : kMostToRead;
  luaL_argcheck(L, limit.has_value(), 2, "no number of bytes");
  for (;;) {
    const std::uint32_t calls = host.calls;
    const Found found = find(port, format, static_cast<std::size_t>(*limit));
    lua_pushlstring(L, found.text.data(), found.text.size());
    if (host.calls == calls) {
      if (format == Format::number && lua_isnumber(L, -1) != 0) lua_pushnumber(L, lua_tonumber(L, -1));
      else if (format == Format::number) lua_pushnil(L);
      lua_replace(L, lua_upvalueindex(2));
      port.consume(found.blanks + found.text.size());
      return 0;
    }
    lua_pop(L, 1);
  }
}

int read(lua_State* L) {
  Host& host = idle_host_of(L);
  check_port(L, board_of(L));
  lua_settop(L, 2);
  const int taker = lua_upvalueindex(2);
  lua_pushvalue(L, taker);
  lua_insert(L, 1);
  host.reading = Host::kPort;
  static_cast<void>(lua_pcall(L, 2, 0, 0));
  host.reading = Host::kNobody;
  lua_getupvalue(L, taker, 2);
  if (lua_isboolean(L, -1)) {  // none
    lua_pop(L, 1);
    return lua_error(L);
  }
  lua_pushboolean(L, 0);
  lua_setupvalue(L, taker, 2);
  return 1;
}

int getchar(lua_State* L) {
  static_cast<void>(idle_host_of(L));  // or a finalizer would take bytes that read() is about to hand over
  Port& port = check_port(L, board_of(L));
  const std::string_view bytes = port.peek(1);
  if (bytes.empty()) return 0;
  lua_pushinteger(L, static_cast<unsigned char>(bytes.front()));
  port.consume(1);
  return 1;
}

int close(lua_State* L) {
  check_port(L, board_of(L)).close();
  lua_pushinteger(L, 1);
  return 1;
}

// Which events of the port are reported. There are no others than those of setup.
int config(lua_State* L) {
  check_port(L, board_of(L));
  lua_pushinteger(L, 1);
  return 1;
}

// A pin that turns the line round around each write. Here the line turns by itself; whoever watches the pin sees what it is
// for.
int set_rs485_oe(lua_State* L) {
  Board& board = board_of(L);
  check_port(L, board);
  const auto pin = check_integer(L, 2, 0, kMaxInt32);
  const auto level = opt_integer(L, 3, 0, 1, 1);
  luaL_argcheck(L, pin.has_value(), 2, "no pin number");
  luaL_argcheck(L, level.has_value(), 3, "0 or 1");
  std::array<char, 96> line{};
  std::snprintf(line.data(), line.size(), "rs485 %d pin %d %d", static_cast<int>(lua_tointeger(L, 1)),
                static_cast<int>(*pin), static_cast<int>(*level));
  board.trace(line.data());
  lua_pushinteger(L, 1);
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"setup", setup}, {"write", write},   {"read", read},
    {"close", close}, {"config", config}, {"getchar", getchar},
    {"set_rs485_oe", set_rs485_oe},       {nullptr, nullptr},
};

struct Constant {
  const char* name;
  int value;
};
constexpr Constant kConstants[] = {
    {"ATC", Board::kAtPort}, {"USB", Board::kUsbPort}, {"PAR_EVEN", kEven}, {"PAR_ODD", kOdd},    {"PAR_NONE", kNone},
    {"STOP_1", kOne},        {"STOP_1_5", kOneAndAHalf}, {"STOP_2", kTwo},  {"NO_TIMEOUT", 0}, {"INF_TIMEOUT", -1},
};

}  // namespace

void push_uart(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  lua_pushvalue(L, host);
  lua_pushboolean(L, 0);
  lua_pushcclosure(L, take, 2);
  set_functions(L, kCalls, 2);
  for (const Constant& constant : kConstants) {
    lua_pushinteger(L, constant.value);
    lua_setfield(L, -2, constant.name);
  }
}

}  // namespace socketcore::lua
