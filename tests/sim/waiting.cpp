#include "sim/fixture.hpp"

// receive(), next() and sleep(): how long they wait, and what a busy script still gets.
namespace socketcore::test {
namespace {

class Waiting : public SimTest {
 protected:
  Waited receive(std::optional<Duration> timeout, bool stop_when_idle = false) {
    return device->receive(message, timeout, stop_when_idle);
  }
  Message message;
};

TEST_F(Waiting, TimesOutExactly) {
  for (const Duration limit : {Duration(1ns), Duration(1ms), Duration(1s), Duration(50h)}) {
    const Instant start = sim.now();
    EXPECT_EQ(receive(limit), Waited::timeout);
    EXPECT_EQ(since(start), limit);
  }
}

TEST_F(Waiting, TimesOutExactlyWhileOthersAreServed) {
  const auto other = make_device(options);
  for (int i = 1; i < 10; ++i) EXPECT_TRUE(other->start_timer(i, i * 7));
  const Instant start = sim.now();
  EXPECT_EQ(receive(50ms), Waited::timeout);
  EXPECT_EQ(since(start), Duration(50ms));
}

TEST_F(Waiting, ZeroPolls) {
  const Instant start = sim.now();
  EXPECT_EQ(receive(0s), Waited::timeout);
  EXPECT_TRUE(device->start_timer(1, 1));
  EXPECT_EQ(receive(0s), Waited::timeout);
  EXPECT_EQ(sim.now(), start);
  sim.advance(1ms);
  EXPECT_EQ(receive(0s), Waited::message) << "a poll makes a turn";
}

TEST_F(Waiting, ANegativeTimeIsAPoll) {
  const Instant start = sim.now();
  EXPECT_EQ(receive(-1s), Waited::timeout);
  EXPECT_EQ(sim.now(), start);
}

TEST_F(Waiting, AMessageAtTheVeryEndOfTheTime) {
  EXPECT_TRUE(device->start_timer(1, 100));
  EXPECT_EQ(receive(100ms), Waited::message);
}

TEST_F(Waiting, ForEver) {
  EXPECT_TRUE(device->start_timer(1, 0x7fffffff));
  EXPECT_EQ(receive(std::nullopt), Waited::message);
}

TEST_F(Waiting, NoOtherCallDoes) {
  auto [id, peer] = open();
  peer.send("hello");
  sim.advance(1ms);
  const std::size_t waits = os.waits;
  const Instant start = sim.now();
  connect_tcp("192.0.2.9");
  connect_tcp("far.test");
  connect_udp();
  EXPECT_EQ(send(id, pattern(900'000)), Err::ok);
  EXPECT_EQ(recv(id), "hello");
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_alive, 1));
  EXPECT_TRUE(device->start_timer(1, 1));
  EXPECT_TRUE(device->stop_timer(1));
  while (device->next(message)) {
  }
  for (const SocketId each : device->sockets()) EXPECT_TRUE(device->close(each));
  EXPECT_FALSE(device->close(99));
  EXPECT_FALSE(device->destroy(id));
  device.reset();
  EXPECT_EQ(os.waits, waits);
  EXPECT_EQ(sim.now(), start);
  device = make_device(options);
}

TEST_F(Waiting, TheLongestTimesThereAre) {
  EXPECT_TRUE(device->start_timer(1, 1000));
  EXPECT_TRUE(device->start_timer(2, 2000));
  EXPECT_EQ(receive(Duration::max()), Waited::message);
  EXPECT_EQ(receive(std::chrono::duration_cast<Duration>(std::chrono::hours(24 * 365 * 250))), Waited::message);
  EXPECT_TRUE(device->start_timer(3, 1000));
  EXPECT_EQ(reactor.turn(Duration::max()).size(), 1U);
  EXPECT_EQ(receive(Duration::min()), Waited::message);
  EXPECT_EQ(receive(Duration::min()), Waited::timeout);
  EXPECT_EQ(device->sleep(Duration::min()), Waited::timeout);
  EXPECT_TRUE(device->start_timer(4, 1000));
  EXPECT_EQ(device->sleep(Duration::max()), Waited::interrupted) << "a wait for ever ends where nothing can come on SimOs";
}

TEST_F(Waiting, WakeInterrupts) {
  reactor.wake();
  const Instant start = sim.now();
  EXPECT_EQ(receive(1h), Waited::interrupted);
  EXPECT_EQ(sim.now(), start);
  reactor.wake();
  EXPECT_EQ(device->sleep(1h), Waited::interrupted);
  EXPECT_EQ(sim.now(), start);
  EXPECT_EQ(receive(1ms), Waited::timeout) << "once";
}

TEST_F(Waiting, AMessageIsWorthMoreThanAnInterruption) {
  EXPECT_EQ(send(5, "stray"), Err::earg);
  reactor.wake();
  EXPECT_EQ(receive(1h), Waited::message);
}

TEST_F(Waiting, NextMakesNoTurn) {
  EXPECT_TRUE(device->start_timer(1, 1));
  sim.advance(1s);
  const std::size_t waits = os.waits;
  EXPECT_FALSE(device->next(message));
  EXPECT_EQ(os.waits, waits);
  (void)reactor.turn(0s);
  EXPECT_TRUE(device->next(message));
  EXPECT_FALSE(device->next(message));
}

TEST_F(Waiting, SleepTakesItsTimeAndMessagesQueue) {
  auto [id, peer] = open();
  peer.send("hello");
  EXPECT_TRUE(device->start_timer(1, 10));
  const Instant start = sim.now();
  EXPECT_EQ(device->sleep(1s), Waited::timeout);
  EXPECT_EQ(since(start), Duration(1s));
  EXPECT_EQ(lines_within(0s), (Lines{"receive_ind 0 5", "timer 1"}));
}

TEST_F(Waiting, LimitsGoOnInASleep) {
  sim.black_hole(*Address::parse("192.0.2.1"));
  connect_tcp();
  sleep(76s);
  const Instant woke = sim.now();
  expect("connect_cnf 0 ETIMEOUT");
  EXPECT_EQ(sim.now(), woke);
}

TEST_F(Waiting, SleepOfNoTime) {
  const Instant start = sim.now();
  EXPECT_EQ(device->sleep(0s), Waited::timeout);
  EXPECT_EQ(device->sleep(-1s), Waited::timeout);
  EXPECT_EQ(sim.now(), start);
}

TEST_F(Waiting, IdleIsToldOnlyIfAskedFor) {
  EXPECT_EQ(receive(std::nullopt, true), Waited::idle);
  EXPECT_EQ(receive(10ms, true), Waited::timeout) << "a limited wait waits";
}

TEST_F(Waiting, NotIdleWhileSomethingMayCome) {
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_EQ(receive(std::nullopt, true), Waited::message);
  EXPECT_EQ(receive(std::nullopt, true), Waited::idle);
  EXPECT_EQ(send(3, "x"), Err::earg);
  EXPECT_EQ(receive(std::nullopt, true), Waited::message);
  connect_tcp("192.0.2.1", 9);
  EXPECT_EQ(receive(std::nullopt, true), Waited::message);
  EXPECT_EQ(receive(std::nullopt, true), Waited::idle) << "a failed socket says nothing more";
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_TRUE(device->stop_timer(1));
  EXPECT_EQ(receive(std::nullopt, true), Waited::idle);
}

TEST_F(Waiting, NotIdleWhileAConnectionIsOpen) {
  auto [id, peer] = open();
  reactor.wake();
  EXPECT_EQ(receive(std::nullopt, true), Waited::interrupted);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(receive(std::nullopt, true), Waited::message);
  EXPECT_EQ(receive(std::nullopt, true), Waited::idle);
}

// ---- A script that never lets its queue run empty.

TEST_F(Waiting, ABusyScriptStillGetsItsTimers) {
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_EQ(send(5, "x"), Err::earg);
  sim.advance(20ms);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(receive(1h), Waited::message);
    if (message.kind == MessageKind::timer) return;
    EXPECT_EQ(send(5, "x"), Err::earg);
  }
  FAIL() << "500 messages of its own making, and no timer";
}

TEST_F(Waiting, ABusyScriptThatPollsStillGetsItsTimers) {
  EXPECT_TRUE(device->start_timer(1, 10));
  EXPECT_EQ(send(5, "x"), Err::earg);
  sim.advance(20ms);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(receive(0s), Waited::message);
    if (message.kind == MessageKind::timer) return;
    EXPECT_EQ(send(5, "x"), Err::earg);
  }
  FAIL() << "500 messages of its own making, and no timer";
}

TEST_F(Waiting, ABusyScriptStillHearsItsPeers) {
  auto [busy, sink] = open();
  auto [quiet, peer] = open();
  EXPECT_EQ(send(busy, "x"), Err::ok);
  peer.send("hello");
  sim.advance(1ms);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(receive(1h), Waited::message);
    if (message.kind == MessageKind::receive_ind) return;
    EXPECT_EQ(send(busy, "x"), Err::ok);
  }
  FAIL() << "500 confirmations, and no word of the peer";
}

