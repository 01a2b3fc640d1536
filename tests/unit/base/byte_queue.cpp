#include "base/byte_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <string_view>

namespace socketcore {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text(std::span<const std::byte> data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

TEST(ByteQueue, StartsEmpty) {
  ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(queue.front().empty());
}

TEST(ByteQueue, KeepsOrderAcrossPartialConsumption) {
  ByteQueue queue;
  queue.append(bytes("hello "));
  queue.consume(2);
  queue.append(bytes("world"));
  EXPECT_EQ(text(queue.front()), "llo world");
  queue.consume(4);
  EXPECT_EQ(text(queue.front()), "world");
  EXPECT_EQ(queue.size(), 5U);
}

TEST(ByteQueue, AppendingNothingChangesNothing) {
  ByteQueue queue;
  queue.append({});
  EXPECT_TRUE(queue.empty());
  queue.append(bytes("a"));
  queue.append({});
  EXPECT_EQ(text(queue.front()), "a");
}

TEST(ByteQueue, ConsumingAllOrNothing) {
  ByteQueue queue;
  queue.consume(0);
  queue.append(bytes("abc"));
  queue.consume(0);
  EXPECT_EQ(queue.size(), 3U);
  queue.consume(3);
  EXPECT_TRUE(queue.empty());
  queue.append(bytes("d"));
  EXPECT_EQ(text(queue.front()), "d");
}

TEST(ByteQueue, ClearForgetsEverything) {
  ByteQueue queue;
  queue.append(bytes("abc"));
  queue.consume(1);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  queue.append(bytes("xy"));
  EXPECT_EQ(text(queue.front()), "xy");
}

TEST(ByteQueue, RoomThatWasMadeNeedsNoMoreMemory) {
  ByteQueue queue;
  queue.append(bytes("abc"));
  queue.consume(2);
  queue.make_room(1000);
  const std::byte* before = queue.front().data();
  queue.append(bytes(std::string(1000, 'x')));
  EXPECT_EQ(queue.front().data(), before);
  EXPECT_EQ(text(queue.front()), "c" + std::string(1000, 'x'));
}

TEST(ByteQueue, AppendKeepsItsOwnBytesWhenTheyMove) {
  ByteQueue queue;
  queue.append(bytes(std::string(100, 'a') + "tail"));
  queue.consume(100);
  for (int i = 0; i < 10; ++i) queue.append(bytes(std::string(64, 'b')));
  EXPECT_EQ(text(queue.front()), "tail" + std::string(640, 'b'));
}

TEST(ByteQueue, AgreesWithADequeOverManySteps) {
  std::mt19937 random(7);
  ByteQueue queue;
  std::deque<char> model;
  char next = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      std::string more(random() % 50, '\0');
      for (char& c : more) c = next++;
      queue.append(bytes(more));
      model.insert(model.end(), more.begin(), more.end());
    } else {
      const std::size_t count = model.empty() ? 0 : random() % (model.size() + 1);
      queue.consume(count);
      model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(text(queue.front()), std::string(model.begin(), model.end())) << "step " << step;
  }
}

}  // namespace
}  // namespace socketcore
