#include "sim/fixture.hpp"

#include <algorithm>

// One reactor that a host turns for many devices.
namespace socketcore::test {
namespace {

class ManyDevices : public SimTest {
 protected:
  ManyDevices() {
    for (int i = 0; i < 3; ++i) others.push_back(make_device(options));
  }
  void TearDown() override {
    others.clear();
    SimTest::TearDown();
  }
  /// Turns, and answers with the indices of the devices that became ready.
  std::vector<std::size_t> turn(Duration timeout) {
    std::vector<std::size_t> ready;
    for (const DeviceKey key : reactor.turn(timeout)) {
      const auto found =
          std::find_if(others.begin(), others.end(), [&](const auto& other) { return other && other->inner().key() == key; });
      ready.push_back(static_cast<std::size_t>(found - others.begin()));
    }
    return ready;
  }
  Lines lines_of(std::size_t which) {
    Lines lines;
    Message message;
    while (others[which]->next(message)) lines.push_back(line_of(message));
    return lines;
  }
  using Indices = std::vector<std::size_t>;
  std::vector<std::unique_ptr<CheckedDevice>> others;
};

TEST_F(ManyDevices, HaveKeysOfTheirOwn) {
  EXPECT_NE(others[0]->inner().key(), others[1]->inner().key());
  const DeviceKey old = others[0]->inner().key();
  for (int i = 0; i < 10; ++i) {
    others[0].reset();
    others[0] = make_device(options);
    EXPECT_NE(others[0]->inner().key(), old) << "never used again";
  }
}

TEST_F(ManyDevices, ATurnAnswersWhoBecameReady) {
  EXPECT_TRUE(others[2]->start_timer(1, 10));
  EXPECT_TRUE(others[0]->start_timer(1, 20));
  EXPECT_EQ(turn(1h), Indices{2});
  EXPECT_EQ(turn(1h), Indices{0});
  EXPECT_EQ(turn(1ms), Indices{});
  EXPECT_EQ(lines_of(2), Lines{"timer 1"});
  EXPECT_EQ(lines_of(0), Lines{"timer 1"});
}

TEST_F(ManyDevices, AWaitOfOneHidesNoOther) {
  EXPECT_TRUE(others[2]->start_timer(1, 10));
  EXPECT_EQ(others[0]->sleep(20ms), Waited::timeout);
  EXPECT_EQ(reactor.until_due(), Duration::zero());
  EXPECT_EQ(turn(1h), Indices{2});
  EXPECT_TRUE(others[1]->start_timer(1, 10));
  Message message;
  EXPECT_EQ(others[0]->receive(message, 20ms), Waited::timeout);
  EXPECT_EQ(turn(1h), Indices{1});
  EXPECT_EQ(reactor.until_due(), std::nullopt);
}

TEST_F(ManyDevices, ATurnAnswersEachOnceAndInOrder) {
  EXPECT_TRUE(others[1]->start_timer(1, 10));
  EXPECT_TRUE(others[1]->start_timer(2, 10));
  EXPECT_TRUE(others[0]->start_timer(3, 10));
  EXPECT_EQ(turn(1h), (Indices{1, 0}));
  EXPECT_EQ(lines_of(1), (Lines{"timer 1", "timer 2"}));
}

TEST_F(ManyDevices, AQueueThatWasNotEmptyIsNotAnsweredAgain) {
  EXPECT_TRUE(others[1]->start_timer(1, 10));
  EXPECT_EQ(turn(1h), Indices{1});
  EXPECT_TRUE(others[1]->start_timer(2, 10));
  EXPECT_EQ(turn(20ms), Indices{}) << "its first message still waits";
  EXPECT_EQ(lines_of(1).size(), 2U);
  EXPECT_TRUE(others[1]->start_timer(3, 10));
  EXPECT_EQ(turn(1h), Indices{1});
}

TEST_F(ManyDevices, MessagesOfCallsAreAnsweredToo) {
  EXPECT_EQ(others[1]->send(5, bytes_of("x")), Err::earg);
  EXPECT_EQ(reactor.until_due(), Duration::zero()) << "a turn has something to say";
  const Instant start = sim.now();
  EXPECT_EQ(turn(1h), Indices{1});
  EXPECT_EQ(sim.now(), start);
}

TEST_F(ManyDevices, TheirConnectionsAreServedByTheTurnsOfTheHost) {
  Listener listener(sim, at("192.0.2.1", 80));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(others[i]->connect({.address = "192.0.2.1", .port = 80}).id, 0);
  }
  EXPECT_EQ(reactor.until_due(), Duration::zero()) << "connect() waits for a turn";
  Indices ready;
  for (int i = 0; i < 10; ++i) {
    for (const std::size_t which : turn(1ms)) ready.push_back(which);
  }
  EXPECT_EQ(ready, (Indices{0, 1, 2}));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(lines_of(i), Lines{"connect_cnf 0"});
}

TEST_F(ManyDevices, TheDeadAreNotAnswered) {
  EXPECT_TRUE(others[0]->start_timer(1, 10));
  EXPECT_TRUE(others[1]->start_timer(1, 10));
  EXPECT_EQ(others[2]->send(5, bytes_of("x")), Err::earg);
  others[0].reset();
  others[2].reset();
  EXPECT_EQ(turn(1h), Indices{1});
}

TEST_F(ManyDevices, OneThatWaitsServesTheOthers) {
  Listener listener(sim, at("192.0.2.1", 80));
  EXPECT_EQ(others[0]->connect({.address = "192.0.2.1", .port = 80}).id, 0);
  EXPECT_TRUE(others[1]->start_timer(4, 10));
  sleep(50ms);
  EXPECT_EQ(lines_of(0), Lines{"connect_cnf 0"});
  EXPECT_EQ(lines_of(1), Lines{"timer 4"});
}

TEST_F(ManyDevices, WakeEndsATurnWithNothing) {
  reactor.wake();
  const Instant start = sim.now();
  EXPECT_EQ(turn(1h), Indices{});
  EXPECT_EQ(sim.now(), start);
  EXPECT_TRUE(reactor.interrupted());
  EXPECT_EQ(turn(1ms), Indices{});
  EXPECT_FALSE(reactor.interrupted());
}

TEST_F(ManyDevices, UntilDueTellsWhenTheNextLimitIs) {
  EXPECT_EQ(reactor.until_due(), std::nullopt);
  EXPECT_TRUE(others[0]->start_timer(1, 500));
  EXPECT_EQ(reactor.until_due(), Duration(500ms));
  EXPECT_TRUE(others[0]->stop_timer(1));
  EXPECT_EQ(reactor.until_due(), std::nullopt);
  sim.black_hole(*Address::parse("192.0.2.1"));
  EXPECT_EQ(others[1]->connect({.address = "192.0.2.1", .port = 80}).id, 0);
  (void)turn(0s);
  EXPECT_EQ(reactor.until_due(), Duration(75s));
}

TEST_F(ManyDevices, AThousand) {
  std::vector<std::unique_ptr<CheckedDevice>> many;
  for (int i = 0; i < 1000; ++i) many.push_back(make_device(options));
  for (const auto& one : many) EXPECT_TRUE(one->start_timer(1, 10));
  EXPECT_EQ(reactor.turn(1h).size(), 1000U);
  Message message;
  for (const auto& one : many) {
    EXPECT_TRUE(one->next(message));
    EXPECT_FALSE(one->next(message));
  }
}

TEST_F(ManyDevices, EachWithItsOwnOptions) {
  DeviceOptions device_options;
  device_options.profile = &air724u_profile();
  auto small = make_device(device_options);
  EXPECT_EQ(small->inner().options().profile->name, "air724u");
  EXPECT_EQ(others[0]->inner().options().profile->name, "host");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(small->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 9}).id, i);
  EXPECT_EQ(small->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 9}).error, Err::enobufs);
  EXPECT_EQ(others[0]->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 9}).id, 0);
}

}  // namespace
}  // namespace socketcore::test
