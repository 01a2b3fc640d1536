// Scripts on the module (scenarios.lua), with each system call, each allocation of C++ and each of Lua failing in turn. The
// kernel is simulated, the peers live in it: the module's wait moves them.
#include <gtest/gtest.h>

#include <cstdlib>

#include "lua/modules.hpp"
#include "sim/seeded_tls.hpp"
#include "torture/c_memory.hpp"
#include "torture/runner.hpp"
#include "torture/starved_lua.hpp"
#include "torture/village.hpp"

namespace socketcore::test {
namespace {

int open_and_run(lua_State* L) {
  const auto* const name = static_cast<const char*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  lua::HostSettings settings;
  settings.make_os = make_village;
  lua::push_host(L, settings);
  lua::push_socketcore(L);
  starve_module(L);
  lua_setglobal(L, "socketcore");
  lua::push_rtos(L);
  starve_module(L);
  lua_setglobal(L, "rtos");
  lua_register(L, "relent", relent);
  if (luaL_loadfile(L, SC_SCENARIOS) != 0) return lua_error(L);
  lua_call(L, 0, 1);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
  return 0;
}

void run(const char* name) {
  const PromisesChecked promises;
  seed_tls(1);
  LuaMemory memory;
  lua_State* const L = lua_newstate(LuaMemory::allocate, &memory);
  const int status = lua_cpcall(L, open_and_run, const_cast<char*>(name));
  if (status != 0) ADD_FAILURE() << (lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "an error without words");
  lua_allocations_granted = -1;
  lua_close(L);
  EXPECT_EQ(memory.blocks, 0) << "blocks of Lua's memory leaked";
}

}  // namespace
}  // namespace socketcore::test

int main(int count, char** arguments) {
  using namespace socketcore::test;
  testing::InitGoogleTest();
  const auto options = parse_torture_options(count, arguments);
  if (!options) return 2;
  starve_c_libraries();
  seed_tls(0);
  (void)tls_server();
  std::vector<TortureScenario> scenarios;
  for (const char* name : kScripts) {
    scenarios.push_back(scenario_of(std::string("module.") + name, [name] { run(name); }));
  }
  return torture(scenarios, *options);
}
