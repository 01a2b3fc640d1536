#include "device/strays.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "os/sim.hpp"

namespace socketcore {
namespace {

class StraysTest : public testing::Test {
 protected:
  /// What is delivered: "send 3", "close 3".
  std::vector<std::string> delivered() {
    std::vector<std::string> lines;
    Note note;
    while (queue_.take(note)) {
      if (!strays_.deliver(note)) continue;
      lines.push_back((note.kind == Note::Kind::stray_send_cnf ? "send " : "close ") + std::to_string(note.id));
    }
    return lines;
  }
  using Lines = std::vector<std::string>;

  SimOs os_;
  Loop loop_{os_};
  MessageQueue queue_{loop_, Token()};
  Strays strays_{queue_};
};

TEST_F(StraysTest, AreAnsweredInOrder) {
  strays_.answer_send(3, Err::earg);
  strays_.answer_send(4, Err::earg);
  strays_.answer_close(5);
  strays_.answer_send(3, Err::earg);
  EXPECT_EQ(delivered(), (Lines{"send 3", "send 4", "close 5", "send 3"}));
}

TEST_F(StraysTest, ACloseDropsTheSendsOfItsIdBeforeIt) {
  strays_.answer_send(3, Err::earg);
  strays_.answer_send(4, Err::earg);
  strays_.answer_close(3);
  EXPECT_EQ(delivered(), (Lines{"send 4", "close 3"}));
}

TEST_F(StraysTest, ACloseIsUnderWayUntilItIsDelivered) {
  EXPECT_FALSE(strays_.closing(3));
  strays_.answer_close(3);
  EXPECT_TRUE(strays_.closing(3));
  EXPECT_FALSE(strays_.closing(4));
  EXPECT_EQ(delivered(), Lines{"close 3"});
  EXPECT_FALSE(strays_.closing(3));
}

TEST_F(StraysTest, OneThatIsDeliveredWhileOthersWait) {
  strays_.answer_close(3);
  strays_.answer_send(4, Err::earg);
  Note note;
  ASSERT_TRUE(queue_.take(note));
  EXPECT_TRUE(strays_.deliver(note));
  EXPECT_FALSE(strays_.closing(3));
  strays_.answer_send(3, Err::earg);
  EXPECT_EQ(delivered(), (Lines{"send 4", "send 3"}));
}

TEST_F(StraysTest, DropsOfTheLastRoundDoNotReachIntoTheNext) {
  for (int round = 0; round < 100; ++round) {
    strays_.answer_send(3, Err::earg);
    strays_.answer_close(3);
    EXPECT_EQ(delivered(), Lines{"close 3"});
    strays_.answer_send(3, Err::earg);
    EXPECT_EQ(delivered(), Lines{"send 3"});
  }
}

}  // namespace
}  // namespace socketcore
