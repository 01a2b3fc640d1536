#include "sim/fixture.hpp"

#include <cerrno>

// UDP and RAW sockets.
namespace socketcore::test {
namespace {

class Datagrams : public SimTest {
 protected:
  /// A UDP socket that is open; it sends from port 4000.
  SocketId open_udp(std::string_view address = "192.0.2.1", std::uint16_t port = 53) {
    const SocketId id = connect({.type = SocketType::udp, .address = address, .port = port, .local_port = 4000});
    expect("connect_cnf " + std::to_string(id));
    return id;
  }
  const Endpoint own = at("10.0.0.1", 4000);
};

TEST_F(Datagrams, GoBothWays) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, "question"), Err::ok);
  expect("send_cnf 0 8");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "question");
  EXPECT_EQ(peer.last_sender(), own);
  peer.send_to(own, "answer");
  expect("receive_ind 0 6");
  EXPECT_EQ(recv(id), "answer");
  EXPECT_EQ(recv(id), "");
}

TEST_F(Datagrams, OverIpv6) {
  DatagramPeer peer(sim, at("2001:db8::1", 53));
  const SocketId id = open_udp("2001:db8::1");
  EXPECT_EQ(send(id, "question"), Err::ok);
  expect("send_cnf 0 8");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "question");
}

TEST_F(Datagrams, ToAName) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  resolver->know("example.test", Family::v4, {"192.0.2.1"});
  const SocketId id = open_udp("example.test");
  EXPECT_EQ(send(id, "question"), Err::ok);
  expect("send_cnf 0 8");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "question");
}

TEST_F(Datagrams, OnlyThePeersAreDelivered) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  DatagramPeer stranger(sim, at("192.0.2.66", 53));
  DatagramPeer other_port(sim, at("192.0.2.1", 54));
  const SocketId id = open_udp();
  stranger.send_to(own, "evil");
  other_port.send_to(own, "evil");
  peer.send_to(own, "good");
  EXPECT_EQ(lines_within(1s), Lines{"receive_ind 0 4"});
  EXPECT_EQ(recv(id), "good");
}

TEST_F(Datagrams, AreReadOneAtATime) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.send_to(own, "one");
  peer.send_to(own, "three");
  EXPECT_EQ(lines_within(1s), Lines{"receive_ind 0 3"});
  EXPECT_EQ(recv(id, 1000), "one");
  EXPECT_EQ(lines_within(1s), Lines{"receive_ind 0 5"});
  EXPECT_EQ(recv(id, 1000), "three");
  EXPECT_EQ(recv(id, 1000), "");
  expect_silence(1s);
}

TEST_F(Datagrams, WhatDoesNotFitIsDropped) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.send_to(own, "hello");
  peer.send_to(own, "world");
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id, 3), "hel");
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id, 100), "world");
}

TEST_F(Datagrams, AnEmptyOneIsAnnouncedAndConsumed) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.send_to(own, "");
  peer.send_to(own, "next");
  expect("receive_ind 0 0");
  EXPECT_EQ(recv(id, 0), "");
  expect("receive_ind 0 4");
  EXPECT_EQ(recv(id), "next");
}

TEST_F(Datagrams, ReadingZeroBytesConsumesOnlyAnEmptyOne) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.send_to(own, "full");
  expect("receive_ind 0 4");
  EXPECT_EQ(recv(id, 0), "");
  expect("receive_ind 0 4");  // a sock_recv was made
  EXPECT_EQ(recv(id), "full");
}

TEST_F(Datagrams, AreReadAheadOfTheirAnnouncement) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.send_to(own, "one");
  peer.send_to(own, "three");
  sleep(10ms);
  EXPECT_EQ(recv(id), "one");
  expect("receive_ind 0 5");
  EXPECT_EQ(recv(id), "three");
  peer.send_to(own, "x");
  sleep(10ms);
  EXPECT_EQ(recv(id), "x");
  expect_silence(1s);
}

