#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <string_view>

#include "lua/arguments.hpp"
#include "lua/modules.hpp"
#include "lua/wait.hpp"
#include "socketcore/version.hpp"

namespace socketcore::lua {

namespace {

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kInfTimeout = std::numeric_limits<std::uint32_t>::max();

struct MessageName {
  const char* name;
  ScriptMessage message;
};
constexpr MessageName kMessages[] = {
    {"WAIT_MSG_TIMEOUT", ScriptMessage::timeout},      {"MSG_TIMER", ScriptMessage::timer},
    {"MSG_SOCK_CONN_CNF", ScriptMessage::connect_cnf}, {"MSG_SOCK_SEND_CNF", ScriptMessage::send_cnf},
    {"MSG_SOCK_RECV_IND", ScriptMessage::receive_ind}, {"MSG_SOCK_CLOSE_IND", ScriptMessage::close_ind},
    {"MSG_SOCK_CLOSE_CNF", ScriptMessage::close_cnf},
};

int sleep(lua_State* L) {
  Host& host = idle_host_of(L);
  const auto ms = check_integer(L, 1, 0, kInfTimeout);
  if (ms) wait_for_time(L, host, std::chrono::milliseconds(*ms));
  return 0;
}

int timer_start(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  const auto ms = check_integer(L, 2, 1, kMaxInt32);
  lua_pushinteger(L, id && ms && host.device().start_timer(*id, static_cast<std::int32_t>(*ms)) ? 1 : 0);
  return 1;
}

int timer_stop(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  lua_pushinteger(L, id && host.device().stop_timer(*id) ? 1 : 0);
  return 1;
}

int tick(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(host_of(L).device().ticks()));
  return 1;
}

// Of the shape that scripts take apart, "(.-)_V(%d+)(_.+)": 1.2.3 is V10203.
int get_version(lua_State* L) {
  std::array<unsigned, 3> parts{};
  const std::string_view version = kVersion;
  const char* at = version.data();
  const char* const end = at + version.size();
  for (unsigned& part : parts) {
    at = std::from_chars(at, end, part).ptr;
    if (at != end) ++at;
  }
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "socketcore_V%u%02u%02u_RDA8910_FLOAT", parts[0], parts[1], parts[2]);
  lua_pushstring(L, text.data());
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"sleep", sleep}, {"timer_start", timer_start}, {"timer_stop", timer_stop},
    {"tick", tick},   {"get_version", get_version}, {nullptr, nullptr},
};

}  // namespace

void push_rtos(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  set_functions(L, kCalls, 1);
  lua_pushvalue(L, host);
  push_receive(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, host + 1, "receive");
  lua_setfield(L, host + 1, "recv");
  lua_pop(L, 1);

  lua_pushnumber(L, static_cast<lua_Number>(kInfTimeout));
  lua_setfield(L, -2, "INF_TIMEOUT");
  for (const MessageName& message : kMessages) {
    lua_pushinteger(L, static_cast<int>(message.message));
    lua_setfield(L, -2, message.name);
  }
}

}  // namespace socketcore::lua
