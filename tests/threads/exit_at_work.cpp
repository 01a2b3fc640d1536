// exit() in one thread while another one's Lua state is at work over TLS, and has been in this thread too: the process ends
// with the status that was asked for (7), and without a crash.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "threads/echo_peer.hpp"
#include "threads/lua_states.hpp"
#include "transport/tls_context.hpp"
#include "transport/tls_throwaway.hpp"

namespace {

using socketcore::test::kTlsRounds;
using socketcore::test::LuaState;

std::atomic<int> rounds_done = 0;

int on_round(lua_State* L) {
  rounds_done = static_cast<int>(luaL_checkinteger(L, 1));
  return 0;
}

}  // namespace

int main() {
  // Never destroyed: exit() comes while they are in use, as it does in a program that calls it.
  const std::array<std::string_view, 1> names = {"127.0.0.1"};
  auto pem = socketcore::make_throwaway(names);
  auto* const contexts = new socketcore::TlsContexts;
  auto context = contexts->server({.ca_cert = {}, .cert = pem.value().cert, .key = pem.value().key, .key_password = {}});
  const auto* const layer = socketcore::tls_server_layer(std::move(context.value())).release();
  auto* const server = new socketcore::test::TlsEchoThread(*layer);
  auto* const others = new LuaState;
  auto* const own = new LuaState;
  lua_register(others->get(), "on_round", on_round);
  std::thread([=] {
    std::fputs(others->run(kTlsRounds, server->port(), 0).c_str(), stderr);  // never returns
    std::abort();
  }).detach();
  while (rounds_done < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (!own->run(kTlsRounds, server->port(), 1).empty()) return 1;
  std::exit(7);
}
