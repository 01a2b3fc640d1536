#include <limits>

#include "sim/fixture.hpp"

// What differs between the profiles: ids, limits, and when a send is confirmed.
namespace socketcore::test {
namespace {

class HostProfile : public SimTest {};

TEST_F(HostProfile, IdsCountUpAndAreNotUsedAgain) {
  for (SocketId expected = 0; expected < 200; ++expected) {
    const SocketId id = connect_tcp("192.0.2.1", 9);
    ASSERT_EQ(id, expected);
    expect("connect_cnf " + std::to_string(id) + " ERST");
    EXPECT_TRUE(device->destroy(id));
  }
}

TEST_F(HostProfile, AsManySocketsAsTheProcessMayOpen) {
  sim.limit_descriptors(300);
  std::vector<SocketId> ids;
  for (;;) {
    const Opened opened = device->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 53});
    if (opened.error != Err::ok) {
      EXPECT_EQ(opened.error, Err::enobufs);
      break;
    }
    ids.push_back(opened.id);
  }
  EXPECT_EQ(ids.size(), 300U);
  EXPECT_EQ(lines_within(1s).size(), 300U);
  EXPECT_TRUE(device->close(ids[7]));
  expect("close_cnf 7");
  EXPECT_EQ(connect_udp(), 300) << "a descriptor is free again";
}

TEST_F(HostProfile, IdsSkipSocketsThatLive) {
  // The slot of an id is its low bits: one long life in front of a short one, many times over.
  const SocketId old = connect_udp();
  EXPECT_EQ(old, 0);
  expect("connect_cnf 0");
  for (int i = 0; i < 1000; ++i) {
    const SocketId id = connect_udp();
    ASSERT_NE(id, old);
    EXPECT_TRUE(device->close(id));
    EXPECT_EQ(lines_within(0s).size(), 1U);
    EXPECT_TRUE(device->destroy(id));
  }
  EXPECT_EQ(send(old, "still me"), Err::ok);
  expect("send_cnf 0 8");
}

TEST_F(HostProfile, AnIdNamesNoSocketAfterItsSlotWasGivenAway) {
  std::vector<SocketId> dead;
  for (int i = 0; i < 200; ++i) {
    const SocketId id = connect_udp();
    EXPECT_TRUE(device->close(id));
    EXPECT_EQ(lines_within(0s).size(), 1U);
    EXPECT_TRUE(device->destroy(id));
    dead.push_back(id);
  }
  for (int i = 0; i < 20; ++i) connect_udp();
  EXPECT_EQ(lines_within(0s).size(), 20U);
  for (const SocketId id : dead) {
    EXPECT_EQ(send(id, "x"), Err::earg);
    EXPECT_EQ(device->send_space(id), 0U);
    EXPECT_FALSE(device->destroy(id));
    EXPECT_FALSE(device->set_option(id, SocketOption::keep_alive, 1));
  }
  EXPECT_EQ(lines_within(0s).size(), dead.size());
}

TEST_F(HostProfile, ManySocketsAtOnce) {
  std::vector<SocketId> ids;
  for (int i = 0; i < 2000; ++i) ids.push_back(connect_udp());
  EXPECT_EQ(lines_within(0s).size(), 2000U);
  for (const SocketId id : ids) EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(0s).size(), 2000U);
  for (const SocketId id : ids) EXPECT_TRUE(device->destroy(id));
  EXPECT_EQ(sim.open_descriptors(), 0U);
}

TEST_F(HostProfile, AnotherDevicesIdsAreStrangers) {
  const auto other = make_device(options);
  auto [id, peer] = open();
  EXPECT_EQ(other->send(id, bytes_of("x")), Err::earg);
  EXPECT_FALSE(other->set_option(id, SocketOption::keep_alive, 1));
  EXPECT_FALSE(other->destroy(id));
  EXPECT_EQ(other->send_space(id), 0U);
  EXPECT_FALSE(other->close(id));
  EXPECT_EQ(send(id, "mine"), Err::ok);
  expect("send_cnf 0 4");
  Message message;
  ASSERT_TRUE(other->next(message));
  EXPECT_EQ(line_of(message), "close_cnf 0 ENOTCONN") << "the close dropped the send's answer";
  EXPECT_FALSE(other->next(message));
}

TEST(Profiles, AreFoundByName) {
  EXPECT_EQ(find_profile("host"), &host_profile());
  EXPECT_EQ(find_profile("air724u"), &air724u_profile());
  EXPECT_EQ(find_profile("Host"), nullptr);
  EXPECT_EQ(find_profile(""), nullptr);
}

class Air724u : public SimTest {
 protected:
  Air724u() { use(air724u_profile()); }
  const Address far = *Address::parse("192.0.2.1");
};

TEST_F(Air724u, TenSockets) {
  for (SocketId id = 0; id < 10; ++id) EXPECT_EQ(connect_udp(), id);
  EXPECT_EQ(device->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 53}).error, Err::enobufs);
  EXPECT_EQ(lines_within(0s).size(), 10U);
}

