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

void run(const char* name) {
  const PromisesChecked promises;
  seed_tls(1);
  LuaMemory memory;
  lua_State* const L = lua_newstate(LuaMemory::allocate, &memory);
  const int status = lua_cpcall(L, run_script<starve_module, relent>, const_cast<char*>(name));
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
