#include "torture/starved_lua.hpp"

#include <cstdlib>

#include "torture/torture.hpp"

namespace socketcore::test {
namespace {

LuaMemory& memory_of(lua_State* L) {
  void* memory = nullptr;
  lua_getallocf(L, &memory);
  return *static_cast<LuaMemory*>(memory);
}

// The module's function in the first upvalue, short of memory; in the second, who counts.
int short_of_memory(lua_State* L) {
  if (lua_checkstack(L, 2) == 0) return luaL_error(L, "not enough memory");
  if (auto* const calls = static_cast<int*>(lua_touserdata(L, lua_upvalueindex(2)))) ++*calls;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  LuaMemory& memory = memory_of(L);
  if (memory.in_call != nullptr) {  // one calls another
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
  }
  int status = 0;
  {
    const Scarcity scarcity;  // lua_pcall lets no error by
    lua_Debug guard{};
    lua_getstack(L, 0, &guard);
    memory.guard_level = guard.i_ci;
    memory.in_call = L;
    status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    memory.in_call = nullptr;
  }
  return status != 0 ? lua_error(L) : lua_gettop(L);
}

}  // namespace

bool LuaMemory::of_a_module() const {
  lua_Debug frame{};
  return in_call != nullptr && lua_getstack(in_call, 0, &frame) != 0 && frame.i_ci != guard_level;
}

void* LuaMemory::allocate(void* self, void* block, std::size_t, std::size_t size) {
  auto& memory = *static_cast<LuaMemory*>(self);
  if (size == 0) {
    if (block != nullptr) --memory.blocks;
    std::free(block);
    return nullptr;
  }
  if (memory.of_a_module()) {
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

void starve(lua_State* L, int* calls) {
  lua_pushlightuserdata(L, calls);
  lua_pushcclosure(L, short_of_memory, 2);
}

void starve_module(lua_State* L) {
  lua_newtable(L);
  lua_insert(L, -2);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    if (lua_isfunction(L, -1)) starve(L, nullptr);
    lua_settable(L, -5);
  }
  lua_pop(L, 1);
}

int relent(lua_State*) {
  lua_allocations_granted = -1;
  return 0;
}

}  // namespace socketcore::test
