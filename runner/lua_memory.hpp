#pragma once

#include <cstddef>

#include "lua/lua_api.hpp"

namespace runner {

/// The memory of one Lua state, counted. What would lead beyond the limit fails in the script: "not enough memory".
/// Neither Lua collects garbage because of it.
class LuaMemory {
 public:
  explicit LuaMemory(std::size_t limit_bytes) noexcept : left_(limit_bytes) {}
  LuaMemory(const LuaMemory&) = delete;
  LuaMemory& operator=(const LuaMemory&) = delete;

  /// Null where there is not enough. This object must outlive the state.
  [[nodiscard]] lua_State* new_state() noexcept { return lua_newstate(allocate, this); }

 private:
  static void* allocate(void* self, void* block, std::size_t old_bytes, std::size_t new_bytes) noexcept;

  std::size_t left_;
};

}  // namespace runner