TEST_F(Air724u, TheLowestFreeId) {
  for (SocketId id = 0; id < 10; ++id) EXPECT_EQ(connect_udp(), id);
  EXPECT_EQ(lines_within(0s).size(), 10U);
  EXPECT_TRUE(device->close(7));
  EXPECT_TRUE(device->close(3));
  EXPECT_EQ(lines_within(0s), (Lines{"close_cnf 7", "close_cnf 3"}));
  EXPECT_EQ(device->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 53}).error, Err::enobufs)
      << "closed ones that were not destroyed count";
  EXPECT_TRUE(device->destroy(7));
  EXPECT_TRUE(device->destroy(3));
  EXPECT_EQ(connect_udp(), 3);
  EXPECT_EQ(connect_udp(), 7);
}

TEST_F(Air724u, AFailedConnectKeepsItsIdUntilItIsDestroyed) {
  EXPECT_EQ(connect_tcp("192.0.2.1", 9), 0);
  expect("connect_cnf 0 ERST");
  EXPECT_EQ(connect_udp(), 1);
  EXPECT_TRUE(device->destroy(0));
  EXPECT_EQ(connect_udp(), 0);
}

TEST_F(Air724u, AnIdGivenOutAgainHasNothingOfItsForerunner) {
  auto [id, peer] = open();
  peer.send("old data");
  EXPECT_EQ(send(id, "old"), Err::ok);
  sleep(10ms);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(10ms), Lines{"close_cnf 0"});
  EXPECT_TRUE(device->destroy(id));
  auto [again, second] = open();
  EXPECT_EQ(again, id);
  EXPECT_EQ(recv(again), "");
  peer.send("late");
  expect_silence(1s);
}

TEST_F(Air724u, TheSendBufferHolds11200Bytes) {
  auto [id, peer] = open();
  EXPECT_EQ(device->send_space(id), 11200U);
  EXPECT_EQ(send(id, pattern(11201)), Err::enobufs);
  EXPECT_EQ(send(id, pattern(11200)), Err::ok);
  EXPECT_EQ(lines_within(10ms), (Lines{"send_cnf 0 ENOBUFS", "send_cnf 0 11200"}));
}

TEST_F(Air724u, ASendIsConfirmedByTheAcknowledgement) {
  auto [id, peer] = open();
  sim.set_latency(far, 100ms);
  const Instant start = sim.now();
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect("send_cnf 0 5");
  EXPECT_EQ(since(start), Duration(200ms));
}

TEST_F(Air724u, NoAcknowledgementNoConfirmation) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect_silence(60s);
  sim.black_hole(far, false);
  expect("send_cnf 0 5");
}

TEST_F(Air724u, SendsInARowAreConfirmedOneByOne) {
  auto [id, peer] = open();
  sim.set_latency(far, 100ms);
  for (const char* text : {"a", "bb", "ccc"}) EXPECT_EQ(send(id, text), Err::ok);
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 0 1", "send_cnf 0 2", "send_cnf 0 3"}));
}

TEST_F(Air724u, RefusedAndEmptySendsWaitForTheirTurn) {
  auto [id, peer] = open();
  sim.set_latency(far, 100ms);
  EXPECT_EQ(send(id, "first"), Err::ok);
  EXPECT_EQ(send(id, pattern(11201)), Err::enobufs);
  EXPECT_EQ(send(id, ""), Err::ok);
  EXPECT_EQ(send(id, "last"), Err::ok);
  EXPECT_EQ(lines_within(150ms), Lines{});
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 0 5", "send_cnf 0 ENOBUFS", "send_cnf 0 0", "send_cnf 0 4"}));
}

TEST_F(Air724u, AnEmptySendWithNothingBeforeIt) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, ""), Err::ok);
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 0"});
}

TEST_F(Air724u, APeerThatDoesNotReadAcknowledgesWhatItsKernelTakes) {
  auto [id, peer] = open(1000);
  EXPECT_EQ(send(id, pattern(500)), Err::ok);
  EXPECT_EQ(send(id, pattern(2000, 500)), Err::ok);
  EXPECT_EQ(lines_within(10s), Lines{"send_cnf 0 500"}) << "the second does not fit the peer's window";
  std::string got;
  for (int i = 0; i < 10; ++i) {
    got += peer.read();
    sleep(10ms);
  }
  EXPECT_EQ(got, pattern(2500));
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 2000"});
}

TEST_F(Air724u, SpaceIsFreeOnceTheKernelHasTakenTheBytes) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, pattern(11200)), Err::ok);
  EXPECT_EQ(device->send_space(id), 11200U);
}

