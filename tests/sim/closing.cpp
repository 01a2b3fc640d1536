#include <cerrno>

#include "sim/fixture.hpp"

// close() and destroy(), and sockets whose device is gone.
namespace socketcore::test {
namespace {

class Closing : public SimTest {
 protected:
  /// Lets the peer read on while the reactor turns.
  std::string drain(Peer& peer) {
    std::string all;
    for (int quiet = 0; quiet < 5;) {
      const std::string more = peer.read();
      quiet = more.empty() ? quiet + 1 : 0;
      all += more;
      sleep(1ms);
    }
    return all;
  }
  const Address far = *Address::parse("192.0.2.1");
};

TEST_F(Closing, AnIdleConnection) {
  auto [id, peer] = open();
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(expect("close_cnf 0").reason, "");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "");
  EXPECT_TRUE(peer.ended());
  EXPECT_TRUE(peer.error().ok());
}

TEST_F(Closing, DeliversWhatWasAccepted) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(1s), Lines{}) << "the peer does not read";
  EXPECT_EQ(drain(peer), pattern(300'000));
  EXPECT_TRUE(peer.ended());
  expect("close_cnf 0");
}

TEST_F(Closing, WaitsForTheAcknowledgement) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, "hello"), Err::ok);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(3s), Lines{});
  sim.black_hole(far, false);
  const Instant before = sim.now();
  expect("close_cnf 0");
  EXPECT_LE(since(before), 100ms);
  EXPECT_EQ(peer.read(), "hello");
  EXPECT_TRUE(peer.ended());
}

TEST_F(Closing, DoesNotWaitForTheAcknowledgementOfTheFin) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect("send_cnf 0 5");
  sim.advance(1s);  // acknowledged
  sim.black_hole(far);
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  EXPECT_EQ(sim.now(), before);
}

TEST_F(Closing, TheLingerLimit) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  const Message message = expect("close_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(before), Duration(5s));
  EXPECT_NE(message.reason.find("192.0.2.1:5000"), std::string::npos) << message.reason;
  EXPECT_TRUE(device->destroy(id));
}

TEST_F(Closing, AStreamThatWasCutOffDoesNotLookWhole) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0 ETIMEOUT");
  EXPECT_LT(drain(peer).size(), 300'000U);
  EXPECT_FALSE(peer.ended()) << "an orderly end would say that this was all";
  EXPECT_EQ(peer.error().err(), Err::erst);
}

TEST_F(Closing, WhatTheKernelHasMayStillArriveAfterTheLimit) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, "hello"), Err::ok);
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(before), Duration(5s));
  sim.black_hole(far, false);
  sim.advance(10s);
  EXPECT_EQ(peer.read(), "hello");
  EXPECT_TRUE(peer.ended());
}

TEST_F(Closing, TheLimitIsAnOption) {
  options.linger_limit = 700ms;
  use(DeviceOptions(options));
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(before), Duration(700ms));
}

