#include "sim/fixture.hpp"

// receive_ind, peek() and consume() on streams.
namespace socketcore::test {
namespace {

class Receiving : public SimTest {
 protected:
  /// Reads by announcements, as scripts do, while the peer goes on offering `data`. What was read.
  std::string transfer(SocketId id, Peer& peer, const std::string& data, std::size_t at_once = ~std::size_t{0}) {
    std::string got;
    std::size_t offered = 0;
    Message message;
    const Instant end = sim.now() + 1h;
    while (got.size() < data.size() && sim.now() < end) {
      offered += peer.offer(std::string_view(data).substr(offered));
      if (device->receive(message, 1ms) != Waited::message) continue;
      EXPECT_EQ(message.kind, MessageKind::receive_ind) << line_of(message);
      for (std::size_t left = message.size; left > 0;) {
        const std::string part = recv(id, std::min(left, at_once));
        EXPECT_FALSE(part.empty());
        if (part.empty()) break;
        got += part;
        left -= std::min(left, part.size());
      }
    }
    return got;
  }
};

TEST_F(Receiving, IsAnnouncedAndRead) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id, 5), "hello");
  EXPECT_EQ(recv(id, 5), "");
  expect_silence(1s);
}

TEST_F(Receiving, OneAnnouncementIsOutstandingAtATime) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  peer.send("world!");
  expect_silence(1s);
  EXPECT_EQ(recv(id, 3), "hel");
  expect_silence(1s);
  EXPECT_EQ(recv(id, 2), "lo");
  expect("receive_ind 0 6");
  EXPECT_EQ(recv(id, 6), "world!");
}

TEST_F(Receiving, ReadsLargerThanAnnounced) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  peer.send("world");
  sleep(1ms);
  EXPECT_EQ(recv(id, 1000), "helloworld") << "what has arrived is there, announced or not";
  expect_silence(1s);
  peer.send("again");
  expect("receive_ind 0 5");
}

TEST_F(Receiving, AReadBeyondTheAnnouncementLeavesTheRestAnnounced) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  peer.send("world");
  sleep(1ms);
  EXPECT_EQ(recv(id, 7), "hellowo");
  expect("receive_ind 0 3");
  EXPECT_EQ(recv(id), "rld");
}

TEST_F(Receiving, WithoutAnAnnouncement) {
  auto [id, peer] = open();
  EXPECT_EQ(recv(id), "");
  peer.send("early");
  sim.advance(1ms);
  EXPECT_EQ(recv(id), "early") << "no turn was made since it arrived";
  expect_silence(1s);
}

TEST_F(Receiving, AQueuedAnnouncementIsCorrected) {
  auto [id, peer] = open();
  peer.send("hello");
  sleep(10ms);
  EXPECT_EQ(recv(id, 2), "he");
  expect("receive_ind 0 3");
  EXPECT_EQ(recv(id), "llo");
}

TEST_F(Receiving, AQueuedAnnouncementGrows) {
  auto [id, peer] = open();
  peer.send("hello");
  sleep(10ms);
  peer.send("world");
  sleep(10ms);
  expect("receive_ind 0 10");
}

TEST_F(Receiving, AQueuedAnnouncementOfNothingIsDropped) {
  auto [id, peer] = open();
  peer.send("hello");
  sleep(10ms);
  EXPECT_EQ(recv(id), "hello");
  expect_silence(1s);
  peer.send("world");
  expect("receive_ind 0 5");
}

TEST_F(Receiving, ReadingNothingChangesNothing) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id, 0), "");
  expect_silence(1s);
  EXPECT_EQ(recv(id, 5), "hello");
}

TEST_F(Receiving, BytesAreConsumedOnlyWhenTheyAreSafe) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  EXPECT_EQ(text_of(device->peek(id, 100)), "hello");
  EXPECT_EQ(text_of(device->peek(id, 2)), "he");
  EXPECT_EQ(text_of(device->peek(id, 100)), "hello");
  device->consume(id);
  EXPECT_EQ(recv(id), "");
}

TEST_F(Receiving, FromSocketsThatHaveNothing) {
  EXPECT_EQ(recv(0), "");
  EXPECT_EQ(recv(-1), "");
  EXPECT_EQ(recv(0x7fffffff), "");
  connect_tcp("example.test");
  EXPECT_EQ(recv(0), "");
  sleep(1s);
  EXPECT_EQ(recv(0), "");
  expect("connect_cnf 0 ETIMEOUT");
  EXPECT_EQ(recv(0), "");
}