TEST_F(Datagrams, KeepTheirBoundsWhenAnotherSocketUsesTheBuffer) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  auto [stream, other] = open();
  peer.send_to(own, "");
  peer.send_to(own, pattern(3000));
  expect("receive_ind 0 0");
  other.send("stream");
  expect("receive_ind 1 6");
  EXPECT_EQ(recv(stream), "stream");
  EXPECT_EQ(recv(id), "");
  expect("receive_ind 0 3000");
  other.send("stream");
  expect("receive_ind 1 6");
  EXPECT_EQ(recv(stream), "stream");
  EXPECT_EQ(recv(id), pattern(3000));
}

TEST_F(Datagrams, AnEmptyOneIsSent) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, ""), Err::ok);
  expect("send_cnf 0 0");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "");
  EXPECT_EQ(peer.last_sender(), own);
}

TEST_F(Datagrams, OfAllSizes) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, pattern(65507)), Err::ok);
  expect("send_cnf 0 65507");
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), pattern(65507));
  EXPECT_EQ(send(id, pattern(65508)), Err::earg);
  EXPECT_NE(expect("send_cnf 0 EARG").reason.find("datagram"), std::string::npos);
  peer.send_to(own, pattern(65507, 9));
  expect("receive_ind 0 65507");
  EXPECT_EQ(recv(id), pattern(65507, 9));
}

TEST_F(Datagrams, OfAllSizesOverIpv6) {
  const DatagramPeer peer(sim, at("2001:db8::1", 53));
  const SocketId id = open_udp("2001:db8::1");
  EXPECT_EQ(send(id, pattern(65527)), Err::ok);
  expect("send_cnf 0 65527");
  EXPECT_EQ(send(id, pattern(65528)), Err::earg);
  expect("send_cnf 0 EARG");
}

TEST_F(Datagrams, LargerThanTheDevicesSendBuffer) {
  use(air724u_profile());
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, pattern(11201)), Err::enobufs);
  expect("send_cnf 0 ENOBUFS");
  EXPECT_EQ(send(id, pattern(11200)), Err::ok);
  expect("send_cnf 0 11200");
}

TEST_F(Datagrams, AreAnnouncedWholeOnTheDevice) {
  use(air724u_profile());
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.send_to(own, pattern(5000));
  expect("receive_ind 0 5000");
  EXPECT_EQ(recv(id), pattern(5000));
}

TEST_F(Datagrams, NobodyListens) {
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, "first"), Err::ok);
  expect("send_cnf 0 5");
  sleep(10ms);
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  EXPECT_EQ(send(id, "second"), Err::ok);
  const Message message = expect("send_cnf 0 6 ERST");
  EXPECT_NE(message.reason.find("refused"), std::string::npos) << message.reason;
  EXPECT_EQ(send(id, "third"), Err::ok);
  expect("send_cnf 0 5");  // at most the next send fails
  sim.advance(1ms);
  EXPECT_EQ(peer.read(), "second") << "no datagram is lost to it";
  EXPECT_EQ(peer.read(), "third");
  expect_silence(1s);
}

TEST_F(Datagrams, NobodyListensAndNothingArrivesForTheScript) {
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, "first"), Err::ok);
  EXPECT_EQ(lines_within(1s), Lines{"send_cnf 0 5"}) << "an ICMP error is no message of its own";
  EXPECT_EQ(recv(id), "");
}

