#include <cerrno>

#include "sim/fixture.hpp"

// send() and its answers on streams.
namespace socketcore::test {
namespace {

constexpr std::size_t kCapacity = 1 << 20;

class Sending : public SimTest {
 protected:
  /// Lets the peer read on until nothing more comes. What it read, and the messages that came meanwhile.
  std::string drain(Peer& peer, Lines& lines) {
    std::string all;
    for (int quiet = 0; quiet < 3;) {
      const std::string more = peer.read();
      quiet = more.empty() ? quiet + 1 : 0;
      all += more;
      for (auto& line : lines_within(1ms)) lines.push_back(std::move(line));
    }
    return all;
  }
};

TEST_F(Sending, NothingIsHeldBackForAnAcknowledgement) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "first"), Err::ok);
  EXPECT_EQ(send(id, "second"), Err::ok);
  EXPECT_EQ(sim.option(os.watched.at(0), OsOption::no_delay), 1) << "else Nagle's algorithm holds the second back";
  EXPECT_EQ(lines_within(1ms), (Lines{"send_cnf 0 5", "send_cnf 0 6"}));
}

TEST_F(Sending, IsAnsweredAndArrives) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect("send_cnf 0 5");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "hello");
}

TEST_F(Sending, AnswersInCallOrder) {
  auto [id, peer] = open();
  for (const char* text : {"a", "bb", "ccc", "dddd"}) EXPECT_EQ(send(id, text), Err::ok);
  EXPECT_EQ(lines_within(10ms), (Lines{"send_cnf 0 1", "send_cnf 0 2", "send_cnf 0 3", "send_cnf 0 4"}));
  EXPECT_EQ(peer.read(), "abbcccdddd");
}

TEST_F(Sending, TheCallersBytesAreCopied) {
  auto [id, peer] = open(4096);
  std::string data = pattern(200'000);
  const std::string original = data;
  EXPECT_EQ(send(id, data), Err::ok);
  std::fill(data.begin(), data.end(), '!');
  Lines lines;
  EXPECT_EQ(drain(peer, lines), original);
  EXPECT_EQ(lines, Lines{"send_cnf 0 200000"});
}

TEST_F(Sending, NothingIsAcceptedAndAnswered) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, ""), Err::ok);
  expect("send_cnf 0 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "");
  EXPECT_FALSE(peer.ended());
}

TEST_F(Sending, BeforeTheConnectionIsRefusedAndAnsweredInOrder) {
  Listener listener(sim, at("192.0.2.1", 80));
  resolver->plan("example.test", Family::v4, 1s, {"192.0.2.1"});
  const SocketId id = connect_tcp("example.test");
  EXPECT_EQ(send(id, "starting"), Err::enotconn);
  sleep(10ms);
  EXPECT_EQ(send(id, "resolving"), Err::enotconn);
  sim.set_latency(*Address::parse("192.0.2.1"), 500ms);
  sleep(1100ms);
  EXPECT_EQ(send(id, ""), Err::enotconn);
  EXPECT_EQ(lines_within(3s), (Lines{"send_cnf 0 ENOTCONN", "send_cnf 0 ENOTCONN", "send_cnf 0 ENOTCONN", "connect_cnf 0"}));
}

