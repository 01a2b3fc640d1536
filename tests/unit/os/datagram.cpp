#include <cerrno>

#include "unit/os/os_suite.hpp"

namespace socketcore::test {
namespace {

class DatagramSuite : public OsSuite {
 protected:
  int open_connected(const Endpoint& peer) {
    const int fd = open_bound(peer.address.family, SocketKind::datagram);
    EXPECT_TRUE(os().connect(fd, peer).ok());
    return fd;
  }
  /// A port of this host that nobody has.
  Endpoint unused_port() {
    const int fd = open_bound(Family::v4, SocketKind::datagram);
    const Endpoint endpoint = local(fd);
    close(fd);
    return endpoint;
  }
};

TEST_P(DatagramSuite, DatagramsKeepTheirBoundsAndNameTheirSender) {
  const int a = open_bound(Family::v4, SocketKind::datagram);
  const int b = open_bound(Family::v4, SocketKind::datagram);
  for (const char* text : {"one", "", "three"}) {
    const IoResult sent = os().send_to(a, bytes_of(text), local(b));
    EXPECT_TRUE(sent.ok());
    EXPECT_EQ(sent.size, std::string_view(text).size());
  }
  for (const char* text : {"one", "", "three"}) {
    std::array<std::byte, 64> into;
    Endpoint from;
    IoResult result;
    ASSERT_TRUE(until([&] { return (result = os().receive_from(b, into, &from)).ok(); }));
    EXPECT_EQ(text_of(std::span(into).first(result.size)), text);
    EXPECT_EQ(from, local(a));
  }
  EXPECT_TRUE(receive_once(b).error.would_block());
}

TEST_P(DatagramSuite, DatagramIsCutOffAtTheRoomForIt) {
  const int b = open_bound(Family::v4, SocketKind::datagram);
  const int a = open_connected(local(b));
  EXPECT_EQ(os().send(a, bytes_of("abcdef")).size, 6u);
  EXPECT_EQ(os().send(a, bytes_of("next")).size, 4u);
  EXPECT_EQ(receive_datagram(b, 3), "abc");
  EXPECT_EQ(receive_datagram(b), "next");
}

TEST_P(DatagramSuite, EmptyRoomConsumesADatagram) {
  const int b = open_bound(Family::v4, SocketKind::datagram);
  const int a = open_connected(local(b));
  EXPECT_EQ(os().send(a, bytes_of("dropped")).size, 7u);
  EXPECT_EQ(os().send(a, bytes_of("next")).size, 4u);
  EXPECT_EQ(receive_datagram(b, 0), "");
  EXPECT_EQ(receive_datagram(b), "next");
}

TEST_P(DatagramSuite, ConnectedSocketHearsItsPeerOnly) {
  const int peer = open_bound(Family::v4, SocketKind::datagram);
  const int stranger = open_bound(Family::v4, SocketKind::datagram);
  const int fd = open_connected(local(peer));
  EXPECT_TRUE(os().send_to(stranger, bytes_of("ignored"), local(fd)).ok());
  EXPECT_TRUE(os().send_to(peer, bytes_of("heard"), local(fd)).ok());
  EXPECT_EQ(receive_datagram(fd), "heard");
  EXPECT_TRUE(receive_once(fd).error.would_block());
}

TEST_P(DatagramSuite, EachDatagramIsAnEdge) {
  const int b = open_bound(Family::v4, SocketKind::datagram);
  const int a = open_connected(local(b));
  watch(b, kServer);
  EXPECT_EQ(await(kServer, "W"), "W");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(os().send(a, bytes_of("x")).size, 1u);
    EXPECT_EQ(await(kServer, "RW"), "RW");
    EXPECT_TRUE(quiet(kServer));
  }
  EXPECT_EQ(receive_once(b).size, 1u);
  EXPECT_TRUE(quiet(kServer));
  EXPECT_EQ(receive_once(b).size, 1u);
}

TEST_P(DatagramSuite, WatchedForInputOnlyItDoesNotTellOfRoom) {
  const int b = open_bound(Family::v4, SocketKind::datagram);
  const int a = open_connected(local(b));
  watch(a, kClient, Interest::input);
  EXPECT_TRUE(quiet(kClient));
  EXPECT_EQ(os().send(a, bytes_of("x")).size, 1u);
  EXPECT_EQ(receive_datagram(b), "x");
  EXPECT_TRUE(quiet(kClient));
  EXPECT_TRUE(os().rewatch(a, kClient, Interest::input_and_output).ok());
  EXPECT_EQ(await(kClient, "W"), "W") << "the present state first";
  EXPECT_TRUE(os().rewatch(a, kClient, Interest::input).ok());
  EXPECT_TRUE(os().send_to(b, bytes_of("y"), local(a)).ok());
  EXPECT_EQ(await(kClient, "R"), "R");
}

TEST_P(DatagramSuite, NobodyThereIsAnErrorThatWaits) {
  const Endpoint nobody = unused_port();
  const int fd = open_connected(nobody);
  watch(fd, kClient);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_EQ(os().send(fd, bytes_of("x")).size, 1u);
  EXPECT_EQ(await(kClient, "WE"), "WE");
  EXPECT_TRUE(os().take_error(fd).refused());
  EXPECT_TRUE(os().take_error(fd).ok());
  EXPECT_TRUE(receive_once(fd).error.would_block());
}

TEST_P(DatagramSuite, RefusalFailsOneSendOnly) {
  const int fd = open_connected(unused_port());
  watch(fd, kClient);
  EXPECT_EQ(os().send(fd, bytes_of("x")).size, 1u);
  EXPECT_EQ(await(kClient, "WE"), "WE");
  EXPECT_TRUE(os().send(fd, bytes_of("y")).error.refused());
  EXPECT_EQ(os().send(fd, bytes_of("z")).size, 1u);
}

TEST_P(DatagramSuite, RefusalDoesNotLoseTheDatagramsBehindIt) {
  const Endpoint endpoint = unused_port();
  const int fd = open_connected(endpoint);
  watch(fd, kClient);
  EXPECT_EQ(os().send(fd, bytes_of("x")).size, 1u);
  EXPECT_EQ(await(kClient, "WE"), "WE");
  const int late = open(Family::v4, SocketKind::datagram);
  ASSERT_TRUE(os().bind(late, endpoint).ok());
  EXPECT_TRUE(os().send_to(late, bytes_of("here now"), local(fd)).ok());
  EXPECT_EQ(await(kClient, "RWE"), "RWE");
  EXPECT_TRUE(receive_once(fd).error.refused());
  EXPECT_EQ(receive_datagram(fd), "here now");
}

TEST_P(DatagramSuite, UnconnectedSocketIsNotToldOfRefusals) {
  const int fd = open_bound(Family::v4, SocketKind::datagram);
  watch(fd, kClient);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_TRUE(os().send_to(fd, bytes_of("x"), unused_port()).ok());
  quiet(kClient);
  EXPECT_TRUE(os().take_error(fd).ok());
  EXPECT_TRUE(receive_once(fd).error.would_block());
}

TEST_P(DatagramSuite, SendWithoutAPeerNeedsOne) {
  const int fd = open(Family::v4, SocketKind::datagram);
  EXPECT_EQ(os().send(fd, bytes_of("x")).error.number(), EDESTADDRREQ);
  EXPECT_EQ(os().send_to(fd, bytes_of("x"), {*Address::parse("127.0.0.1"), 0}).error.number(), EINVAL);
}

TEST_P(DatagramSuite, FirstSendGivesAPort) {
  const int b = open_bound(Family::v4, SocketKind::datagram);
  const int a = open(Family::v4, SocketKind::datagram);
  EXPECT_TRUE(os().send_to(a, bytes_of("x"), local(b)).ok());
  EXPECT_NE(local(a).port, 0);
  EXPECT_EQ(local(a).address.text(), "0.0.0.0");
  ASSERT_TRUE(os().connect(a, local(b)).ok());
  EXPECT_EQ(local(a).address.text(), "127.0.0.1");
}

TEST_P(DatagramSuite, DatagramHasALargestSize) {
  const int b = open_bound(Family::v4, SocketKind::datagram);
  const int a = open_connected(local(b));
  const std::string largest(65507, 'x');
  EXPECT_EQ(os().send(a, bytes_of(largest)).size, largest.size());
  EXPECT_EQ(receive_datagram(b).size(), largest.size());
  EXPECT_EQ(os().send(a, bytes_of(largest + 'x')).error.number(), EMSGSIZE);
}

TEST_P(DatagramSuite, BroadcastNeedsTheOption) {
  const int fd = open(Family::v4, SocketKind::datagram);
  const Endpoint all{*Address::parse("255.255.255.255"), 9};
  // A host without any network has no route for it.
  const int refused = os().send_to(fd, bytes_of("x"), all).error.number();
  if (refused == ENETUNREACH) GTEST_SKIP() << "no network";
  EXPECT_EQ(refused, EACCES);
  EXPECT_EQ(os().connect(fd, all).number(), EACCES);
}

TEST_P(DatagramSuite, DatagramsGoOverIpv6) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
  const int b = open_bound(Family::v6, SocketKind::datagram);
  const int a = open_connected(local(b));
  EXPECT_EQ(os().send(a, bytes_of("six")).size, 3u);
  EXPECT_EQ(receive_datagram(b), "six");
}

TEST_P(DatagramSuite, ReuseLetsDatagramSocketsShareAPort) {
  const int a = open(Family::v4, SocketKind::datagram);
  const int b = open(Family::v4, SocketKind::datagram);
  ASSERT_TRUE(os().bind(a, {*Address::parse("127.0.0.1"), 0}).ok());
  EXPECT_EQ(os().bind(b, local(a)).number(), EADDRINUSE);
  for (const int fd : {a, b}) ASSERT_TRUE(os().set_option(fd, OsOption::reuse_address, 1).ok());
  EXPECT_TRUE(os().bind(b, local(a)).ok());
}

SC_OS_SUITE(DatagramSuite);

}  // namespace
}  // namespace socketcore::test