TEST_F(Air724u, ASendIsConfirmedThoughTheScriptDoesNotRead) {
  // The kernel charges its notices to the receive buffer, which is full here.
  auto [id, peer] = open();
  const std::string flood = pattern(10'000);
  for (int i = 0; i < 100; ++i) {
    (void)peer.offer(flood);
    sim.advance(1ms);
  }
  EXPECT_EQ(lines_within(1s), Lines{"receive_ind 0 2048"});
  EXPECT_EQ(send(id, "are you there?"), Err::ok);
  EXPECT_EQ(lines_within(5s), Lines{"send_cnf 0 14"}) << "the peer has acknowledged it";
}

TEST_F(Air724u, UdpIsConfirmedByTheKernel) {
  connect_udp();
  expect("connect_cnf 0");
  sim.black_hole(far);
  EXPECT_EQ(send(0, "x"), Err::ok);
  EXPECT_EQ(lines_within(0s), Lines{"send_cnf 0 1"});
}

TEST_F(Air724u, AResetFailsWhatWasNotAcknowledged) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, "one"), Err::ok);
  EXPECT_EQ(send(id, "two"), Err::ok);
  sim.reset_connection(os.watched.at(0));
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 0 ERST", "send_cnf 0 ERST", "close_ind 0 ERST"}));
}

TEST_F(Air724u, ThePeersEndFailsWhatWasNotAcknowledged) {
  auto [id, peer] = open(1000);
  EXPECT_EQ(send(id, pattern(5000)), Err::ok);
  peer.finish();
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 0 ECLSD", "close_ind 0"}));
}

TEST_F(Air724u, CloseDropsUnconfirmedSendsAndDeliversThem) {
  auto [id, peer] = open();
  sim.set_latency(far, 300ms);
  EXPECT_EQ(send(id, "hello"), Err::ok);
  EXPECT_TRUE(device->close(id));
  const Instant start = sim.now();
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0"});
  EXPECT_EQ(peer.read(), "hello");
  EXPECT_GE(since(start), 600ms);
}

TEST_F(Air724u, TlsIsConfirmedByTheAcknowledgementToo) {
  auto [id, peer] = open_tls();
  sim.set_latency(far, 100ms);
  const Instant start = sim.now();
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect("send_cnf 0 5");
  EXPECT_EQ(since(start), Duration(200ms));
  EXPECT_EQ(peer.read(), "hello");
}

TEST_F(Air724u, LargeTlsSendsAreConfirmedInOrder) {
  auto [id, peer] = open_tls(3000);
  EXPECT_EQ(send(id, pattern(11000)), Err::ok);
  EXPECT_EQ(send(id, pattern(11000)), device->send_space(id) >= 11000 ? Err::ok : Err::enobufs);
  std::string got;
  Lines lines;
  for (int i = 0; i < 100; ++i) {
    got += peer.read();
    for (auto& line : lines_within(1ms)) lines.push_back(line);
  }
  EXPECT_EQ(got.substr(0, 11000), pattern(11000));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "send_cnf 0 11000");
}

TEST_F(Air724u, AnUnansweredCloseOfAFormerLifeSilencesNoSend) {
  EXPECT_FALSE(device->close(0)) << "nobody has it";
  connect_tcp();  // gets it, and is refused
  (void)reactor.turn(0s);
  sim.advance(1ms);
  (void)reactor.turn(0s);
  EXPECT_EQ(send(0, "x"), Err::enotconn);
  EXPECT_EQ(lines_within(1s), (Lines{"close_cnf 0 ENOTCONN", "connect_cnf 0 ERST", "send_cnf 0 ENOTCONN"}));
}

// ---- Profiles of a host's own.

class OwnProfile : public SimTest {};

TEST_F(OwnProfile, MayAskForMoreThanTheBufferHolds) {
  Profile profile = host_profile();
  profile.max_receive_bytes = 1 << 20;
  use(profile);
  auto [id, peer] = open();
  std::string got;
  std::size_t sent = 0;
  const std::string all = pattern(300'000);
  for (int i = 0; i < 10'000 && got.size() < all.size(); ++i) {
    sent += peer.offer(all.substr(sent));
    Message message;
    if (device->receive(message, 1ms) != Waited::message) continue;
    EXPECT_LE(message.size, 65536U);
    got += recv(id);
  }
  EXPECT_EQ(got, all);
}

TEST_F(OwnProfile, MayBeAbsurd) {
  Profile profile = host_profile();
  profile.max_receive_bytes = 0;
  profile.send_buffer_bytes = std::numeric_limits<std::size_t>::max();
  use(profile);
  auto [id, peer] = open();
  EXPECT_LE(device->send_space(id), std::size_t{1} << 30);
  peer.send("hello");
  expect("receive_ind 0 1");
  EXPECT_EQ(recv(id, 1), "h");
}

TEST_F(OwnProfile, LimitsMayBeOfAnyLength) {
  DeviceOptions longest;
  for (auto* limit : {&longest.resolve_limit, &longest.connect_limit, &longest.handshake_limit, &longest.linger_limit,
                      &longest.unread_limit}) {
    *limit = std::chrono::milliseconds::max();
  }
  longest.profile = nullptr;
  use(longest);
  resolver->know("far.test", Family::v4, {"192.0.2.1"});
  Listener listener(sim, at("192.0.2.1", 80));
  connect_tcp("far.test");
  expect("connect_cnf 0");
  EXPECT_EQ(send(0, "hello"), Err::ok);
  expect("send_cnf 0 5");
  close_in_order(0);
}

}  // namespace
}  // namespace socketcore::test
