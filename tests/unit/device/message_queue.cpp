#include "device/message_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "os/sim.hpp"

namespace socketcore {
namespace {

class MessageQueueTest : public testing::Test {
 protected:
  void post(std::int32_t id) {
    queue_.promise(1);
    queue_.redeem(1);
    queue_.post({.kind = Note::Kind::timer, .error = Err::ok, .id = id, .serial = 0, .size = 0});
  }
  /// The id of the next note, -1 for none.
  std::int32_t take() {
    Note note;
    return queue_.take(note) ? note.id : -1;
  }

  SimOs os_;
  Loop loop_{os_};
  struct Owner final : Handler {
  } owner_;
  Token token_ = loop_.attach(owner_);
  MessageQueue queue_{loop_, token_};
};

TEST_F(MessageQueueTest, GivesNotesInOrder) {
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(take(), -1);
  for (std::int32_t id = 0; id < 100; ++id) post(id);
  EXPECT_FALSE(queue_.empty());
  for (std::int32_t id = 0; id < 100; ++id) EXPECT_EQ(take(), id);
  EXPECT_EQ(take(), -1);
}

TEST_F(MessageQueueTest, APromisedPlaceIsKeptThroughOthersPosts) {
  queue_.promise(50);
  for (std::int32_t id = 0; id < 1000; ++id) post(id);
  queue_.redeem(50);
  for (std::int32_t id = 1000; id < 1050; ++id) {
    queue_.post({.kind = Note::Kind::timer, .error = Err::ok, .id = id, .serial = 0, .size = 0});
  }
  for (std::int32_t id = 0; id < 1050; ++id) ASSERT_EQ(take(), id);
}

TEST_F(MessageQueueTest, TellsTheLoopWhenItIsNotEmptyAnyMore) {
  post(1);
  post(2);
  EXPECT_EQ(loop_.turn(Duration::zero()).size(), 1U);
  post(3);
  EXPECT_TRUE(loop_.turn(Duration::zero()).empty()) << "it was not empty";
  while (take() >= 0) {
  }
  post(4);
  const auto ready = loop_.turn(Duration::zero());
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0], token_);
}

TEST_F(MessageQueueTest, AgreesWithADequeOverManySteps) {
  std::mt19937 random(5);
  std::deque<std::int32_t> model;
  for (std::int32_t step = 0; step < 20'000; ++step) {
    if (random() % 5 < 3) {
      post(step);
      model.push_back(step);
    } else {
      const std::int32_t expected = model.empty() ? -1 : model.front();
      if (!model.empty()) model.pop_front();
      ASSERT_EQ(take(), expected);
    }
    if (random() % 200 == 0) {
      while (take() >= 0) {
      }
      model.clear();
    }
  }
}

}  // namespace
}  // namespace socketcore
