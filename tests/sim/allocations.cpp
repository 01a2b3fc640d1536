#include "sim/allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace socketcore::test {
namespace {

// Stands before each block, and keeps its alignment.
struct alignas(std::max_align_t) Head {
  bool of_the_engine;
};

void* allocate(std::size_t size) noexcept {
  if (allocations_left == 0) {
    if (only_one_fails) allocations_left = -1;
    return nullptr;
  }
  auto* const head = static_cast<Head*>(std::malloc(sizeof(Head) + size));
  if (head == nullptr) return nullptr;
  head->of_the_engine = allocations_left > 0;
  if (head->of_the_engine) {
    --allocations_left;
    ++allocations_made;
    ++blocks_of_the_engine;
  }
  return head + 1;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  Head* const head = static_cast<Head*>(memory) - 1;
  if (head->of_the_engine) --blocks_of_the_engine;
  std::free(head);
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
  socketcore::test::release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  socketcore::test::release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  socketcore::test::release(memory);
}