TEST_F(Sending, SpaceIsTheCapacityLessWhatWaits) {
  auto [id, peer] = open(10'000);
  EXPECT_EQ(device->send_space(id), kCapacity);
  EXPECT_EQ(send(id, "small"), Err::ok);
  EXPECT_EQ(device->send_space(id), kCapacity) << "the kernel has taken it";
  EXPECT_EQ(send(id, pattern(kCapacity)), Err::ok);
  const std::size_t space = device->send_space(id);
  EXPECT_LT(space, 100'000U);
  EXPECT_GT(space, 10'000U) << "the kernel has taken some";
  EXPECT_EQ(device->send_space(99), 0U);
}

TEST_F(Sending, AllOrNothing) {
  auto [id, peer] = open(10'000);
  const std::string first = pattern(kCapacity);
  EXPECT_EQ(send(id, first), Err::ok);
  const std::size_t space = device->send_space(id);
  EXPECT_EQ(send(id, pattern(space + 1)), Err::enobufs);
  EXPECT_EQ(device->send_space(id), space) << "none of it was taken";
  const std::string second = pattern(space, 12345);
  EXPECT_EQ(send(id, second), Err::ok);
  EXPECT_EQ(device->send_space(id), 0U);
  EXPECT_EQ(send(id, "x"), Err::enobufs);
  EXPECT_EQ(send(id, ""), Err::ok);
  Lines lines;
  EXPECT_EQ(drain(peer, lines), first + second);
  EXPECT_EQ(lines, (Lines{"send_cnf 0 1048576", "send_cnf 0 ENOBUFS", "send_cnf 0 " + std::to_string(space),
                          "send_cnf 0 ENOBUFS", "send_cnf 0 0"}));
  EXPECT_EQ(device->send_space(id), kCapacity);
}

TEST_F(Sending, NeverMoreThanTheCapacityAtOnce) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, pattern(kCapacity + 1)), Err::enobufs);
  const Message message = expect("send_cnf 0 ENOBUFS");
  EXPECT_EQ(message.reason, "send to 192.0.2.1:5000: longer than the free part of the send buffer");
  EXPECT_EQ(send(id, pattern(kCapacity)), Err::ok);
}

TEST_F(Sending, ConfirmsOnlyWhenTheKernelHasTakenAll) {
  auto [id, peer] = open(10'000);
  EXPECT_EQ(send(id, pattern(500'000)), Err::ok);
  expect_silence(10s);
  Lines lines;
  EXPECT_EQ(drain(peer, lines), pattern(500'000));
  EXPECT_EQ(lines, Lines{"send_cnf 0 500000"});
}

TEST_F(Sending, AKernelThatTakesOneByteAtATime) {
  auto [id, peer] = open();
  sim.limit_io(1);
  EXPECT_EQ(send(id, pattern(300)), Err::ok);
  EXPECT_EQ(send(id, pattern(300, 300)), Err::ok);
  sim.limit_io(0);
  Lines lines;
  EXPECT_EQ(drain(peer, lines), pattern(600));
  EXPECT_EQ(lines, (Lines{"send_cnf 0 300", "send_cnf 0 300"}));
}

TEST_F(Sending, GoesOnAfterThePeerHasEndedItsHalf) {
  auto [id, peer] = open();
  peer.send("bye");
  peer.finish();
  expect("receive_ind 0 3");
  sleep(10ms);
  EXPECT_EQ(send(id, "still there"), Err::ok) << "close_ind was not delivered yet";
  expect("send_cnf 0 11");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "still there");
  EXPECT_EQ(recv(id), "bye");
  expect("close_ind 0");
  EXPECT_EQ(send(id, "too late"), Err::eclsd);
  expect("send_cnf 0 ECLSD");
  EXPECT_EQ(send(id, ""), Err::eclsd);
  expect("send_cnf 0 ECLSD");
}

TEST_F(Sending, WhatWaitsWhenThePeerEndsIsAnsweredBeforeCloseIndAndStillGoesOut) {
  auto [id, peer] = open(10'000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_EQ(send(id, pattern(1000, 300'000)), Err::ok);
  EXPECT_EQ(send(id, pattern(kCapacity)), Err::enobufs);
  peer.finish();
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 0 65536 ECLSD", "send_cnf 0 ECLSD", "send_cnf 0 ENOBUFS", "close_ind 0"}));
  Lines lines;
  EXPECT_EQ(drain(peer, lines), pattern(301'000)) << "what was accepted still goes out";
  EXPECT_EQ(lines, Lines{});
}

TEST_F(Sending, AfterAReset) {
  auto [id, peer] = open();
  peer.abort();
  expect("close_ind 0 ERST");
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  const Message message = expect("send_cnf 0 ENOTCONN");
  EXPECT_NE(message.reason.find("192.0.2.1:5000"), std::string::npos) << message.reason;
}

TEST_F(Sending, WhatWaitsAtAResetIsAnsweredInOrder) {
  auto [id, peer] = open(10'000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_EQ(send(id, pattern(kCapacity)), Err::enobufs);
  EXPECT_EQ(send(id, ""), Err::ok);
  peer.abort();
  EXPECT_EQ(lines_within(1s),
            (Lines{"send_cnf 0 65536 ERST", "send_cnf 0 ENOBUFS", "send_cnf 0 ERST", "close_ind 0 ERST"}));
}

TEST_F(Sending, ASendThatMeetsTheReset) {
  auto [id, peer] = open();
  peer.abort();
  sim.advance(1ms);  // the reset has arrived, and no turn was made since
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
  expect("close_ind 0 ERST");
}

TEST_F(Sending, ASendThatMeetsAResetAfterTheFin) {
  auto [id, peer] = open();
  peer.send("unread");
  peer.close();
  expect("receive_ind 0 6");
  EXPECT_EQ(send(id, "draws a reset"), Err::ok);
  expect("send_cnf 0 13");
  sim.advance(1ms);
  EXPECT_EQ(send(id, "meets it"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
  EXPECT_EQ(recv(id), "unread");
  expect("close_ind 0 ERST");
}

TEST_F(Sending, ToIdsThatNameNoSocket) {
  EXPECT_EQ(send(0, "x"), Err::earg);
  EXPECT_EQ(send(0x7fffffff, ""), Err::earg);
  EXPECT_EQ(lines_within(0ms), (Lines{"send_cnf 0 EARG", "send_cnf 2147483647 EARG"}));
  auto [id, peer] = open();
  EXPECT_EQ(send(12345, "x"), Err::earg);
  EXPECT_EQ(send(id, "y"), Err::ok);
  EXPECT_EQ(send(12345, "z"), Err::earg);
  EXPECT_EQ(lines_within(1ms), (Lines{"send_cnf 12345 EARG", "send_cnf 0 1", "send_cnf 12345 EARG"}));
}

TEST_F(Sending, AnIdThatNoMessageCouldNameGetsOnlyTheReturnValue) {
  EXPECT_EQ(device->inner().send(-1, bytes_of("x")), Err::earg);
  EXPECT_FALSE(device->inner().close(-5));
  EXPECT_EQ(device->send_space(-1), 0U);
  EXPECT_FALSE(device->destroy(-1));
  expect_silence(1s);
}

TEST_F(Sending, ToASocketThatIsBeingClosed) {
  auto [id, peer] = open(10'000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  EXPECT_EQ(send(id, ""), Err::enotconn);
  EXPECT_EQ(device->send_space(id), 0U);
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0 ETIMEOUT"});
}

TEST_F(Sending, ToASocketThatWasClosed) {
  auto [id, peer] = open();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
  EXPECT_TRUE(device->destroy(id));
  EXPECT_EQ(send(id, "x"), Err::earg);
  expect("send_cnf 0 EARG");
}

TEST_F(Sending, AfterAFailedConnectTheAnswerComesThoughTheSocketIsDestroyed) {
  connect_tcp("192.0.2.1", 9);
  expect("connect_cnf 0 ERST");
  EXPECT_EQ(send(0, "x"), Err::enotconn);
  EXPECT_TRUE(device->destroy(0));
  expect("send_cnf 0 ENOTCONN");
}

TEST_F(Sending, BetweenAFailureAndItsMessage) {
  connect_tcp("192.0.2.1", 9);
  sleep(1s);
  EXPECT_EQ(send(0, "x"), Err::enotconn);
  EXPECT_EQ(lines_within(1s), (Lines{"connect_cnf 0 ERST", "send_cnf 0 ENOTCONN"}));
}

TEST_F(Sending, MoreSendsThanAnybodyShouldQueue) {
  auto [id, peer] = open(1000);
  const std::string all = pattern(kCapacity);
  EXPECT_EQ(send(id, all), Err::ok);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(send(id, all), Err::enobufs);
  Lines lines;
  EXPECT_EQ(drain(peer, lines).size(), kCapacity);
  EXPECT_EQ(lines.size(), 5001U);
  EXPECT_EQ(lines.front(), "send_cnf 0 1048576");
  EXPECT_EQ(lines.back(), "send_cnf 0 ENOBUFS");
}

TEST_F(Sending, ACallThatFailsOnAStandingConnectionLeavesNoStreamThatLooksWhole) {
  auto [id, peer] = open(500);
  EXPECT_EQ(send(id, pattern(100'000)), Err::ok);
  os.on_send = [](int, std::span<const std::byte>) { return IoResult{0, SysError(ENOBUFS)}; };
  std::string got;
  for (int i = 0; i < 1000 && os.on_send; ++i) {
    got += peer.read();
    for (const std::string& line : lines_within(1ms)) {
      if (line == "close_ind 0 ENOBUFS") os.on_send = nullptr;
    }
  }
  EXPECT_FALSE(os.on_send) << "it was told";
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  for (int i = 0; i < 100; ++i) got += peer.read(), sleep(1ms);
  EXPECT_LT(got.size(), 100'000U);
  EXPECT_FALSE(peer.ended());
  EXPECT_EQ(peer.error().err(), Err::erst);
}

}  // namespace
}  // namespace socketcore::test
