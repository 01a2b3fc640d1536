#include "runner/lua_memory.hpp"

#include <cstdlib>

namespace runner {

void* LuaMemory::allocate(void* self, void* block, std::size_t old_bytes, std::size_t new_bytes) noexcept {
  std::size_t& left = static_cast<LuaMemory*>(self)->left_;
  if (block == nullptr) old_bytes = 0;
  if (new_bytes > old_bytes && new_bytes - old_bytes > left) return nullptr;
  if (new_bytes == 0) {
    std::free(block);
    left += old_bytes;
    return nullptr;
  }
  void* const moved = std::realloc(block, new_bytes);
  if (moved != nullptr) left = left + old_bytes - new_bytes;
  return moved;
}

}  // namespace runner
