#include "sim/allocations.hpp"

#include <cstdlib>
#include <new>

namespace socketcore::test {
namespace {

void* allocate(std::size_t size) noexcept {
  if (allocations_left == 0) {
    if (only_one_fails) allocations_left = -1;
    return nullptr;
  }
  if (allocations_left > 0) --allocations_left;
  return std::malloc(size);
}

}  // namespace
}  // namespace socketcore::test

void* operator new(std::size_t size) {
  if (void* memory = socketcore::test::allocate(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return socketcore::test::allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
