#include "lua/host.hpp"

#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

namespace socketcore::lua {

namespace {

constexpr const char* kHostKey = "socketcore.host";

// exit() knows no Lua state: this list is how it finds the hosts that are still to be ended.
std::mutex live_mutex;
Host* live_hosts = nullptr;

int end_host(lua_State* L) {
  auto** const box = static_cast<Host**>(luaL_checkudata(L, 1, kHostKey));
  delete std::exchange(*box, nullptr);
  return 0;
}

}  // namespace

// A host of another thread is that thread's: it may be in the middle of a turn. The list stays, for lua_close may follow.
void end_live_hosts() noexcept {
  const std::lock_guard lock(live_mutex);
  for (Host* host = live_hosts; host != nullptr; host = host->next_live_) {
    if (pthread_equal(host->thread_.load(std::memory_order_relaxed), pthread_self()) != 0) host->end();
  }
}

Host::Host(const HostSettings& settings) : settings_(settings), thread_(pthread_self()) {}

Host::Created Host::create(const HostSettings& settings) noexcept {
  try {
    SysError error;
    std::unique_ptr<Host> host(new Host(settings));
    host->os_ = settings.make_os(&error);
    if (!host->os_) return {nullptr, error};
    host->reactor_ = std::make_unique<Reactor>(*host->os_, settings.log);
    host->device_ = Device::create(*host->reactor_, settings.options);

    const std::lock_guard lock(live_mutex);
    static const bool registered = std::atexit([] { end_live_hosts(); }) == 0;
    static_cast<void>(registered);
    host->next_live_ = std::exchange(live_hosts, host.get());
    return {host.release(), {}};
  } catch (const std::bad_alloc&) {
    return {};
  }
}

Host::~Host() {
  {
    const std::lock_guard lock(live_mutex);
    Host** place = &live_hosts;
    while (*place != nullptr && *place != this) place = &(*place)->next_live_;
    if (*place == this) *place = next_live_;
  }
  end();
}

void Host::end() noexcept {
  if (ended()) return;
  peripherals_.reset();
  device_.reset();
  while (!reactor_->drain()) {  // cut short by a signal: the linger limit still ends it
  }
  reactor_.reset();
  os_.reset();
}

void Host::warn(std::string_view line) noexcept {
  if (settings_.log != nullptr && settings_.log->wants(LogLevel::warning)) settings_.log->write(LogLevel::warning, line);
}

void Host::used_tls() noexcept {
  static const bool registered = std::atexit([] { end_live_hosts(); }) == 0;
  static_cast<void>(registered);
}

Host& push_host(lua_State* L, const HostSettings& settings) {
  lua_getfield(L, LUA_REGISTRYINDEX, kHostKey);
  // luaL_newmetatable keeps the metatable under the same name of the registry: the userdata is in its field 1.
  if (lua_istable(L, -1)) {
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    auto** const box = static_cast<Host**>(lua_touserdata(L, -1));
    if (box != nullptr && *box != nullptr) return **box;
  }
  lua_pop(L, 1);

  auto** const box = static_cast<Host**>(lua_newuserdata(L, sizeof(Host*)));
  *box = nullptr;
  luaL_newmetatable(L, kHostKey);
  lua_pushcfunction(L, end_host);
  lua_setfield(L, -2, "__gc");
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, 1);
  lua_setmetatable(L, -2);

  const Host::Created created = Host::create(settings);
  if (created.host == nullptr) {
    lua_pushliteral(L, "socketcore: ");
    const std::string_view words = created.error.ok() ? "not enough memory" : created.error.words();
    lua_pushlstring(L, words.data(), words.size());
    lua_concat(L, 2);
    lua_error(L);
  }
  *box = created.host;
  return *created.host;
}

namespace {

// lua_error does not return, but nothing in its declaration says so.
[[noreturn]] void raise(lua_State* L, const char* words) {
  luaL_error(L, "socketcore: %s", words);
  __builtin_unreachable();
}

}  // namespace

Host& host_of(lua_State* L) {
  Host* const host = *static_cast<Host**>(lua_touserdata(L, lua_upvalueindex(1)));
  if (host == nullptr || host->ended()) raise(L, "the device has ended");
  if (host->os().forked()) raise(L, "a forked child cannot use its parent's device");
  ++host->calls;
  return *host;
}

Host& idle_host_of(lua_State* L) {
  Host& host = host_of(L);
  if (host.delivering || host.reading != Host::kNobody) {
    raise(L, "a finalizer or a hook must neither wait nor read in the midst of a receive");
  }
  return host;
}

void set_functions(lua_State* L, const luaL_Reg* list, int upvalues) {
  const int table = lua_gettop(L) - upvalues;
  for (; list->name != nullptr; ++list) {
    for (int i = 1; i <= upvalues; ++i) lua_pushvalue(L, table + i);
    lua_pushcclosure(L, list->func, upvalues);
    lua_setfield(L, table, list->name);
  }
  lua_settop(L, table);
}

}  // namespace socketcore::lua
