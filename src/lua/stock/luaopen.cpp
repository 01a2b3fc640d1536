#include <array>
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

int nothing(lua_State*) {
  return 0;
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
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int luaopen_socketcore(lua_State* L) {
  HostSettings settings;
  settings.around.interrupted = run_hooks;
  settings.log = &stderr_log;
  socketcore::lua::push_host(L, settings);
  lua_pushthread(L);
  lua_setfield(L, LUA_REGISTRYINDEX, kMainKey);

  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  lua_pushvalue(L, -3);
  socketcore::lua::push_rtos(L);
  lua_setfield(L, -3, "rtos");
  socketcore::lua::push_socketcore(L);
  return 1;
}