TEST_F(Datagrams, WhatHadArrivedSurvivesAnIcmpError) {
  auto peer = std::make_unique<DatagramPeer>(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer->send_to(own, "precious");
  sim.advance(1ms);
  peer->close();
  EXPECT_EQ(send(id, "to nobody"), Err::ok);
  expect("send_cnf 0 9");
  sim.advance(1ms);
  EXPECT_EQ(recv(id), "precious");
  EXPECT_EQ(send(id, "again"), Err::ok);
  expect("send_cnf 0 5 ERST");
}

TEST_F(Datagrams, ToEverybody) {
  DatagramPeer one(sim, at("0.0.0.0", 53));
  DatagramPeer stranger(sim, at("192.0.2.7", 9));
  const SocketId id = open_udp("255.255.255.255");
  EXPECT_EQ(send(id, "anybody?"), Err::ok);
  expect("send_cnf 0 8");
  sim.advance(1ms);
  EXPECT_EQ(one.read(), "anybody?");
  stranger.send_to(own, "me");
  expect("receive_ind 0 2");
  EXPECT_EQ(recv(id), "me");
}

TEST_F(Datagrams, ToEverybodyOfASubnet) {
  sim.broadcast_address(*Address::parse("192.0.2.255"));
  DatagramPeer one(sim, at("0.0.0.0", 53));
  const SocketId id = open_udp("192.0.2.255");
  EXPECT_EQ(send(id, "anybody?"), Err::ok);
  expect("send_cnf 0 8");
  sim.advance(1ms);
  EXPECT_EQ(one.read(), "anybody?");
}

TEST_F(Datagrams, ToAGroup) {
  DatagramPeer member(sim, at("239.1.2.3", 53));
  DatagramPeer stranger(sim, at("192.0.2.7", 9));
  const SocketId id = open_udp("239.1.2.3");
  EXPECT_EQ(send(id, "all of you"), Err::ok);
  expect("send_cnf 0 10");
  sim.advance(1ms);
  EXPECT_EQ(member.read(), "all of you");
  stranger.send_to(own, "me");
  expect("receive_ind 0 2");
  EXPECT_EQ(recv(id), "me");
}

TEST_F(Datagrams, AreNeverEndedByAPeer) {
  auto peer = std::make_unique<DatagramPeer>(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  peer.reset();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(send(id, "x"), Err::ok);
    EXPECT_EQ(lines_within(1s).size(), 1U);
  }
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
}

TEST_F(Datagrams, CloseIsImmediate) {
  const SocketId id = open_udp();
  EXPECT_EQ(send(id, "x"), Err::ok);
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0");
  EXPECT_EQ(sim.now(), before);
}

// ---- A kernel that does not take datagrams at once.

class BlockedDatagrams : public Datagrams {
 protected:
  void TearDown() override {
    peer_.close();
    Datagrams::TearDown();
  }
  SocketId open_blocked() {
    const SocketId id = open_udp();
    os.on_send = [this](int, std::span<const std::byte>) -> std::optional<IoResult> {
      if (free_ > 0) {
        --free_;
        return std::nullopt;
      }
      return IoResult{0, SysError(EAGAIN)};
    };
    return id;
  }
  void let(std::size_t count) {
    free_ = count;
    os.report(os.watched.back(), {.writable = true});
  }
  std::size_t free_ = 0;
  DatagramPeer peer_{sim, at("192.0.2.1", 53)};
};

TEST_F(Datagrams, NoKindOfUnreachableCostsTheNextOne) {
  DatagramPeer peer(sim, at("192.0.2.1", 53));
  const SocketId id = open_udp();
  for (const int error : {ECONNREFUSED, EACCES, ENOPROTOOPT, EHOSTDOWN}) {
    os.on_send = [&, once = true](int, std::span<const std::byte>) mutable -> std::optional<IoResult> {
      if (!std::exchange(once, false)) return std::nullopt;
      return IoResult{0, SysError(error)};  // as of an earlier one, that waited
    };
    EXPECT_EQ(send(id, "hello"), Err::ok);
    const Message message = take();
    EXPECT_EQ(line_of(message), "send_cnf 0 5 ERST") << message.reason;
    sim.advance(1ms);
    EXPECT_EQ(peer.read(), "hello") << SysError(error).words();
  }
}

TEST_F(Datagrams, WhatTheKernelForbidsIsTheDatagramsOwn) {
  const SocketId id = open_udp();
  os.on_send = [](int, std::span<const std::byte>) { return IoResult{0, SysError(EACCES)}; };
  EXPECT_EQ(send(id, "hello"), Err::ok);
  expect("send_cnf 0 EIF");
}

TEST_F(Datagrams, APeerThatTheKernelForbidsIsNoBroadcastAddress) {
  os.on_connect = [](int, const Endpoint&) { return SysError(EACCES); };
  connect_udp();
  const Message message = take();
  EXPECT_EQ(line_of(message), "connect_cnf 0 EIF") << "not a socket that hears everybody: " << message.reason;
}

TEST_F(BlockedDatagrams, WaitInTheSendBuffer) {
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, "one"), Err::ok);
  EXPECT_EQ(send(id, "two!"), Err::ok);
  EXPECT_EQ(device->send_space(id), (1U << 20) - 7);
  expect_silence(1s);
  let(1);
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 3"});
  let(100);
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 4"});
  EXPECT_EQ(peer_.read(), "one");
  EXPECT_EQ(peer_.read(), "two!");
  EXPECT_EQ(device->send_space(id), 1U << 20);
}

