#pragma once

#include <cstddef>
#include <cstdlib>

/// Counts allocations and refuses one, the one that it was told.
struct Memory {
  int until_refusal = 0;  // 0: it refuses nothing
  bool refused = false;

  bool refuses() {
    if (until_refusal == 0 || --until_refusal > 0) return false;
    return refused = true;
  }
  static void* allocate(void* self, void* block, std::size_t, std::size_t size) {
    if (size == 0) {
      std::free(block);
      return nullptr;
    }
    return static_cast<Memory*>(self)->refuses() ? nullptr : std::realloc(block, size);
  }
};

inline Memory of_lua;
/// Asked by operator new.
inline Memory of_cpp;
