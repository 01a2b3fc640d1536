#pragma once

#include <cstdio>
#include <string>

#include "lua/modules.hpp"

namespace socketcore::test {

/// Connects over TLS, echoes and closes, `rounds` times; 0: for ever.
inline constexpr const char* kTlsRounds = R"(
  local port, rounds = ...
  local done = 0
  local function expect(what)
    local message
    repeat
      message = rtos.receive(20000)
      assert(type(message) == "table", "no message")
    until message.id ~= rtos.MSG_SOCK_SEND_CNF
    assert(message.id == rtos["MSG_SOCK_" .. what] and message.result == 0, message.reason)
    return message.recv_len
  end
  while done == 0 or done ~= rounds do
    local id = assert(socketcore.sock_conn(2, "127.0.0.1", port))
    expect "CONN_CNF"
    rtos.timer_start(1, 100000)
    assert(socketcore.sock_send(id, "hello") == 1)
    assert(socketcore.sock_recv(id, expect "RECV_IND") == "hello")
    assert(socketcore.sock_close(id) == 1)
    expect "CLOSE_CNF"
    assert(socketcore.sock_destroy(id) == 1)
    rtos.timer_stop(1)
    done = done + 1
    if on_round then on_round(done) end
  end
)";

/// A Lua state with the two modules, and its host.
class LuaState {
 public:
  LuaState() : state_(luaL_newstate()) {
    if (state_ == nullptr || lua_cpcall(state_, open, nullptr) != 0) std::fputs("no Lua state\n", stderr);
  }
  ~LuaState() { lua_close(state_); }
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  [[nodiscard]] lua_State* get() noexcept { return state_; }

  /// Empty: it went well. Else the error.
  std::string run(const char* script, int port, int rounds) {
    if (luaL_loadstring(state_, script) != 0) return lua_tostring(state_, -1);
    lua_pushinteger(state_, port);
    lua_pushinteger(state_, rounds);
    if (lua_pcall(state_, 2, 0, 0) != 0) return lua_tostring(state_, -1);
    return {};
  }

 private:
  static int open(lua_State* L) {
    luaL_openlibs(L);
    lua::push_host(L, {});
    lua::push_socketcore(L);
    lua_setglobal(L, "socketcore");
    lua::push_rtos(L);
    lua_setglobal(L, "rtos");
    return 0;
  }

  lua_State* state_;
};

}  // namespace socketcore::test
