#include "sim/fixture.hpp"

// How a connection ends from the peer's side: close_ind, its time and its reason.
namespace socketcore::test {
namespace {

class Ending : public SimTest {};

TEST_F(Ending, InOrder) {
  auto [id, peer] = open();
  peer.close();
  expect("close_ind 0");
  expect_silence(100s);
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
}

TEST_F(Ending, ComesAtOnceWhenAllWasRead) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  const Instant before = sim.now();
  EXPECT_EQ(recv(id), "hello");
  expect("close_ind 0");
  EXPECT_EQ(sim.now(), before);
}

TEST_F(Ending, ComesAfterAllAnnouncements) {
  use(air724u_profile());
  auto [id, peer] = open();
  peer.send(pattern(5000));
  peer.close();
  std::string got;
  for (const char* line : {"receive_ind 0 2048", "receive_ind 0 2048", "receive_ind 0 904"}) {
    got += recv(id, expect(line).size);
  }
  EXPECT_EQ(got, pattern(5000));
  expect("close_ind 0");
}

TEST_F(Ending, NothingWasLeftToAnnounce) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  sleep(10ms);
  EXPECT_EQ(recv(id), "hello");
  EXPECT_EQ(lines_within(1s), Lines{"close_ind 0"}) << "no announcement of nothing";
}

// ---- 500 ms after the latest of last read, announcement and end.

TEST_F(Ending, UnreadInputHoldsItBackForAWhile) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  sleep(200ms);
  peer.finish();
  sim.advance(1ms);
  const Instant end = sim.now();
  expect("close_ind 0");
  EXPECT_GE(since(end), 499ms);
  EXPECT_LE(since(end), 501ms);
  EXPECT_EQ(recv(id), "hello") << "the rest stays readable";
  expect_silence(10s);
}

TEST_F(Ending, TheAnnouncementMayBeTheLatest) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  sleep(2s);
  expect("receive_ind 0 5");
  const Instant announced = sim.now();
  expect("close_ind 0");
  EXPECT_GE(since(announced), 500ms);
  EXPECT_LE(since(announced), 501ms);
}

TEST_F(Ending, TheReadMayBeTheLatest) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  sleep(400ms);
  EXPECT_EQ(recv(id, 2), "he");
  const Instant read = sim.now();
  expect("close_ind 0");
  EXPECT_EQ(since(read), Duration(500ms));
  EXPECT_EQ(recv(id), "llo");
}

TEST_F(Ending, EveryReadHoldsItBackAgain) {
  auto [id, peer] = open();
  peer.send(pattern(10));
  peer.finish();
  expect("receive_ind 0 10");
  for (std::size_t i = 0; i < 9; ++i) {
    expect_silence(450ms);
    EXPECT_EQ(recv(id, 1), pattern(1, i));
  }
  const Instant read = sim.now();
  expect("close_ind 0");
  EXPECT_EQ(since(read), Duration(500ms));
}

TEST_F(Ending, AReadOfNothingHoldsNothingBack) {
  auto [id, peer] = open();
  peer.send("hello");
  expect("receive_ind 0 5");
  peer.finish();
  sim.advance(1ms);
  const Instant end = sim.now();
  sleep(400ms);
  EXPECT_EQ(recv(id, 0), "");
  expect("close_ind 0");
  EXPECT_LE(since(end), 501ms);
}

TEST_F(Ending, ALateReadAfterTheLimitWasQueued) {
  use(air724u_profile());
  auto [id, peer] = open();
  peer.send(pattern(4000));
  peer.finish();
  expect("receive_ind 0 2048");
  sleep(2s);  // close_ind is in the queue by now
  EXPECT_EQ(recv(id, 2048), pattern(2048));
  expect("receive_ind 0 1952");
  const Instant announced = sim.now();
  expect("close_ind 0", 10s);
  EXPECT_EQ(since(announced), Duration(500ms));
  EXPECT_EQ(recv(id), pattern(1952, 2048));
}