TEST_F(Waiting, ABusyScriptOfLargeSendsStillHearsItsPeers) {
  auto [busy, sink] = open();
  auto [quiet, peer] = open();
  peer.send("hello");
  sim.advance(1ms);
  const std::string page = pattern(60'000);
  std::size_t moved = 0;
  for (int i = 0; i < 500 && moved < 4'000'000; ++i) {
    EXPECT_EQ(send(busy, page), Err::ok);
    moved += page.size();
    (void)sink.read();
    ASSERT_EQ(receive(1h), Waited::message);
    if (message.kind == MessageKind::receive_ind) return;
  }
  FAIL() << moved << " bytes, and no word of the peer";
}

TEST_F(Waiting, ABusyScriptStillMeetsItsLimits) {
  auto [busy, sink] = open();
  sim.black_hole(*Address::parse("192.0.2.9"));
  connect_tcp("192.0.2.9");
  EXPECT_EQ(receive(0s), Waited::timeout);
  sim.advance(76s);
  EXPECT_EQ(send(busy, "x"), Err::ok);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(receive(1h), Waited::message);
    if (message.kind == MessageKind::connect_cnf) return;
    EXPECT_EQ(send(busy, "x"), Err::ok);
  }
  FAIL() << "the connect limit is long over";
}

// ---- Clocks.

TEST_F(Waiting, TicksCount16384PerSecond) {
  const std::uint64_t start = device->ticks();
  sim.advance(1s);
  EXPECT_EQ(device->ticks() - start, 16384U);
  sim.advance(1000h);
  EXPECT_EQ(device->ticks() - start, std::uint64_t{16384} * 3'600'001);
  sim.advance(Duration(1'000'000'000 / 16384 + 1));
  EXPECT_EQ(device->ticks() - start, std::uint64_t{16384} * 3'600'001 + 1);
}

TEST_F(Waiting, ClocksAndRandomBytesAreTheOss) {
  const WallTime wall = device->wall_clock();
  EXPECT_EQ(wall, sim.wall_clock());
  sim.advance(5s);
  EXPECT_EQ(device->wall_clock() - wall, Duration(5s));
  std::array<std::byte, 16> one{};
  std::array<std::byte, 16> two{};
  device->random(one);
  device->random(two);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace socketcore::test
