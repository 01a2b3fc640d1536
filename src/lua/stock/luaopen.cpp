#include <csignal>
#include <cstdio>

#include "lua/modules.hpp"

// The way in for a stock lua5.1 or luajit: require "socketcore".
namespace {

using socketcore::Log;
using socketcore::LogLevel;
using socketcore::lua::HostSettings;

class StderrLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel level) const noexcept override { return level >= LogLevel::warning; }
  void write(LogLevel level, std::string_view line) noexcept override {
    std::fprintf(stderr, "socketcore: %s: %.*s\n", level == LogLevel::error ? "error" : "warning",
                 static_cast<int>(line.size()), line.data());
  }
};

StderrLog stderr_log;

constexpr const char* kMainKey = "socketcore.main";
constexpr const char* kHandledKey = "socketcore.sigint";  // whether the interpreter cares for Ctrl-C while a script runs

int nothing(lua_State*) {
  return 0;
}

bool handles_sigint() noexcept {
  struct sigaction action {};
  return sigaction(SIGINT, nullptr, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

// The interpreter's handler of Ctrl-C has set a debug hook, which any call sets off; it raises "interrupted!". PUC Lua
// keeps hooks per coroutine, and the handler sets that of the main one.
void run_hooks(lua_State* L) {
  luaL_checkstack(L, 2, "rtos.receive");
  lua_getfield(L, LUA_REGISTRYINDEX, kMainKey);
  lua_State* const main = lua_tothread(L, -1);
  lua_pop(L, 1);
  if (main != nullptr && main != L && lua_gethook(L) == nullptr && lua_gethook(main) != nullptr) {
    lua_sethook(L, lua_gethook(main), lua_gethookmask(main), lua_gethookcount(main));
  }
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
  // Required in a coroutine, which cannot tell where the main one is: but the interpreter's handler restores the default.
  lua_getfield(L, LUA_REGISTRYINDEX, kHandledKey);
  const bool was_handled = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  if (main == nullptr && was_handled && !handles_sigint()) luaL_error(L, "interrupted!");
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int luaopen_socketcore(lua_State* L) {
  HostSettings settings;
  settings.around.interrupted = run_hooks;
  settings.log = &stderr_log;
  socketcore::lua::push_host(L, settings);
  if (lua_pushthread(L) != 0) {
    lua_setfield(L, LUA_REGISTRYINDEX, kMainKey);
  } else {
    lua_pop(L, 1);
  }
  lua_pushboolean(L, handles_sigint() ? 1 : 0);
  lua_setfield(L, LUA_REGISTRYINDEX, kHandledKey);

  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");  // package.loaded, whatever a script has made of the globals
  lua_pushvalue(L, -2);
  socketcore::lua::push_rtos(L);
  lua_setfield(L, -3, "rtos");
  socketcore::lua::push_socketcore(L);
  return 1;
}
