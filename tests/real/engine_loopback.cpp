#include <poll.h>

#include <algorithm>
#include <thread>

#include "real/loopback.hpp"

// The engine on Linux, over loopback: the most important of what tests/sim holds it to, on the kernel that it is made for.
namespace socketcore::test {
namespace {

class LoopbackAir724u : public Loopback {
 protected:
  LoopbackAir724u() : Loopback(air724u_profile()) {}
};

TEST_F(Loopback, PingPong) {
  for (const std::string_view address : {"127.0.0.1", "::1"}) {
    auto [id, peer] = open(0, address);
    const std::string name = std::to_string(id);
    for (std::size_t i = 0; i < 300; ++i) {
      const std::string ping = pattern(64, i);
      ASSERT_EQ(send(id, ping), Err::ok);
      expect("send_cnf " + name + " 64");
      ASSERT_EQ(read_peer(peer, 64), ping);
      peer.send(ping);
      expect("receive_ind " + name + " 64");
      ASSERT_EQ(recv(id, 64), ping);
    }
    EXPECT_TRUE(device->close(id));
    expect("close_cnf " + name);
    EXPECT_TRUE(device->destroy(id));
  }
}

TEST_F(Loopback, BulkBothWays) {
  auto [id, peer] = open();
  const std::string data = pattern(8'000'000);
  std::string there;
  std::string back;
  std::size_t sent = 0;
  std::size_t offered = 0;
  std::size_t confirmed = 0;
  Message message;
  const Instant end = os->now() + 60s;
  while ((there.size() < data.size() || back.size() < data.size()) && os->now() < end) {
    const std::size_t part = std::min({device->send_space(id), data.size() - sent, std::size_t{100'000}});
    if (part > 0) {
      ASSERT_EQ(send(id, std::string_view(data).substr(sent, part)), Err::ok);
      sent += part;
    }
    offered += peer.offer(std::string_view(data).substr(offered, 200'000));
    there += peer.read();
    while (device->receive(message, 0s) == Waited::message) {
      if (message.kind == MessageKind::send_cnf) confirmed += message.size;
      if (message.kind == MessageKind::receive_ind) back += recv(id, message.size);
    }
  }
  EXPECT_EQ(there, data);
  EXPECT_EQ(back, data);
  EXPECT_EQ(confirmed, data.size());
}

TEST_F(Loopback, AHalfCloseLetsTheAnswerThrough) {
  auto [id, peer] = open();
  peer.send("request");
  peer.finish();
  expect("receive_ind 0 7");
  EXPECT_EQ(recv(id, 3), "req");
  EXPECT_EQ(send(id, "response"), Err::ok);
  expect("send_cnf 0 8");
  EXPECT_EQ(recv(id), "uest");
  expect("close_ind 0");
  EXPECT_EQ(read_peer(peer, 8), "response");
  EXPECT_EQ(send(id, "late"), Err::eclsd);
  expect("send_cnf 0 ECLSD");
}

TEST_F(Loopback, ARefusal) {
  const std::uint16_t port = free_port();
  connect({.address = "127.0.0.1", .port = port});
  EXPECT_EQ(expect("connect_cnf 0 ERST").reason, "connect to 127.0.0.1:" + std::to_string(port) + " refused");
}

TEST_F(Loopback, ANameOfTheHostsFile) {
  Listener listener(*os, at("127.0.0.1", 0));
  connect({.address = "localhost", .port = os->local_endpoint(listener.fd())->port});
  expect("connect_cnf 0");
}

TEST_F(Loopback, AReset) {
  auto [id, peer] = open();
  peer.abort();
  EXPECT_NE(expect("close_ind 0 ERST").reason.find("reset"), std::string::npos);
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
}

TEST_F(Loopback, BytesBeforeAReset) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.abort();
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id), "hello");
  expect("close_ind 0 ERST");
}

TEST_F(Loopback, AResetAfterTheFinIsTheReason) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.close();
  expect("receive_ind 0 5");
  EXPECT_EQ(send(id, "draws a reset"), Err::ok);
  expect("send_cnf 0 13");
  (void)device->sleep(10ms);
  EXPECT_EQ(recv(id), "hello");
  expect("close_ind 0 ERST");
}

TEST_F(Loopback, AResetThatASendMeets) {
  auto [id, peer] = open();
  peer.abort();
  EXPECT_EQ(send(id, "x"), Err::enotconn);
  expect("send_cnf 0 ENOTCONN");
  expect("close_ind 0 ERST");
}

TEST_F(Loopback, UnreadInputHoldsTheEndBackForHalfASecond) {
  auto [id, peer] = open();
  peer.send("hello");
  peer.finish();
  expect("receive_ind 0 5");
  const Instant announced = os->now();
  expect("close_ind 0");
  EXPECT_GE(seconds_since(announced), 0.499);
  EXPECT_LE(seconds_since(announced), 2.0);
  EXPECT_EQ(recv(id), "hello");
}

TEST_F(Loopback, CloseDeliversAndWaitsForTheAcknowledgement) {
  auto [id, peer] = open(5000);
  const std::string data = pattern(900'000);
  EXPECT_EQ(send(id, data), Err::ok);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(50ms), Lines{});
  EXPECT_EQ(read_peer(peer, data.size() + 1), data);
  EXPECT_TRUE(peer.ended());
  expect("close_cnf 0");
}

TEST_F(Loopback, CloseDiscardsWhatArrivesMeanwhile) {
  auto [id, peer] = open(5000);
  const std::string data = pattern(500'000);
  const std::string flood(50'000, 'f');
  peer.send("unread");
  EXPECT_EQ(send(id, data), Err::ok);
  (void)lines_within(5ms);
  EXPECT_TRUE(device->close(id));
  std::string got;
  const Instant end = os->now() + 10s;
  while (!peer.ended() && peer.error().ok() && os->now() < end) {
    if (got.size() < data.size()) (void)peer.offer(flood);
    got += peer.read();
    (void)device->sleep(100us);
  }
  EXPECT_EQ(got, data);
  EXPECT_TRUE(peer.error().ok()) << peer.error().words();
  EXPECT_EQ(lines_within(100ms), Lines{"close_cnf 0"});
}

TEST_F(Loopback, AStreamThatTheLingerLimitCutsOffEndsInAReset) {
  options.linger_limit = 100ms;
  device = make_device();
  auto [id, peer] = open(5000);
  const std::string data = pattern(1'000'000);
  for (int i = 0; i < 20 && device->send_space(id) >= data.size(); ++i) EXPECT_EQ(send(id, data), Err::ok);
  EXPECT_TRUE(device->close(id));
  const Instant start = os->now();
  expect("close_cnf 0 ETIMEOUT");
  EXPECT_GE(seconds_since(start), 0.09);
  (void)read_peer(peer, ~std::size_t{0});
  EXPECT_FALSE(peer.ended());
  EXPECT_EQ(peer.error().err(), Err::erst);
}

TEST_F(Loopback, CloseAfterAllWasAcknowledgedIsImmediate) {
  auto [id, peer] = open();
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect("send_cnf 0 5");
  EXPECT_EQ(read_peer(peer, 5), "hello");
  (void)device->sleep(100ms);
  const Instant start = os->now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  EXPECT_LE(seconds_since(start), 0.05);
  EXPECT_EQ(read_peer(peer, 1), "");
  EXPECT_TRUE(peer.ended());
}

TEST_F(Loopback, AResetWhileLingeringIsNoSuccess) {
  auto [id, peer] = open(5000);
  EXPECT_EQ(send(id, pattern(1'000'000)), Err::ok);
  EXPECT_TRUE(device->close(id));
  EXPECT_EQ(lines_within(50ms), Lines{});
  peer.abort();
  expect("close_cnf 0 ERST");
}

TEST_F(Loopback, ADeviceThatGoesLeavesItsBytesToTheReactor) {
  auto [id, peer] = open(5000);
  const std::string data = pattern(300'000);
  EXPECT_EQ(send(id, data), Err::ok);
  device.reset();
  EXPECT_EQ(reactor.lingering(), 1U);
  std::thread reader([&peer = peer, &data] {
    // Descriptors know no thread; this one reads, and the reactor's touches another.
    std::string got;
    for (int i = 0; i < 5000 && !peer.ended(); ++i) {
      got += peer.read();
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(got, data);
  });
  EXPECT_TRUE(reactor.drain());
  reader.join();
}

TEST_F(Loopback, ATakenLocalPort) {
  Listener listener(*os, at("127.0.0.1", 0));
  const Listener taken(*os, at("0.0.0.0", 0));
  const std::uint16_t port = os->local_endpoint(taken.fd())->port;
  connect({.address = "127.0.0.1", .port = os->local_endpoint(listener.fd())->port, .local_port = port});
  expect("connect_cnf 0 EADDRINUSE");
}

TEST_F(Loopback, ALocalPortThatIsTakenForThisPeerOnly) {
  // bind() lets both have it, connect() does not.
  Listener listener(*os, at("127.0.0.1", 0));
  const std::uint16_t port = os->local_endpoint(listener.fd())->port;
  const std::uint16_t local = free_port();
  for (int i = 0; i < 2; ++i) {
    const SocketId id = connect({.address = "127.0.0.1", .port = port, .local_port = local});
    EXPECT_TRUE(device->set_option(id, SocketOption::reuse_address, 1));
    expect(i == 0 ? "connect_cnf 0" : "connect_cnf 1 EADDRINUSE");
  }
}

TEST_F(Loopback, UdpBothWays) {
  for (const std::string_view address : {"127.0.0.1", "::1"}) {
    DatagramPeer peer(*os, at(address, 0));
    const SocketId id = connect({.type = SocketType::udp, .address = address, .port = peer.port()});
    const std::string name = std::to_string(id);
    expect("connect_cnf " + name);
    EXPECT_EQ(send(id, "question"), Err::ok);
    expect("send_cnf " + name + " 8");
    EXPECT_EQ(peer.read(), "question");
    peer.send_to(peer.last_sender(), "");
    peer.send_to(peer.last_sender(), "answer");
    expect("receive_ind " + name + " 0");
    EXPECT_EQ(recv(id), "");
    expect("receive_ind " + name + " 6");
    EXPECT_EQ(recv(id, 3), "ans");
    EXPECT_EQ(lines_within(20ms), Lines{});
  }
}

TEST_F(Loopback, UdpToNobody) {
  const std::uint16_t port = free_port();
  connect({.type = SocketType::udp, .address = "127.0.0.1", .port = port});
  expect("connect_cnf 0");
  EXPECT_EQ(send(0, "first"), Err::ok);
  expect("send_cnf 0 5");
  EXPECT_EQ(lines_within(20ms), Lines{});
  DatagramPeer peer(*os, at("127.0.0.1", port));
  EXPECT_EQ(send(0, "second"), Err::ok);
  expect("send_cnf 0 6 ERST");
  EXPECT_EQ(send(0, "third"), Err::ok);
  expect("send_cnf 0 5");
  EXPECT_EQ(peer.read(), "second");
  EXPECT_EQ(peer.read(), "third");
}

TEST_F(Loopback, UdpOfTheLargestSize) {
  DatagramPeer peer(*os, at("127.0.0.1", 0));
  connect({.type = SocketType::udp, .address = "127.0.0.1", .port = peer.port()});
  expect("connect_cnf 0");
  EXPECT_EQ(send(0, pattern(65508)), Err::earg);
  expect("send_cnf 0 EARG");
  EXPECT_EQ(send(0, pattern(65507)), Err::ok);
  expect("send_cnf 0 65507");
  EXPECT_EQ(peer.read(), pattern(65507));
}

TEST_F(Loopback, TlsBothWays) {
  Listener listener(*os, at("127.0.0.1", 0));
  connect({.type = SocketType::ssl, .address = "127.0.0.1", .port = os->local_endpoint(listener.fd())->port});
  (void)device->sleep(10ms);
  TlsPeer peer(listener.accept(), tls_server());
  Message message;
  for (int i = 0; i < 1000 && device->receive(message, 1ms) != Waited::message; ++i) (void)peer.pump();
  ASSERT_EQ(line_of(message), "connect_cnf 0") << message.reason;
  EXPECT_EQ(message.verify, "none");
  (void)peer.pump();
  EXPECT_EQ(send(0, "question"), Err::ok);
  expect("send_cnf 0 8");
  EXPECT_EQ(peer.read(), "question");
  peer.send("answer");
  peer.finish();
  expect("receive_ind 0 6");
  EXPECT_EQ(recv(0), "answer");
  expect("close_ind 0");
  EXPECT_TRUE(device->close(0));
  expect("close_cnf 0");
  EXPECT_EQ(peer.read(), "");
  EXPECT_TRUE(peer.ended());
}

TEST_F(Loopback, ManyConnectionsAtOnce) {
  Listener listener(*os, at("127.0.0.1", 0), 300);
  const std::uint16_t port = os->local_endpoint(listener.fd())->port;
  constexpr int kCount = 200;
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(connect({.address = "127.0.0.1", .port = port}), i);
  std::vector<Peer> peers;
  int connected = 0;
  Message message;
  const Instant end = os->now() + 20s;
  while ((connected < kCount || peers.size() < kCount) && os->now() < end) {
    if (Peer peer = listener.try_accept(); peer.valid()) peers.push_back(std::move(peer));
    if (device->receive(message, 0s) == Waited::message) {
      EXPECT_EQ(line_of(message), "connect_cnf " + std::to_string(message.socket)) << message.reason;
      ++connected;
    }
  }
  for (auto& peer : peers) {
    peer.send("bye");
    peer.close();
  }
  int ended = 0;
  while (ended < kCount && os->now() < end && device->receive(message, 1s) == Waited::message) {
    if (message.kind == MessageKind::receive_ind) {
      EXPECT_EQ(recv(message.socket), "bye");
    } else {
      EXPECT_EQ(line_of(message), "close_ind " + std::to_string(message.socket));
      ++ended;
    }
  }
  EXPECT_EQ(ended, kCount);
}

TEST_F(Loopback, CyclesLeaveNoDescriptors) {
  Listener listener(*os, at("127.0.0.1", 0));
  const std::uint16_t port = os->local_endpoint(listener.fd())->port;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 200; ++i) {
    const std::string name = std::to_string(connect({.address = "127.0.0.1", .port = port}));
    expect("connect_cnf " + name);
    Peer peer = listener.accept();
    peer.send("x");
    expect("receive_ind " + name + " 1");
    EXPECT_EQ(send(i, "y"), Err::ok);
    expect("send_cnf " + name + " 1");
    EXPECT_TRUE(device->close(i));
    expect("close_cnf " + name);
    EXPECT_TRUE(device->destroy(i));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Loopback, AnotherThreadWakes) {
  std::thread waker([this] {
    std::this_thread::sleep_for(30ms);
    reactor.wake();
  });
  Message message;
  EXPECT_EQ(device->receive(message, 20s), Waited::interrupted);
  waker.join();
}

TEST_F(Loopback, ALoopOfTheHostsOwnWatchesADescriptorAndAClock) {
  EXPECT_EQ(&reactor.os(), os.get());
  auto [id, peer] = open();
  const auto turn_is_due = [this](int limit_ms) {
    pollfd entry{.fd = reactor.poll_fd(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, limit_ms) == 1;
  };
  while (turn_is_due(0)) reactor.turn(0ms);
  EXPECT_EQ(reactor.until_due(), std::nullopt);
  peer.send("x");
  EXPECT_TRUE(turn_is_due(10'000));
  const auto ready = reactor.turn(0ms);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0], device->inner().key());
  expect("receive_ind 0 1");
  EXPECT_EQ(recv(id), "x");
  EXPECT_TRUE(device->start_timer(1, 60'000));
  ASSERT_TRUE(reactor.until_due().has_value());
  EXPECT_LE(*reactor.until_due(), 60s);
  EXPECT_GT(*reactor.until_due(), 30s);
}

TEST_F(Loopback, TimersAreOnTime) {
  const Instant start = os->now();
  EXPECT_TRUE(device->start_timer(1, 60));
  EXPECT_TRUE(device->start_timer(2, 30));
  expect("timer 2");
  EXPECT_GE(seconds_since(start), 0.030);
  expect("timer 1");
  EXPECT_GE(seconds_since(start), 0.060);
  EXPECT_LE(seconds_since(start), 1.0);
}

// ---- Confirmed by the peer's acknowledgement.

TEST_F(LoopbackAir724u, ASendIsConfirmedThoughThePeerDoesNotRead) {
  auto [id, peer] = open();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(send(id, pattern(500)), Err::ok);
    expect("send_cnf 0 500", 2s);
  }
}

TEST_F(LoopbackAir724u, SendsInARowAreAllConfirmed) {
  auto [id, peer] = open();
  Lines expected;
  for (std::size_t i = 1; i <= 100; ++i) {
    EXPECT_EQ(send(id, pattern(i)), Err::ok);
    expected.push_back("send_cnf 0 " + std::to_string(i));
  }
  EXPECT_EQ(lines_within(500ms), expected);
}

TEST_F(LoopbackAir724u, ASendIsNotConfirmedBeforeThePeersKernelHasIt) {
  auto [id, peer] = open(2000);
  Lines lines;
  std::size_t sends = 0;
  // Until the peer's window is full and bytes lie in our kernel.
  for (; sends < 100; ++sends) {
    EXPECT_EQ(send(id, pattern(5000)), Err::ok);
    lines = lines_within(20ms);
    if (lines.empty()) break;
  }
  ASSERT_LT(sends, 100U);
  EXPECT_EQ(lines_within(300ms), Lines{});
  EXPECT_EQ(read_peer(peer, (sends + 1) * 5000).size(), (sends + 1) * 5000);
  expect("send_cnf 0 5000", 2s);
}

TEST_F(LoopbackAir724u, ASendIsConfirmedThoughTheScriptDoesNotRead) {
  auto [id, peer] = open();
  // Our receive buffer runs full: the kernel has no room for its notices.
  const std::string flood = pattern(100'000);
  for (int i = 0; i < 300; ++i) {
    if (peer.offer(flood) == 0) std::this_thread::sleep_for(1ms);
  }
  expect("receive_ind 0 2048");
  EXPECT_EQ(send(id, "are you there?"), Err::ok);
  expect("send_cnf 0 14", 3s);
}

}  // namespace
}  // namespace socketcore::test
