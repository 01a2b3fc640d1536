#include <cerrno>

#include "unit/os/os_suite.hpp"

/// Local addresses and ports: who may have which.
namespace socketcore::test {
namespace {

class NameSuite : public OsSuite {
 protected:
  SysError bind_new(const Endpoint& endpoint, SocketKind kind, bool reuse = false) {
    const int fd = open(endpoint.address.family, kind);
    EXPECT_TRUE(os().set_option(fd, OsOption::reuse_address, reuse).ok());
    return os().bind(fd, endpoint);
  }
};

TEST_P(NameSuite, PortZeroLetsTheKernelChoose) {
  const int a = open_bound(Family::v4, SocketKind::stream);
  const int b = open_bound(Family::v4, SocketKind::stream);
  EXPECT_NE(local(a).port, 0);
  EXPECT_NE(local(a).port, local(b).port);
  EXPECT_EQ(os().bind(a, local(a)).number(), EINVAL) << "a socket has one name";
}

TEST_P(NameSuite, ListenerKeepsItsPortToItself) {
  const int listener = open_listener();
  EXPECT_EQ(bind_new(local(listener), SocketKind::stream).number(), EADDRINUSE);
  EXPECT_EQ(bind_new(local(listener), SocketKind::stream, true).number(), EADDRINUSE);
  EXPECT_EQ(bind_new({*Address::parse("0.0.0.0"), local(listener).port}, SocketKind::stream).number(), EADDRINUSE);
  EXPECT_TRUE(bind_new({*Address::parse("127.0.0.2"), local(listener).port}, SocketKind::stream).ok());
  EXPECT_TRUE(bind_new(local(listener), SocketKind::datagram).ok()) << "UDP has ports of its own";
}

TEST_P(NameSuite, ReuseLetsTwoShareAPortUntilOneListens) {
  const int a = open(Family::v4, SocketKind::stream);
  const int b = open(Family::v4, SocketKind::stream);
  for (const int fd : {a, b}) EXPECT_TRUE(os().set_option(fd, OsOption::reuse_address, 1).ok());
  EXPECT_TRUE(os().bind(a, {*Address::parse("127.0.0.1"), 0}).ok());
  EXPECT_TRUE(os().bind(b, local(a)).ok());
  EXPECT_TRUE(os().listen(a, 1).ok());
  EXPECT_EQ(os().listen(b, 1).number(), EADDRINUSE);
}

TEST_P(NameSuite, ClosedListenersPortIsFreeAgain) {
  const int listener = open_listener();
  const Endpoint endpoint = local(listener);
  close(listener);
  EXPECT_TRUE(bind_new(endpoint, SocketKind::stream).ok());
}

TEST_P(NameSuite, PortOfTheSideThatEndedFirstIsHeldForAWhile) {
  for (const bool reuse : {false, true}) {
    const int listener = open(Family::v4, SocketKind::stream);
    EXPECT_TRUE(os().set_option(listener, OsOption::reuse_address, reuse).ok());
    ASSERT_TRUE(os().bind(listener, {*Address::parse("127.0.0.1"), 0}).ok());
    ASSERT_TRUE(os().listen(listener, 1).ok());
    const Endpoint endpoint = local(listener);
    const int client = open(Family::v4, SocketKind::stream);
    ASSERT_TRUE(os().connect(client, endpoint).in_progress());
    OpenResult server;
    ASSERT_TRUE(until([&] { return (server = os().accept(listener, nullptr)).ok(); }));
    EXPECT_EQ(bind_new(endpoint, SocketKind::stream).number(), EADDRINUSE);
    close(listener);
    EXPECT_EQ(bind_new(endpoint, SocketKind::stream).number(), EADDRINUSE) << "its connection still has the port";
    os().close(server.fd);
    EXPECT_EQ(receive(client, 1), "");
    close(client);
    EXPECT_TRUE(quiet(0));
    EXPECT_EQ(bind_new(endpoint, SocketKind::stream).number(), EADDRINUSE);
    EXPECT_EQ(bind_new(endpoint, SocketKind::stream, true).ok(), reuse) << "both must have asked for it";
  }
}

TEST_P(NameSuite, ListenWithoutAPortGetsOne) {
  const int listener = open(Family::v4, SocketKind::stream);
  EXPECT_TRUE(os().listen(listener, 1).ok());
  EXPECT_NE(local(listener).port, 0);
  EXPECT_EQ(os().listen(open(Family::v4, SocketKind::datagram), 1).number(), EOPNOTSUPP);
  EXPECT_EQ(os().accept(open(Family::v4, SocketKind::stream), nullptr).error.number(), EINVAL);
}

TEST_P(NameSuite, AddressOfTheOtherFamilyIsRefused) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
  const Endpoint four{*Address::parse("127.0.0.1"), 9};
  const Endpoint six{*Address::parse("::1"), 9};
  EXPECT_EQ(os().bind(open(Family::v6, SocketKind::stream), four).number(), EINVAL);
  EXPECT_EQ(os().bind(open(Family::v4, SocketKind::stream), six).number(), EAFNOSUPPORT);
  EXPECT_EQ(os().connect(open(Family::v6, SocketKind::stream), four).number(), EINVAL);
  EXPECT_EQ(os().connect(open(Family::v4, SocketKind::stream), six).number(), EAFNOSUPPORT);
}

TEST_P(NameSuite, Ipv6WildcardListenerTakesIpv4Too) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
  const int listener = open(Family::v6, SocketKind::stream);
  ASSERT_TRUE(os().bind(listener, {*Address::parse("::"), 0}).ok());
  ASSERT_TRUE(os().listen(listener, 1).ok());
  const Endpoint endpoint{*Address::parse("127.0.0.1"), local(listener).port};
  EXPECT_EQ(bind_new({*Address::parse("0.0.0.0"), endpoint.port}, SocketKind::stream).number(), EADDRINUSE);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, endpoint).in_progress());
  Endpoint peer;
  OpenResult server;
  ASSERT_TRUE(until([&] { return (server = os().accept(listener, &peer)).ok(); }));
  EXPECT_EQ(peer.address.text(), "::ffff:127.0.0.1");
  EXPECT_EQ(peer.port, local(client).port);
  EXPECT_EQ(local(server.fd).address.text(), "::ffff:127.0.0.1");
  os().close(server.fd);
}

TEST_P(NameSuite, Ipv6OnlyLeavesIpv4ToOthers) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
  const int listener = open(Family::v6, SocketKind::stream);
  ASSERT_TRUE(os().set_option(listener, OsOption::v6_only, 1).ok());
  ASSERT_TRUE(os().bind(listener, {*Address::parse("::"), 0}).ok());
  ASSERT_TRUE(os().listen(listener, 1).ok());
  EXPECT_TRUE(bind_new({*Address::parse("0.0.0.0"), local(listener).port}, SocketKind::stream).ok());
  const int client = open(Family::v6, SocketKind::stream);
  ASSERT_TRUE(os().set_option(client, OsOption::v6_only, 1).ok());
  EXPECT_EQ(os().connect(client, {*Address::parse("::ffff:127.0.0.1"), 9}).number(), ENETUNREACH);
}

SC_OS_SUITE(NameSuite);

}  // namespace
}  // namespace socketcore::test