TEST_F(BlockedDatagrams, ARefusalWaitsForItsTurn) {
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, "one"), Err::ok);
  EXPECT_EQ(send(id, pattern(65508)), Err::earg);
  EXPECT_EQ(send(id, "two"), Err::ok);
  let(100);
  EXPECT_EQ(lines_within(10ms), (Lines{"send_cnf 0 3", "send_cnf 0 EARG", "send_cnf 0 3"}));
}

TEST_F(BlockedDatagrams, AnEmptyOneIsConfirmedWhenItIsOut) {
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, "one"), Err::ok);
  EXPECT_EQ(send(id, ""), Err::ok);
  EXPECT_EQ(send(id, "two"), Err::ok);
  let(1);
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 3"}) << "the empty one was not handed over yet";
  let(1);
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 0"});
  let(1);
  EXPECT_EQ(lines_within(10ms), Lines{"send_cnf 0 3"});
}

TEST_F(BlockedDatagrams, AFailureIsTheFailureOfItsOwnDatagram) {
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, "one"), Err::ok);
  EXPECT_EQ(send(id, ""), Err::ok);
  EXPECT_EQ(send(id, "two"), Err::ok);
  std::size_t calls = 0;
  os.on_send = [&](int, std::span<const std::byte>) -> std::optional<IoResult> {
    if (++calls == 2 || calls == 3) return IoResult{0, SysError(EMSGSIZE)};  // the second datagram, each time it is tried
    return std::nullopt;
  };
  let(0);
  EXPECT_EQ(lines_within(10ms), (Lines{"send_cnf 0 3", "send_cnf 0 EARG", "send_cnf 0 3"}));
}

TEST_F(BlockedDatagrams, AreStillSentByClose) {
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, "one"), Err::ok);
  EXPECT_TRUE(device->close(id));
  expect_silence(1s);
  let(1);
  expect("close_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(peer_.read(), "one");
}

TEST_F(BlockedDatagrams, CloseWaitsForTheLingerLimitOnly) {
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, "one"), Err::ok);
  const Instant before = sim.now();
  EXPECT_TRUE(device->close(id));
  expect("close_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(before), Duration(5s));
}

TEST_F(BlockedDatagrams, FillTheSendBuffer) {
  use(air724u_profile());
  const SocketId id = open_blocked();
  EXPECT_EQ(send(id, pattern(11000)), Err::ok);
  EXPECT_EQ(send(id, pattern(201)), Err::enobufs);
  EXPECT_EQ(send(id, pattern(200)), Err::ok);
  EXPECT_EQ(device->send_space(id), 0U);
  let(10);
  EXPECT_EQ(lines_within(10ms), (Lines{"send_cnf 0 11000", "send_cnf 0 ENOBUFS", "send_cnf 0 200"}));
}

// ---- RAW.

class RawSockets : public Datagrams {
 protected:
  /// An ICMP echo request with a right checksum.
  static std::string ping(std::string_view payload, std::uint8_t type = 8) {
    std::string packet{static_cast<char>(type), 0, 0, 0, 0, 1, 0, 1};
    packet += payload;
    if (type != 8) return packet;  // ICMPv6: the kernel's affair
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < packet.size(); ++i) {
      sum += static_cast<std::uint32_t>(static_cast<unsigned char>(packet[i])) << (i % 2 == 0 ? 8 : 0);
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    packet[2] = static_cast<char>(sum >> 8);
    packet[3] = static_cast<char>(sum & 0xff);
    return packet;
  }
};

