// Scripts on the module (scenarios.lua), with each system call, each allocation of C++ and each of Lua failing in turn. The
// kernel is simulated, the peers live in it: the module's wait moves them.
#include <gtest/gtest.h>

#include <cstdlib>

#include "lua/modules.hpp"
#include "sim/seeded_tls.hpp"
#include "torture/c_memory.hpp"
#include "torture/runner.hpp"
#include "torture/village.hpp"

namespace socketcore::test {
namespace {

/// Lua's memory: refused as the point says, inside the module's calls only. What is not freed is counted.
struct Memory {
  long blocks = 0;
  lua_State* in_call = nullptr;  // of the module
  int guard_level = 0;           // the frame that guards it: what Lua does there is not the module's

  [[nodiscard]] bool of_the_module() const {
    lua_Debug frame{};
    return in_call != nullptr && lua_getstack(in_call, 0, &frame) != 0 && frame.i_ci != guard_level;
  }

  static void* allocate(void* self, void* block, std::size_t, std::size_t size) {
    auto& memory = *static_cast<Memory*>(self);
    if (size == 0) {
      if (block != nullptr) --memory.blocks;
      std::free(block);
      return nullptr;
    }
    if (memory.of_the_module()) {
      ++lua_allocations_made;
      if (lua_allocations_granted == 0) {
        if (only_one_lua_allocation_fails) lua_allocations_granted = -1;
        return nullptr;
      }
      if (lua_allocations_granted > 0) --lua_allocations_granted;
    }
    void* const made = std::realloc(block, size);
    if (block == nullptr && made != nullptr) ++memory.blocks;
    return made;
  }
};

Memory& memory_of(lua_State* L) {
  void* memory = nullptr;
  lua_getallocf(L, &memory);
  return *static_cast<Memory*>(memory);
}

// The module's function in the first upvalue, short of memory.
int short_of_memory(lua_State* L) {
  if (lua_checkstack(L, 2) == 0) return luaL_error(L, "not enough memory");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  int status = 0;
  {
    const Scarcity scarcity;  // lua_pcall lets no error by
    Memory& memory = memory_of(L);
    lua_Debug guard{};
    lua_getstack(L, 0, &guard);
    memory.guard_level = guard.i_ci;
    memory.in_call = L;
    status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    memory.in_call = nullptr;
  }
  return status != 0 ? lua_error(L) : lua_gettop(L);
}

// The script has had enough of it: there is memory again.
int relent(lua_State*) {
  lua_allocations_granted = -1;
  return 0;
}

void starve(lua_State* L, const char* name) {
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, -3) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    if (lua_isfunction(L, -1)) lua_pushcclosure(L, short_of_memory, 1);
    lua_settable(L, -4);
  }
  lua_setglobal(L, name);
  lua_pop(L, 1);
}

int open_and_run(lua_State* L) {
  const auto* const name = static_cast<const char*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  lua::HostSettings settings;
  settings.make_os = make_village;
  lua::push_host(L, settings);
  lua::push_socketcore(L);
  starve(L, "socketcore");
  lua::push_rtos(L);
  starve(L, "rtos");
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
  Memory memory;
  lua_State* const L = lua_newstate(Memory::allocate, &memory);
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
