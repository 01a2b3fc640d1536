#include "sim/fixture.hpp"

// A script's timers.
namespace socketcore::test {
namespace {

class Timers : public SimTest {};

TEST_F(Timers, RunOutOnce) {
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(7, 100));
  expect("timer 7");
  EXPECT_EQ(since(start), Duration(100ms));
  expect_silence(10s);
}

TEST_F(Timers, ByDeadline) {
  for (const int id : {3, 1, 2}) EXPECT_TRUE(device->start_timer(id, id * 10));
  EXPECT_EQ(lines_within(1s), (Lines{"timer 1", "timer 2", "timer 3"}));
  for (const int id : {3, 1, 2}) EXPECT_TRUE(device->start_timer(id, id * 10));
  sim.advance(1s);
  EXPECT_EQ(lines_within(0s), (Lines{"timer 1", "timer 2", "timer 3"})) << "also when all were due for long";
}

TEST_F(Timers, OfTheSameDeadlineInTheOrderOfTheirStart) {
  for (const int id : {5, 9, 1}) EXPECT_TRUE(device->start_timer(id, 10));
  EXPECT_EQ(lines_within(1s), (Lines{"timer 5", "timer 9", "timer 1"}));
}

TEST_F(Timers, StartedAgainWhileTheyRun) {
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 100));
  sleep(60ms);
  EXPECT_TRUE(device->start_timer(1, 100));
  expect("timer 1");
  EXPECT_EQ(since(start), Duration(160ms));
  expect_silence(1s);
}

TEST_F(Timers, StartedAgainToBeSooner) {
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 1000));
  EXPECT_TRUE(device->start_timer(1, 10));
  expect("timer 1");
  EXPECT_EQ(since(start), Duration(10ms));
  expect_silence(2s);
}

TEST_F(Timers, ARestartDropsTheQueuedMessage) {
  EXPECT_TRUE(device->start_timer(1, 10));
  sleep(20ms);
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 50));
  expect("timer 1");
  EXPECT_EQ(since(start), Duration(50ms));
  expect_silence(1s);
}

TEST_F(Timers, ManyRestartsWithTheMessageInTheQueue) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(device->start_timer(1, 1));
    sleep(2ms);
  }
  EXPECT_EQ(lines_within(1s), Lines{"timer 1"});
}

TEST_F(Timers, Stopped) {
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_TRUE(device->start_timer(2, 10));
  EXPECT_TRUE(device->stop_timer(1));
  EXPECT_EQ(lines_within(1s), Lines{"timer 2"});
}

TEST_F(Timers, StoppedAfterTheyRanOut) {
  EXPECT_TRUE(device->start_timer(1, 10));
  sleep(20ms);
  EXPECT_TRUE(device->stop_timer(1));
  expect_silence(1s);
  EXPECT_TRUE(device->start_timer(1, 10));
  expect("timer 1");
}

TEST_F(Timers, StoppedAndStartedAfterTheyRanOut) {
  EXPECT_TRUE(device->start_timer(1, 10));
  sleep(20ms);
  EXPECT_TRUE(device->stop_timer(1));
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 30));
  expect("timer 1");
  EXPECT_EQ(since(start), Duration(30ms));
  expect_silence(1s);
}

TEST_F(Timers, StoppingWhatDoesNotRun) {
  EXPECT_TRUE(device->stop_timer(0));
  EXPECT_TRUE(device->stop_timer(0x7fffffff));
  EXPECT_FALSE(device->stop_timer(-1));
  EXPECT_TRUE(device->start_timer(1, 1));
  expect("timer 1");
  EXPECT_TRUE(device->stop_timer(1));
}

TEST_F(Timers, IdsAndTimesHaveLimits) {
  EXPECT_TRUE(device->start_timer(0, 1));
  EXPECT_TRUE(device->start_timer(0x7fffffff, 1));
  EXPECT_FALSE(device->start_timer(-1, 1));
  EXPECT_FALSE(device->start_timer(1, 0));
  EXPECT_FALSE(device->start_timer(1, -1));
  EXPECT_FALSE(device->start_timer(1, std::numeric_limits<std::int32_t>::min()));
  EXPECT_EQ(lines_within(1s), (Lines{"timer 0", "timer 2147483647"}));
}

TEST_F(Timers, AWrongTimeDoesNotDisturbTheRunningOne) {
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 100));
  EXPECT_FALSE(device->start_timer(1, 0));
  expect("timer 1");
  EXPECT_EQ(since(start), Duration(100ms));
}

TEST_F(Timers, TheLongestTime) {
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 0x7fffffff));
  expect("timer 1", Duration(0x7fffffffLL * 1'000'000));
  EXPECT_EQ(since(start), Duration(0x7fffffffLL * 1'000'000));
}

TEST_F(Timers, ComeBeforeTheSocketMessagesOfTheTurn) {
  auto [id, peer] = open();
  EXPECT_TRUE(device->start_timer(1, 20));
  EXPECT_TRUE(device->start_timer(2, 10));
  peer.send("hello");
  sim.advance(1s);
  EXPECT_EQ(lines_within(0s), (Lines{"timer 2", "timer 1", "receive_ind 0 5"}));
  (void)recv(id);
}

TEST_F(Timers, ComeBeforeAConnectionThatTheSameTurnMakes) {
  EXPECT_TRUE(device->start_timer(1, 20));
  sim.advance(1s);
  connect_udp();
  EXPECT_EQ(lines_within(0s), (Lines{"timer 1", "connect_cnf 0"})) << "it was due before the turn";
}

TEST_F(Timers, AreTheDevicesOwn) {
  const auto other = make_device(options);
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_TRUE(other->start_timer(1, 20));
  EXPECT_TRUE(other->start_timer(2, 5));
  EXPECT_TRUE(device->stop_timer(2));
  EXPECT_EQ(lines_within(1s), Lines{"timer 1"});
  Message message;
  ASSERT_TRUE(other->next(message));
  EXPECT_EQ(line_of(message), "timer 2");
  ASSERT_TRUE(other->next(message));
  EXPECT_EQ(line_of(message), "timer 1");
  EXPECT_FALSE(other->next(message));
}

TEST_F(Timers, GoWithTheirDevice) {
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_TRUE(device->start_timer(2, 1000));
  sleep(100ms);
  device.reset();
  EXPECT_EQ(reactor.until_due(), std::nullopt);
}

TEST_F(Timers, ManyAtOnce) {
  for (int id = 0; id < 5000; ++id) EXPECT_TRUE(device->start_timer(id, 5000 - id));
  for (int id = 0; id < 5000; id += 2) EXPECT_TRUE(device->stop_timer(id));
  const Lines lines = lines_within(10s);
  ASSERT_EQ(lines.size(), 2500U);
  EXPECT_EQ(lines.front(), "timer 4999");
  EXPECT_EQ(lines.back(), "timer 1");
}

TEST_F(Timers, StartedFromTheirOwnMessage) {
  const Instant start = sim.now();
  EXPECT_TRUE(device->start_timer(1, 10));
  for (int i = 0; i < 100; ++i) {
    expect("timer 1");
    EXPECT_TRUE(device->start_timer(1, 10));
  }
  EXPECT_EQ(since(start), Duration(1s));
}

}  // namespace
}  // namespace socketcore::test