TEST_F(Ending, ALatePartialReadAfterTheLimitWasQueued) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  sleep(2s);
  EXPECT_EQ(recv(id, 2), "he");
  const Instant read = sim.now();
  expect("close_ind 0", 10s);
  EXPECT_EQ(since(read), Duration(500ms));
}

TEST_F(Ending, AllReadAfterTheLimitWasQueued) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  sleep(2s);
  EXPECT_EQ(recv(id), "hello");
  EXPECT_EQ(lines_within(10s), Lines{"close_ind 0"});
}

TEST_F(Ending, NothingIsAnnouncedAfterCloseInd) {
  use(air724u_profile());
  auto [id, peer] = open();
  peer.send(pattern(6000));
  peer.finish();
  expect("receive_ind 0 2048");
  expect("close_ind 0");
  EXPECT_EQ(recv(id, 2048), pattern(2048));
  expect_silence(1s);
  EXPECT_EQ(recv(id, 2048), pattern(2048, 2048));
  EXPECT_EQ(recv(id, 5000), pattern(1904, 4096));
  EXPECT_EQ(recv(id), "");
  expect_silence(1s);
}

TEST_F(Ending, TheLimitIsAnOption) {
  options.unread_limit = 70ms;
  use(DeviceOptions(options));
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  const Instant announced = sim.now();
  expect("close_ind 0");
  EXPECT_LE(since(announced), 71ms);
}

TEST_F(Ending, OtherSocketsDoNotMatter) {
  auto [one, first] = open();
  auto [two, second] = open();
  first.send("hello");
  first.finish();
  expect("receive_ind 0 5");
  const Instant announced = sim.now();
  Lines lines;
  for (int i = 0; i < 10; ++i) {
    second.send("x");
    for (auto& line : lines_within(60ms)) lines.push_back(line);
    EXPECT_EQ(recv(two), "x");
  }
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "close_ind 0"), 1) << since(announced).count();
}

// ---- Half-close.

TEST_F(Ending, APeerThatEndsItsHalfGoesOnListening) {
  auto [id, peer] = open();
  peer.send("request");
  peer.finish();
  expect("receive_ind 0 7");
  EXPECT_EQ(recv(id), "request");
  // Accepted until close_ind is delivered.
  EXPECT_EQ(send(id, "response"), Err::ok);
  expect("send_cnf 0 8");
  expect("close_ind 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "response");
  EXPECT_FALSE(peer.ended());
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "");
  EXPECT_TRUE(peer.ended());
}

// ---- Resets.

TEST_F(Ending, AReset) {
  auto [id, peer] = open();
  peer.abort();
  const Message message = expect("close_ind 0 ERST");
  EXPECT_EQ(message.reason, "connection to 192.0.2.1:5000 reset by peer");
  expect_silence(10s);
}

TEST_F(Ending, BytesBeforeAResetAreReadFirst) {
  auto [id, peer] = open();
  peer.send("hello");
  sim.advance(1ms);
  peer.abort();
  sim.advance(1ms);
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id), "hello");
  expect("close_ind 0 ERST");
}

TEST_F(Ending, UnreadBytesBeforeAResetHoldItBackForAWhile) {
  auto [id, peer] = open();
  peer.send("hello");
  sim.advance(1ms);
  peer.abort();
  sim.advance(1ms);
  expect("receive_ind 0 5");
  const Instant announced = sim.now();
  expect("close_ind 0 ERST");
  EXPECT_GE(since(announced), 499ms);
  EXPECT_EQ(recv(id), "hello");
}

TEST_F(Ending, AResetAfterTheFinIsTheReason) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.close();
  expect("receive_ind 0 5");
  EXPECT_EQ(send(id, "to nobody"), Err::ok);
  expect("send_cnf 0 9");
  sim.advance(10ms);
  sleep(10ms);
  EXPECT_EQ(recv(id), "hello");
  expect("close_ind 0 ERST");
}

