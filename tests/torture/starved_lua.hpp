#pragma once

#include <cstddef>

#include "lua/lua_api.hpp"

/// A Lua state whose memory is refused as the point says (torture.hpp), inside the calls of the modules under test only.
namespace socketcore::test {

/// What is not freed is counted.
struct LuaMemory {
  long blocks = 0;
  lua_State* in_call = nullptr;  // of a module
  int guard_level = 0;           // the frame that guards it: what Lua does there is not the module's

  [[nodiscard]] bool of_a_module() const;
  /// A lua_Alloc; `self` is a LuaMemory.
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t size);
};

/// Puts a function before that on top of the stack, which has it run short of memory, C++'s too. While `calls` is not null
/// it counts them.
void starve(lua_State* L, int* calls);
/// The same for all functions of the table on top of the stack, in a table of their own, which takes its place.
void starve_module(lua_State* L);

/// A function for the script: it has had enough of it, from now on nothing fails any more.
int relent(lua_State* L);

}  // namespace socketcore::test
