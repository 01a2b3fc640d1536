// Lua states with hosts, each in a thread of its own, made and closed at the same time.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "threads/echo_peer.hpp"
#include "threads/lua_states.hpp"

namespace socketcore::test {
namespace {

TEST(Threads, EachWithALuaStateOfItsOwn) {
  TlsEchoThread server;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([port = server.port()] {
      for (int round = 0; round < 5; ++round) {
        LuaState state;
        EXPECT_EQ(state.run(kTlsRounds, port, 2), "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, AStateThatWasMadeHereRunsThere) {
  TlsEchoThread server;
  LuaState state;
  EXPECT_EQ(state.run(kTlsRounds, server.port(), 1), "");
  std::thread([&] { EXPECT_EQ(state.run(kTlsRounds, server.port(), 2), ""); }).join();
  EXPECT_EQ(state.run(kTlsRounds, server.port(), 1), "");
}

}  // namespace
}  // namespace socketcore::test