TEST_F(Ending, AResetAfterCloseIndIsNotToldAgain) {
  auto [id, peer] = open();
  peer.finish();
  expect("close_ind 0");
  peer.abort();
  expect_silence(10s);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(10s).size(), 1U);
}

TEST_F(Ending, KeepaliveFindsADeadPeer) {
  auto [id, peer] = open();
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_alive, 1));
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_idle_s, 10));
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_interval_s, 2));
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_count, 3));
  sim.black_hole(*Address::parse("192.0.2.1"));
  const Instant start = sim.now();
  const Message message = expect("close_ind 0 ETIMEOUT", 100s);
  EXPECT_NEAR(std::chrono::duration<double>(since(start)).count(), 16, 0.1);
  EXPECT_NE(message.reason.find("timed out"), std::string::npos) << message.reason;
}

TEST_F(Ending, BytesThatAreNeverAcknowledged) {
  auto [id, peer] = open();
  sim.black_hole(*Address::parse("192.0.2.1"));
  EXPECT_EQ(send(id, "hello?"), Err::ok);
  expect("send_cnf 0 6");
  expect("close_ind 0 ETIMEOUT");
}

// ---- Pending sends come first.

TEST_F(Ending, PendingSendsAreAnsweredFirst) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(200'000)), Err::ok);
  EXPECT_EQ(send(id, "second"), Err::ok);
  peer.send("bye");
  peer.finish();
  expect("receive_ind 0 3");
  EXPECT_EQ(recv(id), "bye");
  const Message answer = expect("send_cnf 0 65536 ECLSD");
  EXPECT_NE(answer.reason.find("closed"), std::string::npos) << answer.reason;
  // Between the answers: one more send takes its place behind them.
  EXPECT_EQ(send(id, "third"), Err::ok);
  expect("send_cnf 0 ECLSD");
  expect("send_cnf 0 ECLSD");
  expect("close_ind 0");
}

TEST_F(Ending, AScriptThatSendsOnWithEachAnswerHearsOfItToo) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "x"), Err::ok);
  peer.finish();
  sleep(1ms);
  Message message;
  Device& unwatched = device->inner();  // the last answers may come after the end here: they cannot all come before
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(unwatched.receive(message, 1s), Waited::message);
    if (message.kind == MessageKind::close_ind) break;
    ASSERT_EQ(unwatched.send(id, bytes_of("x")), Err::ok);
    (void)peer.read();
  }
  EXPECT_EQ(message.kind, MessageKind::close_ind);
  while (unwatched.receive(message, 1s) == Waited::message) EXPECT_EQ(message.kind, MessageKind::send_cnf);
  use(DeviceOptions(options));
}

TEST_F(Ending, AcknowledgementsThatCameInTimeCount) {
  use(air724u_profile());
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "request"), Err::ok);
  sim.advance(1ms);
  peer.finish();
  sim.advance(1ms);
  EXPECT_EQ(lines_within(1s), (Lines{"send_cnf 0 7", "close_ind 0"}));
}

TEST_F(Ending, ClosingInsteadOfWaitingForIt) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(10s), Lines{"close_cnf 0"});
}

TEST_F(Ending, ManyConnectionsEndAtOnce) {
  std::vector<Connection> all;
  for (int i = 0; i < 20; ++i) all.push_back(open());
  for (auto& connection : all) {
    connection.peer.send("last words");
    connection.peer.close();
  }
  std::size_t ends = 0;
  Message message;
  while (device->receive(message, 1s) == Waited::message) {
    if (message.kind == MessageKind::receive_ind) {
      EXPECT_EQ(recv(message.socket), "last words");
    }
    if (message.kind == MessageKind::close_ind) ++ends;
  }
  EXPECT_EQ(ends, 20U);
}

}  // namespace
}  // namespace socketcore::test
