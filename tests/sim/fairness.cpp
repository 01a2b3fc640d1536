#include "sim/fixture.hpp"

// One busy socket beside others: how much it moves before the kernel is asked again, and before others are heard.
namespace socketcore::test {
namespace {

// What TLS decrypts in a millisecond on a slow machine.
constexpr std::size_t kMost = 1024 * 1024;

class Fairness : public SimTest {
 protected:
  /// Tops up the flood and takes the next message; false if that is another one than the flood's.
  bool take_from(SocketId busy, Peer& flood) {
    flood.offer(page);
    sim.advance(1ms);
    EXPECT_EQ(device->receive(message, 0s), Waited::message);
    if (message.kind != MessageKind::receive_ind || message.socket != busy) return false;
    moved += recv(busy, message.size).size();
    return true;
  }

  const std::string page = pattern(300'000);
  Message message;
  std::size_t moved = 0;
};

TEST_F(Fairness, AFloodDoesNotKeepTheKernelFromBeingAsked) {
  auto [busy, flood] = open();
  EXPECT_TRUE(take_from(busy, flood));
  std::size_t most = 0;
  std::size_t waits = os.waits;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(take_from(busy, flood));
    if (os.waits != waits) moved = 0;
    waits = os.waits;
    most = std::max(most, moved);
  }
  EXPECT_GT(most, 64U * 1024) << "nor is it asked for every message";
  EXPECT_LE(most, kMost);
}

TEST_F(Fairness, AFloodDoesNotKeepAnotherSocketFromBeingHeard) {
  auto [busy, flood] = open();
  auto [quiet, peer] = open();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(take_from(busy, flood));
    moved = 0;
    peer.send("hello");
    while (take_from(busy, flood)) ASSERT_LE(moved, kMost);
    ASSERT_EQ(line_of(message), "receive_ind " + std::to_string(quiet) + " 5");
    EXPECT_EQ(recv(quiet), "hello");
  }
}

TEST_F(Fairness, AFloodDoesNotKeepATimerFromRunningOut) {
  auto [busy, flood] = open();
  EXPECT_TRUE(take_from(busy, flood));
  moved = 0;
  EXPECT_TRUE(device->start_timer(7, 1));
  while (take_from(busy, flood)) ASSERT_LE(moved, kMost);
  EXPECT_EQ(line_of(message), "timer 7");
}

TEST_F(Fairness, TwoFloodsTakeTurns) {
  auto [first, one] = open();
  auto [second, two] = open();
  EXPECT_NE(first, second);
  std::vector<SocketId> heard;
  for (int i = 0; i < 20; ++i) {
    one.offer(page);
    two.offer(page);
    sim.advance(1ms);
    ASSERT_EQ(device->receive(message, 0s), Waited::message);
    ASSERT_EQ(message.kind, MessageKind::receive_ind);
    heard.push_back(message.socket);
    (void)recv(message.socket, message.size);
  }
  // The second may not have been heard of when the first began.
  for (std::size_t i = 2; i < heard.size(); ++i) EXPECT_NE(heard[i], heard[i - 1]) << i;
}

TEST_F(Fairness, AFullSendBufferLeavesInParts) {
  auto [busy, sink] = open(2000);
  ASSERT_EQ(send(busy, pattern(1'000'000)), Err::ok);
  const std::size_t waiting = 1024 * 1024 - device->send_space(busy);
  ASSERT_GT(waiting, 600'000U);
  std::size_t in_turn = 0;
  std::size_t sent = 0;
  std::size_t most = 0;
  os.on_send = [&](int, std::span<const std::byte> data) {  // from now on the kernel takes all that it is given
    in_turn += data.size();
    return IoResult{data.size(), {}};
  };
  for (int i = 0; i < 1000 && sent < waiting; ++i) {
    (void)sink.read();
    if (sent == 0) sim.advance(1ms);
    in_turn = 0;
    (void)reactor.turn(0s);
    sent += in_turn;
    most = std::max(most, in_turn);
  }
  os.on_send = nullptr;
  EXPECT_EQ(sent, waiting);
  EXPECT_LE(most, 256U * 1024);
  expect("send_cnf 0 1000000");
}

TEST_F(Fairness, AScriptThatSendsAllTheTimeAsksTheKernelInBetween) {
  auto [busy, sink] = open();
  const std::string piece = pattern(60'000);
  std::size_t most = 0;
  std::size_t waits = os.waits;
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(send(busy, piece), Err::ok);
    (void)sink.read();
    ASSERT_EQ(device->receive(message, 1h), Waited::message);
    if (os.waits != waits) moved = 0;
    moved += piece.size();
    waits = os.waits;
    most = std::max(most, moved);
  }
  EXPECT_LE(most, kMost);
}

}  // namespace
}  // namespace socketcore::test
