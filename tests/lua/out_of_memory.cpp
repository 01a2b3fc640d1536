// Lua's memory gives out in the middle of a hand-over: the call raises, and nothing that it was to hand over is lost.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

#include "lua/modules.hpp"

namespace {

/// An allocator that refuses one allocation, the one that it was told.
struct Memory {
  int until_refusal = 0;  // 0: it refuses nothing
  bool refused = false;

  static void* allocate(void* self, void* block, std::size_t, std::size_t size) {
    auto& memory = *static_cast<Memory*>(self);
    if (size == 0) {
      std::free(block);
      return nullptr;
    }
    if (memory.until_refusal > 0 && --memory.until_refusal == 0) {
      memory.refused = true;
      return nullptr;
    }
    return std::realloc(block, size);
  }
};

Memory& memory_of(lua_State* L) {
  void* memory = nullptr;
  lua_getallocf(L, &memory);
  return *static_cast<Memory*>(memory);
}

int refuse(lua_State* L) {
  memory_of(L).until_refusal = static_cast<int>(luaL_checkinteger(L, 1));
  memory_of(L).refused = false;
  return 0;
}

int refused(lua_State* L) {
  memory_of(L).until_refusal = 0;
  lua_pushboolean(L, memory_of(L).refused ? 1 : 0);
  return 1;
}

/// Sends back what it gets on one connection.
class EchoPeer {
 public:
  EchoPeer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_, 1);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~EchoPeer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  EchoPeer(const EchoPeer&) = delete;
  EchoPeer& operator=(const EchoPeer&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  void serve() const {
    const int connection = ::accept(listener_, nullptr, nullptr);
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(connection, buffer.data(), buffer.size())) > 0;) {
      if (::write(connection, buffer.data(), static_cast<std::size_t>(got)) != got) break;
    }
    ::close(connection);
  }

  int listener_;
  int port_ = 0;
  std::thread thread_;
};

constexpr const char* kScript = R"(
  local port = ...

  -- Makes the call with each of its allocations refused in turn, until it needs no more. Returns how many it needed.
  local function starved(call, ...)
    for n = 1, 1000 do
      refuse(n)
      local ok, first, second = pcall(call, ...)
      if not refused() then
        assert(ok, first)
        return first, n - 1
      end
      assert(not ok and first == "not enough memory", first)
    end
    error "it never stops"
  end
  local needed = 0
  local function message(name, id, fields)
    local got, n = starved(rtos.receive, 5000)
    needed = needed + n
    assert(type(got) == "table", "no message")
    assert(got.id == rtos["MSG_SOCK_" .. name] and got.socket_index == id, got.id)
    for key, value in pairs(fields) do assert(got[key] == value, key) end
    return got
  end

  local failing = socketcore.sock_conn(0, "127.0.0.1", 1)
  assert(message("CONN_CNF", failing, {result = 1}).reason:find "refused")

  local id = socketcore.sock_conn(0, "127.0.0.1", port)
  message("CONN_CNF", id, {result = 0})
  for round = 1, 20 do
    local data = ("data of round %d "):format(round):rep(50)
    socketcore.sock_send(id, data)
    message("SEND_CNF", id, {result = 0, send_len = #data})
    local have = ""
    while #have < #data do
      local announced = message("RECV_IND", id, {}).recv_len
      local got, n = starved(socketcore.sock_recv, id, announced)
      needed = needed + n
      have = have .. got
    end
    assert(have == data, "bytes lost or doubled")
  end
  assert(needed > 40, needed)

  -- A message that could not be handed over is dropped by sock_close like any that is queued.
  socketcore.sock_send(id, "x")
  refuse(1)
  assert(not pcall(rtos.receive, 5000) and refused())
  assert(socketcore.sock_close(id) == 1)
  message("CLOSE_CNF", id, {result = 0})
  assert(rtos.receive(0) == rtos.WAIT_MSG_TIMEOUT)
)";

// Lua's collector wants memory of its own, for a smaller table of strings, when a call of lua_pcall ends.
constexpr const char* kCollectorScript = R"(
  local port = ...
  local id = socketcore.sock_conn(0, "127.0.0.1", port)
  assert(rtos.receive(5000).id == rtos.MSG_SOCK_CONN_CNF)
  collectgarbage("setpause", 101)
  collectgarbage("setstepmul", 1000000)
  local size = 60000
  local sent, refusals = ("0123456789abcdef"):rep(size / 16), 0
  for round = 1, 8 do
    local strings = {}
    for i = 1, 40000 do strings[i] = round .. "." .. i end
    strings = nil
    assert(socketcore.sock_send(id, sent) == 1)
    local have = ""
    for _ = 1, 200 do
      if #have == size then break end
      if rtos.receive(100) ~= rtos.WAIT_MSG_TIMEOUT then rtos.sleep(5) end
      for n = 1, 10 do
        local data
        local function read() data = socketcore.sock_recv(id, size) end
        refuse(n)
        local ok = pcall(read)
        local was_refused = refused()
        if was_refused then refusals = refusals + 1 end
        assert(ok or was_refused)
        if data then have = have .. data end
        if not was_refused then break end
      end
    end
    assert(have == sent, "bytes lost or doubled")
  end
  assert(refusals > 8, refusals)
)";

int run_script(lua_State* L, const char* script) {
  luaL_openlibs(L);
  lua_register(L, "refuse", refuse);
  lua_register(L, "refused", refused);
  socketcore::lua::push_host(L, {});
  socketcore::lua::push_socketcore(L);
  lua_setglobal(L, "socketcore");
  socketcore::lua::push_rtos(L);
  lua_setglobal(L, "rtos");
  if (luaL_loadstring(L, script) != 0) return lua_error(L);
  lua_pushinteger(L, *static_cast<int*>(lua_touserdata(L, 1)));
  lua_call(L, 1, 0);
  return 0;
}
int run(lua_State* L) { return run_script(L, kScript); }
int run_collector(lua_State* L) { return run_script(L, kCollectorScript); }

TEST(OutOfMemory, NothingIsLostInAHandOver) {
  for (const lua_CFunction script : {run, run_collector}) {
    const EchoPeer peer;
    Memory memory;
    lua_State* const L = lua_newstate(Memory::allocate, &memory);
    ASSERT_NE(L, nullptr);
    int port = peer.port();
    const int status = lua_cpcall(L, script, &port);
    EXPECT_EQ(status, 0) << lua_tostring(L, -1);
    lua_close(L);
  }
}

// Opening the modules raises wherever memory gives out, and leaves nothing behind.
TEST(OutOfMemory, OpeningTheModules) {
  const auto open = [](lua_State* L) {
    socketcore::lua::push_host(L, {});
    socketcore::lua::push_socketcore(L);
    lua_pop(L, 1);
    socketcore::lua::push_rtos(L);
    return 0;
  };
  for (int n = 1; n < 1000; ++n) {
    Memory memory;
    lua_State* const L = lua_newstate(Memory::allocate, &memory);
    ASSERT_NE(L, nullptr);
    memory.until_refusal = n;
    const int status = lua_cpcall(L, open, nullptr);
    const bool refused = memory.refused;
    memory.until_refusal = 0;
    EXPECT_EQ(status != 0, refused) << n;
    lua_close(L);
    if (!refused) return;
  }
  FAIL() << "it never stops";
}

}  // namespace
