#include "base/wiped.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace {

using socketcore::Wiped;
using Key = std::array<char, 32>;

TEST(Wiped, LeavesNothingBehind) {
  // Memory of our own, which may be looked at when the object is gone.
  alignas(Wiped<Key>) std::array<char, sizeof(Wiped<Key>)> memory;
  memory.fill('?');
  auto* const secret = new (memory.data()) Wiped<Key>;
  std::memcpy(secret->value.data(), "the key of the house, and more..", 32);
  ASSERT_EQ(memory[15], 'h');
  std::destroy_at(secret);
  EXPECT_EQ(memory, (std::array<char, sizeof(Wiped<Key>)>{}));
}

TEST(Wiped, AStringIsOverwrittenBeforeItIsEmptied) {
  // Short enough to lie in the object itself.
  alignas(std::string) std::array<char, sizeof(std::string)> memory{};
  const auto holds = [&memory](std::string_view text) {
    return std::search(memory.begin(), memory.end(), text.begin(), text.end()) != memory.end();
  };
  auto* const secret = new (memory.data()) std::string("a password");
  ASSERT_TRUE(holds("password"));
  socketcore::wipe(*secret);
  EXPECT_TRUE(secret->empty());
  EXPECT_FALSE(holds("word"));
  std::destroy_at(secret);
}

}  // namespace
