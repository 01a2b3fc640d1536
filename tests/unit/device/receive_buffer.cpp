#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "device/core.hpp"

namespace socketcore {
namespace {

std::string text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Holder final : ReceiveBuffer::Holder {
  explicit Holder(ReceiveBuffer& its_buffer) : buffer(its_buffer) {}
  void vacate() noexcept override { kept = text(buffer.held()); }
  void fill(std::string_view with) {
    const auto memory = buffer.claim(*this);
    std::memcpy(memory.data(), with.data(), with.size());
    buffer.filled(with.size());
  }
  ReceiveBuffer& buffer;
  std::string kept = "-";
};

TEST(ReceiveBuffer, HoldsWhatWasFilledIn) {
  ReceiveBuffer buffer;
  Holder one(buffer);
  EXPECT_FALSE(buffer.held_by(one));
  EXPECT_EQ(buffer.claim(one).size(), ReceiveBuffer::kBytes);
  one.fill("hello");
  EXPECT_TRUE(buffer.held_by(one));
  EXPECT_EQ(text(buffer.held()), "hello");
  buffer.consume(2);
  EXPECT_EQ(text(buffer.held()), "llo");
}

TEST(ReceiveBuffer, TheNextOneMakesTheHolderLeave) {
  ReceiveBuffer buffer;
  Holder one(buffer);
  Holder two(buffer);
  one.fill("hello");
  buffer.consume(1);
  two.fill("world");
  EXPECT_EQ(one.kept, "ello");
  EXPECT_FALSE(buffer.held_by(one));
  EXPECT_EQ(text(buffer.held()), "world");
  EXPECT_EQ(two.kept, "-");
}

TEST(ReceiveBuffer, TheHolderItselfIsNotMadeToLeave) {
  ReceiveBuffer buffer;
  Holder one(buffer);
  one.fill("hello");
  one.fill("again");
  EXPECT_EQ(one.kept, "-");
  EXPECT_EQ(text(buffer.held()), "again");
}

TEST(ReceiveBuffer, WhatIsLeftMovesToTheFront) {
  ReceiveBuffer buffer;
  Holder one(buffer);
  one.fill("hello");
  buffer.consume(3);
  const auto memory = buffer.pull_to_front();
  EXPECT_EQ(memory.size(), ReceiveBuffer::kBytes);
  EXPECT_EQ(text(memory.first(2)), "lo");
  std::memcpy(memory.data() + 2, "ok", 2);
  buffer.filled(4);
  EXPECT_EQ(text(buffer.held()), "look");
}

TEST(ReceiveBuffer, ForgetsAHolderThatLeaves) {
  ReceiveBuffer buffer;
  Holder one(buffer);
  Holder two(buffer);
  one.fill("hello");
  buffer.leave(two);
  EXPECT_TRUE(buffer.held_by(one));
  buffer.leave(one);
  EXPECT_FALSE(buffer.held_by(one));
  two.fill("world");
  EXPECT_EQ(one.kept, "-") << "it is gone";
}

}  // namespace
}  // namespace socketcore