TEST_F(Receiving, AnnouncementsAreAtMost64KiB) {
  const ConnectRequest request{.receive_buffer_bytes = 300'000};
  auto [id, peer] = open(0, &request);
  sim.set_option(peer.fd(), OsOption::send_buffer_bytes, 300'000);
  EXPECT_EQ(peer.offer(pattern(200'000)), 200'000U);
  sleep(100ms);
  expect("receive_ind 0 65536");
  EXPECT_EQ(recv(id, 65536), pattern(65536));
  expect("receive_ind 0 65536");
  EXPECT_EQ(recv(id, 1'000'000), pattern(65536, 65536)) << "no call gives more than the shared buffer holds";
  expect("receive_ind 0 65536");
  EXPECT_EQ(recv(id, 65536), pattern(65536, 131072));
  expect("receive_ind 0 3392");
  EXPECT_EQ(recv(id), pattern(3392, 196608));
}

TEST_F(Receiving, AnnouncementsOfTheDeviceAreAtMost2KiB) {
  use(air724u_profile());
  auto [id, peer] = open();
  peer.send(pattern(5000));
  sleep(10ms);
  expect("receive_ind 0 2048");
  EXPECT_EQ(recv(id, 2048), pattern(2048));
  expect("receive_ind 0 2048");
  EXPECT_EQ(recv(id, 2048), pattern(2048, 2048));
  expect("receive_ind 0 904");
  EXPECT_EQ(recv(id, 2048), pattern(904, 4096));
}

TEST_F(Receiving, AnnouncementsAreAtMostTheReceiveBuffer) {
  const ConnectRequest request{.receive_buffer_bytes = 1000};
  auto [id, peer] = open(0, &request);
  EXPECT_EQ(peer.offer(pattern(3000)), 3000U);
  sleep(10ms);
  expect("receive_ind 0 1000");
  EXPECT_EQ(transfer(id, peer, ""), "");
  EXPECT_EQ(recv(id, 1000), pattern(1000));
  expect("receive_ind 0 1000");
  EXPECT_EQ(recv(id, 1000), pattern(1000, 1000));
  expect("receive_ind 0 1000");
  EXPECT_EQ(recv(id, 1000), pattern(1000, 2000));
}

TEST_F(Receiving, AScriptThatDoesNotReadMakesThePeerWait) {
  auto [id, peer] = open();
  std::size_t offered = 0;
  const std::string data = pattern(1'000'000);
  Lines lines;
  for (int i = 0; i < 1000; ++i) {
    offered += peer.offer(std::string_view(data).substr(offered));
    for (auto& line : lines_within(10ms)) lines.push_back(std::move(line));
  }
  ASSERT_EQ(lines.size(), 1U) << "one announcement";
  EXPECT_LE(offered, 3U * 65536 + 4096) << "two kernel buffers and one announcement";
  std::string got;
  for (int i = 0; i < 10'000 && got.size() < data.size(); ++i) {
    const std::string more = recv(id, 10'000);
    got += more;
    offered += peer.offer(std::string_view(data).substr(offered));
    if (more.empty() && lines_within(1ms).empty()) break;
  }
  EXPECT_EQ(got, data) << "nothing is lost";
}

TEST_F(Receiving, AllBytesInOrderInAnySizes) {
  auto [id, peer] = open();
  const std::string data = pattern(500'000);
  EXPECT_EQ(transfer(id, peer, data), data);
  EXPECT_EQ(transfer(id, peer, data, 700), data);
  sim.limit_io(333);
  EXPECT_EQ(transfer(id, peer, data, 1000), data);
}

TEST_F(Receiving, OneByteAtATime) {
  auto [id, peer] = open();
  sim.limit_io(1);
  const std::string data = pattern(500);
  EXPECT_EQ(transfer(id, peer, data), data);
}

TEST_F(Receiving, TwoSocketsShareTheBufferWithoutMixing) {
  auto [one, first] = open();
  auto [two, second] = open();
  const std::string data = pattern(30'000);
  first.send(data);
  second.send(std::string(data.rbegin(), data.rend()));
  EXPECT_EQ(lines_within(10ms), (Lines{"receive_ind 0 30000", "receive_ind 1 30000"}));
  std::string got_one;
  std::string got_two;
  for (int i = 0; i < 10'000 && got_one.size() < data.size(); ++i) {
    got_one += recv(one, 777);
    got_two += recv(two, 777);
  }
  EXPECT_EQ(got_one, data);
  EXPECT_EQ(got_two, std::string(data.rbegin(), data.rend()));
}

TEST_F(Receiving, APeekedViewIsStillThereAfterAnotherSocketUsedTheBuffer) {
  auto [one, first] = open();
  auto [two, second] = open();
  first.send("first");
  second.send("second");
  sleep(10ms);
  EXPECT_EQ(text_of(device->peek(one, 100)), "first");
  EXPECT_EQ(text_of(device->peek(two, 100)), "second");
  EXPECT_EQ(text_of(device->peek(one, 3)), "fir");
  device->consume(one);
  EXPECT_EQ(recv(two, 4), "seco");
  first.send(" more");
  sleep(1ms);
  EXPECT_EQ(recv(one), "st more");
  EXPECT_EQ(recv(two), "nd");
}

TEST_F(Receiving, SocketsOfOtherDevicesShareTheBufferToo) {
  const auto other = make_device(options);
  Listener listener(sim, at("192.0.2.1", 80));
  auto [one, first] = open();
  const SocketId two = other->connect({.address = "192.0.2.1", .port = 80}).id;
  EXPECT_EQ(two, 0) << "its ids are its own";
  sleep(10ms);
  Peer second = listener.accept();
  first.send(pattern(1000));
  second.send(pattern(2000, 5));
  sleep(10ms);
  EXPECT_EQ(text_of(device->peek(one, 10)), pattern(10));
  EXPECT_EQ(text_of(other->peek(two, 10)), pattern(10, 5));
  EXPECT_EQ(recv(one), pattern(1000));
  EXPECT_EQ(text_of(other->peek(two, 4000)), pattern(2000, 5));
  EXPECT_TRUE(other->close(two));
}

TEST_F(Receiving, ManySocketsWithUnreadBytes) {
  std::vector<Connection> all;
  for (int i = 0; i < 50; ++i) all.push_back(open());
  for (std::size_t i = 0; i < all.size(); ++i) all[i].peer.send(pattern(1000 + i, i));
  EXPECT_EQ(lines_within(10ms).size(), 50U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(recv(all[i].id, 500), pattern(500, i));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(recv(all[i].id), pattern(500 + i, i + 500));
}

TEST_F(Receiving, WhatIsKeptForASocketGoesWithIt) {
  auto [one, first] = open();
  auto [two, second] = open();
  first.send("first");
  second.send("second");
  EXPECT_EQ(lines_within(10ms).size(), 2U);
  EXPECT_TRUE(device->close(one));
  EXPECT_EQ(recv(one), "");
  EXPECT_EQ(recv(two), "second");
  expect("close_cnf 0");
}

TEST_F(Receiving, WhileAnAnnouncementLies) {
  auto [one, first] = open();
  auto [two, second] = open();
  first.send("lies");
  expect("receive_ind 0 4");
  for (int i = 0; i < 100; ++i) {
    second.send("x");
    expect("receive_ind 1 1");
    EXPECT_EQ(recv(two), "x");
  }
  EXPECT_EQ(recv(one), "lies");
}

TEST_F(Receiving, SocketsAreHeardInTheOrderInWhichTheKernelMadeThemReady) {
  std::vector<Connection> connections;
  for (int i = 0; i < 4; ++i) connections.push_back(open());
  for (const std::size_t which : {2U, 0U, 3U, 1U}) {
    connections[which].peer.send("x");
    sim.advance(1ms);
  }
  EXPECT_EQ(lines_within(1ms), (Lines{"receive_ind 2 1", "receive_ind 0 1", "receive_ind 3 1", "receive_ind 1 1"}));
}

TEST_F(Receiving, OnlyWhatWasShownIsConsumed) {
  auto [id, peer] = open();
  auto [other, its_peer] = open();
  peer.send("hello");
  its_peer.send("other");
  sim.advance(1ms);
  Device& bare = device->inner();
  bare.consume(id);  // nothing was shown
  EXPECT_EQ(text_of(bare.peek(id, 2)), "he");
  bare.consume(other);  // it was not shown
  EXPECT_EQ(text_of(bare.peek(id, 2)), "he");
  bare.consume(id);
  bare.consume(id);  // once is enough
  EXPECT_EQ(text_of(bare.peek(id, 100)), "llo");
  EXPECT_EQ(text_of(bare.peek(other, 100)), "other");
  EXPECT_EQ(text_of(bare.peek(id, 100)), "llo");
}

}  // namespace
}  // namespace socketcore::test
