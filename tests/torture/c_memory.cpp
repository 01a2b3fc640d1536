#include "torture/c_memory.hpp"

#include <ares.h>
#include <openssl/crypto.h>

#include <cstdlib>

#include "sim/allocations.hpp"

namespace socketcore::test {
namespace {

bool granted() noexcept {
  if (allocations_left == 0) {
    if (only_one_fails) allocations_left = -1;
    return false;
  }
  if (allocations_left > 0) {
    --allocations_left;
    ++allocations_made;
  }
  return true;
}

void* allocate(std::size_t size) { return granted() ? std::malloc(size) : nullptr; }
void* resize(void* block, std::size_t size) { return granted() ? std::realloc(block, size) : nullptr; }

}  // namespace

void starve_c_libraries() {
  const int taken = CRYPTO_set_mem_functions(
      [](std::size_t size, const char*, int) { return size == 0 ? nullptr : allocate(size); },
      [](void* block, std::size_t size, const char*, int) -> void* {
        if (size != 0) return resize(block, size);
        std::free(block);
        return nullptr;
      },
      [](void* block, const char*, int) { std::free(block); });
  if (taken != 1) std::abort();
  if (ares_library_init_mem(ARES_LIB_INIT_ALL, allocate, std::free, resize) != ARES_SUCCESS) std::abort();
}

}  // namespace socketcore::test