TEST_F(Closing, DiscardsWhatArrivesSoThatNoResetDestroysWhatWasSent) {
  auto [id, peer] = open(5000);
  peer.send("unread");
  expect("receive_ind 0 6");
  EXPECT_EQ(send(id, pattern(100'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  std::string got;
  const std::string flood(10'000, 'f');
  for (int i = 0; i < 200; ++i) {
    (void)peer.offer(flood);
    got += peer.read();
    sleep(1ms);
    if (peer.ended() || !peer.error().ok()) break;
  }
  EXPECT_EQ(got, pattern(100'000));
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 0"});
}

TEST_F(Closing, UnreadInputDoesNotResetAnIdleConnection) {
  auto [id, peer] = open();
  peer.send("unread");
  sim.advance(1ms);
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "");
  EXPECT_TRUE(peer.ended());
  EXPECT_TRUE(peer.error().ok());
}

TEST_F(Closing, DropsWhatIsQueuedForTheSocket) {
  auto [id, peer] = open();
  auto [other, second] = open();
  peer.send("hello");
  second.send("hello");
  EXPECT_EQ(send(id, "x"), Err::ok);
  EXPECT_EQ(send(other, "y"), Err::ok);
  sleep(10ms);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 1 1", "receive_ind 1 5", "close_cnf 0"}));
}

TEST_F(Closing, DropsTheConnectionsAnswer) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect_tcp();
  sleep(10ms);
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 0"});
}

TEST_F(Closing, DropsTheAnswersOfSendsBeforeTheConnection) {
  connect_tcp();
  EXPECT_EQ(send(0, "x"), Err::enotconn);
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 0"});
}

TEST_F(Closing, OfABrokenConnectionSaysWhetherAllHadArrived) {
  auto [lost, reader] = open(1000);
  EXPECT_EQ(send(lost, pattern(100'000)), Err::ok);
  sim.reset_connection(os.watched.at(0));
  sleep(1ms);
  EXPECT_TRUE(device->close(lost));
  expect("close_cnf 0 ERST");

  auto [whole, peer] = open();
  EXPECT_EQ(send(whole, "hello"), Err::ok);
  expect("send_cnf 1 5");
  sleep(10ms);
  sim.reset_connection(os.watched.at(1));
  sleep(1ms);
  EXPECT_TRUE(device->close(whole));
  expect("close_cnf 1");
}

TEST_F(Closing, DropsAStrayAnswerOfTheSameId) {
  EXPECT_EQ(send(0, "stray"), Err::earg);
  connect_tcp();
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 0"}) << "from the call on, that is the only message for this id";
}

TEST_F(Closing, TwiceAddsNothing) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(200'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  EXPECT_FALSE(device->close(id));
  sleep(1s);
  EXPECT_FALSE(device->close(id));
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0 ETIMEOUT"});
}

TEST_F(Closing, TwiceWithTheAnswerInTheQueue) {
  auto [id, peer] = open();
  EXPECT_TRUE(device->close(id));
  sleep(1s);
  EXPECT_FALSE(device->close(id));
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0"});
}

TEST_F(Closing, IdsThatAreNotInUse) {
  EXPECT_FALSE(device->close(3));
  EXPECT_FALSE(device->close(3));
  EXPECT_FALSE(device->close(4));
  const Message message = expect("close_cnf 3 ENOTCONN");
  EXPECT_FALSE(message.reason.empty());
  expect("close_cnf 4 ENOTCONN");
  EXPECT_FALSE(device->close(3));
  expect("close_cnf 3 ENOTCONN");
}

TEST_F(Closing, ASocketThatWasClosedOrDestroyed) {
  auto [id, peer] = open();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  EXPECT_FALSE(device->close(id));
  expect("close_cnf 0 ENOTCONN");
  EXPECT_TRUE(device->destroy(id));
  EXPECT_FALSE(device->close(id));
  expect("close_cnf 0 ENOTCONN");
}

TEST_F(Closing, ASocketWhoseConnectFailed) {
  connect_tcp("192.0.2.1", 9);
  expect("connect_cnf 0 ERST");
  EXPECT_FALSE(device->close(0)) << "its failure was delivered";
  expect("close_cnf 0 ENOTCONN");
  EXPECT_TRUE(device->destroy(0));
}

TEST_F(Closing, ASocketWhoseFailureIsStillQueued) {
  connect_tcp("192.0.2.1", 9);
  sleep(1s);
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 0"});
}

TEST_F(Closing, BetweenCloseAndItsAnswerSendsOfAStrayIdGetNone) {
  EXPECT_FALSE(device->close(3));
  EXPECT_EQ(send(3, "x"), Err::enotconn);
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 3 ENOTCONN"});
  EXPECT_EQ(send(3, "x"), Err::earg);
  EXPECT_EQ(lines_within(1s), Lines{"send_cnf 3 EARG"});
}

TEST_F(Closing, DestroyWaitsForTheAnswer) {
  auto [id, peer] = open();
  EXPECT_FALSE(device->destroy(id));
  EXPECT_TRUE(device->close(id));
  EXPECT_FALSE(device->destroy(id));
  expect("close_cnf 0");
  EXPECT_TRUE(device->destroy(id));
  EXPECT_FALSE(device->destroy(id));
  EXPECT_FALSE(device->destroy(17));
}

TEST_F(Closing, DestroyAfterAFailedConnectWaitsForItsMessage) {
  connect_tcp("192.0.2.1", 9);
  EXPECT_FALSE(device->destroy(0));
  sleep(1s);
  EXPECT_FALSE(device->destroy(0));
  expect("connect_cnf 0 ERST");
  EXPECT_TRUE(device->destroy(0));
}

TEST_F(Closing, AfterCloseInd) {
  auto [id, peer] = open();
  peer.finish();
  expect("close_ind 0");
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "");
  EXPECT_TRUE(peer.ended());
}

TEST_F(Closing, ABreakAfterAnOrderlyEndIsToldThere) {
  auto [id, peer] = open(500);
  EXPECT_EQ(send(id, pattern(5000)), Err::ok);
  peer.finish();
  EXPECT_EQ(lines_within(100ms), (Lines{"send_cnf 0 5000", "close_ind 0"}));
  sim.reset_connection(peer.fd());
  sleep(1ms);
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0 ERST");
}

TEST_F(Closing, AfterCloseIndDeliversWhatStillGoesOut) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  peer.finish();
  EXPECT_EQ(lines_within(100ms), (Lines{"send_cnf 0 65536 ECLSD", "close_ind 0"}));
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(drain(peer), pattern(300'000));
  expect("close_cnf 0");
}

TEST_F(Closing, AfterAReset) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "x"), Err::ok);
  expect("send_cnf 0 1");
  peer.abort();
  expect("close_ind 0 ERST");
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  (void)take();
  EXPECT_EQ(sim.now(), before) << "there is nothing to wait for";
  EXPECT_TRUE(device->destroy(id));
}

TEST_F(Closing, AResetWhileBytesAreHandedOver) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  sleep(10ms);
  peer.abort();
  const Instant before = sim.now();
  const Message message = take();
  EXPECT_EQ(message.kind, MessageKind::close_cnf);
  EXPECT_EQ(message.error, Err::erst) << "it was not delivered";
  EXPECT_LE(since(before), 100ms);
}

TEST_F(Closing, AResetThatASendMeetsFirst) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  sleep(10ms);
  os.on_send = [](int, std::span<const std::byte>) { return IoResult{0, SysError(ECONNRESET)}; };
  os.report(os.watched.at(0), {.writable = true});
  expect("close_cnf 0 ERST");
}

TEST_F(Closing, AResetWhileTheAcknowledgementIsAwaited) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, pattern(1000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  sleep(10ms);
  sim.reset_connection(os.watched.at(0));
  const Message message = take();
  EXPECT_EQ(message.kind, MessageKind::close_cnf);
  EXPECT_EQ(message.error, Err::erst) << "it was not acknowledged";
}

TEST_F(Closing, ThePeerEndsMeanwhile) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(300'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  peer.send("bye");
  peer.finish();
  EXPECT_EQ(drain(peer), pattern(300'000));
  EXPECT_EQ(lines_within(1s), Lines{"close_cnf 0"});
}

TEST_F(Closing, WhileTheNameIsResolved) {
  connect_tcp("example.test");
  sleep(1s);
  EXPECT_TRUE(device->close(0));
  expect("close_cnf 0");
  EXPECT_TRUE(device->destroy(0));
  resolver->answer(0, {"192.0.2.1"});
  resolver->answer(1, {"2001:db8::1"});
  expect_silence(100s);
}

TEST_F(Closing, BeforeTheFirstTurn) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect_tcp();
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0"});
  EXPECT_FALSE(listener.try_accept().valid()) << "nothing was sent";
}

TEST_F(Closing, WhileConnecting) {
  sim.black_hole(far);
  connect_tcp();
  sleep(1s);
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(100s), Lines{"close_cnf 0"});
  EXPECT_EQ(sim.open_descriptors(), 0U);
}

TEST_F(Closing, WhileConnectingToAPeerThatAnswersLater) {
  Listener listener(sim, at("192.0.2.1", 80));
  sim.set_latency(far, 1s);
  connect_tcp();
  sleep(1500ms);
  EXPECT_TRUE(device->close(0));
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0"});
}

// ---- Sockets whose device is gone.

TEST_F(Closing, ADestroyedDeviceLeavesWhatLingersToTheReactor) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(100'000)), Err::ok);
  const Instant before = sim.now();
  device.reset();
  EXPECT_EQ(sim.now(), before) << "it does not block";
  EXPECT_EQ(reactor.lingering(), 1U);
  std::string got;
  while (reactor.lingering() > 0 && since(before) < 10s) {
    got += peer.read();
    (void)reactor.turn(1ms);
  }
  sim.advance(1ms);
  got += peer.read();
  EXPECT_EQ(got, pattern(100'000));
  EXPECT_TRUE(peer.ended());
}

TEST_F(Closing, DrainEndsWithTheLingerLimit) {
  auto [id, peer] = open(5000);
  auto [idle, second] = open();
  EXPECT_EQ(send(id, pattern(100'000)), Err::ok);
  const Instant before = sim.now();
  device.reset();
  EXPECT_EQ(reactor.lingering(), 1U) << "the idle one has nothing to deliver";
  EXPECT_TRUE(reactor.drain());
  EXPECT_EQ(since(before), Duration(5s));
  EXPECT_EQ(reactor.lingering(), 0U);
}

TEST_F(Closing, DrainTakesWhatWasBeingClosed) {
  auto [id, peer] = open();
  sim.black_hole(far);
  EXPECT_EQ(send(id, "hello"), Err::ok);
  EXPECT_TRUE(device->close(id));
  sleep(2s);
  device.reset();
  EXPECT_EQ(reactor.lingering(), 1U);
  sim.black_hole(far, false);
  EXPECT_TRUE(reactor.drain());
  EXPECT_EQ(peer.read(), "hello");
}

TEST_F(Closing, DrainIsCutShortByWake) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(100'000)), Err::ok);
  device.reset();
  reactor.wake();
  EXPECT_FALSE(reactor.drain());
  EXPECT_EQ(reactor.lingering(), 1U);
  EXPECT_TRUE(reactor.drain());
}

TEST_F(Closing, DrainWithNothingToDo) {
  EXPECT_TRUE(reactor.drain());
  device.reset();
  EXPECT_TRUE(reactor.drain());
}

TEST_F(Closing, AForkedChildOnlyClosesItsDescriptors) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(100'000)), Err::ok);
  sim.set_forked(true);
  device.reset();
  EXPECT_EQ(reactor.lingering(), 0U);
  EXPECT_TRUE(reactor.drain());
  sim.set_forked(false);
}

TEST_F(Closing, ADeviceThatGoesWithSocketsInEveryState) {
  Listener listener(sim, at("192.0.2.1", 80));
  auto [ending, peer] = open();
  peer.send("unread");
  peer.finish();
  sim.black_hole(*Address::parse("192.0.2.9"));
  connect_tcp("192.0.2.9");
  connect_tcp("example.test");
  connect_udp();
  connect_tcp("192.0.2.1", 9);
  device->start_timer(1, 1);
  sleep(10ms);
  connect_tcp();
  EXPECT_EQ(send(99, "x"), Err::earg);
  EXPECT_FALSE(device->close(98));
  device.reset();
  EXPECT_TRUE(reactor.drain());
}

TEST(ReactorEnd, ClosesWhatStillLingers) {
  SimOs os;
  const Listener listener(os, at("192.0.2.1", 80), 16, 1000);
  {
    Reactor reactor(os, nullptr, std::make_unique<ScriptedResolver>());
    for (int i = 0; i < 3; ++i) {
      auto device = Device::create(reactor);
      const SocketId id = device->connect({.address = "192.0.2.1", .port = 80}).id;
      Message message;
      ASSERT_EQ(device->receive(message, 1s), Waited::message);
      EXPECT_EQ(device->send(id, bytes_of(pattern(100'000))), Err::ok);
    }
    EXPECT_EQ(reactor.lingering(), 3U);
  }
  EXPECT_EQ(os.open_descriptors(), 1U) << "only the listener is left";
}

}  // namespace
}  // namespace socketcore::test