TEST_F(RawSockets, WithoutThePrivilege) {
  connect({.type = SocketType::raw, .address = "192.0.2.1", .port = 1});
  const Message message = expect("connect_cnf 0 EIF");
  EXPECT_NE(message.reason.find("CAP_NET_RAW"), std::string::npos) << message.reason;
  EXPECT_NE(message.reason.find("setcap"), std::string::npos) << message.reason;
  EXPECT_TRUE(device->destroy(0));
}

TEST_F(RawSockets, WithoutThePrivilegeByName) {
  resolver->know("example.test", Family::v4, {"192.0.2.1"});
  connect({.type = SocketType::raw, .address = "example.test", .port = 1});
  EXPECT_NE(expect("connect_cnf 0 EIF").reason.find("CAP_NET_RAW"), std::string::npos);
}

TEST_F(RawSockets, ReceiveWholePacketsOnIpv4) {
  sim.allow_raw(true);
  for (const std::uint16_t protocol : {std::uint16_t{1}, std::uint16_t{0}}) {
    const SocketId id = connect({.type = SocketType::raw, .address = "192.0.2.1", .port = protocol});
    const std::string name = std::to_string(id);
    expect("connect_cnf " + name);
    EXPECT_EQ(send(id, ping("payload")), Err::ok);
    expect("send_cnf " + name + " 15");
    expect("receive_ind " + name + " 35");
    const std::string packet = recv(id);
    ASSERT_EQ(packet.size(), 35U);
    EXPECT_EQ(packet[0], 0x45) << "with the IP header";
    EXPECT_EQ(packet[9], 1);
    EXPECT_EQ(packet[20], 0) << "an echo reply";
    EXPECT_EQ(packet.substr(28), "payload");
    close_in_order(id);
  }
}

TEST_F(RawSockets, ReceiveThePayloadOnIpv6) {
  sim.allow_raw(true);
  const SocketId id = connect({.type = SocketType::raw, .address = "2001:db8::1", .port = 0});
  expect("connect_cnf 0");
  EXPECT_EQ(send(id, ping("payload", 128)), Err::ok);
  expect("send_cnf 0 15");
  expect("receive_ind 0 15");
  const std::string packet = recv(id);
  EXPECT_EQ(static_cast<unsigned char>(packet[0]), 129);
  EXPECT_EQ(packet.substr(8), "payload");
}

TEST_F(RawSockets, TooLarge) {
  sim.allow_raw(true);
  const SocketId id = connect({.type = SocketType::raw, .address = "192.0.2.1", .port = 1});
  expect("connect_cnf 0");
  EXPECT_EQ(send(id, pattern(65516)), Err::earg);
  expect("send_cnf 0 EARG");
  EXPECT_EQ(send(id, pattern(65515)), Err::ok);
  expect("send_cnf 0 65515");
}

TEST_F(RawSockets, OnlyThePeersPackets) {
  sim.allow_raw(true);
  DatagramPeer stranger(sim, at("192.0.2.66", 0), SocketKind::raw, 200);
  DatagramPeer peer(sim, at("192.0.2.1", 0), SocketKind::raw, 200);
  const SocketId id = connect({.type = SocketType::raw, .address = "192.0.2.1", .port = 200});
  expect("connect_cnf 0");
  stranger.send_to(at("10.0.0.1", 0), "evil");
  peer.send_to(at("10.0.0.1", 0), "good");
  EXPECT_EQ(lines_within(1s), Lines{"receive_ind 0 24"});
  EXPECT_EQ(recv(id).substr(20), "good");
}

TEST_F(RawSockets, ReasonsNameNoPort) {
  sim.allow_raw(true);
  const SocketId id = connect({.type = SocketType::raw, .address = "192.0.2.1", .port = 1});
  expect("connect_cnf 0");
  EXPECT_EQ(send(id, pattern(70'000)), Err::earg);
  EXPECT_EQ(expect("send_cnf 0 EARG").reason, "send to 192.0.2.1: longer than a datagram can be");
}

}  // namespace
}  // namespace socketcore::test
