#include <cerrno>

#include "unit/os/os_suite.hpp"

namespace socketcore::test {
namespace {

class StreamSuite : public OsSuite {};

TEST_P(StreamSuite, ConnectIsAcceptedWithTheEndpointsOfBothSides) {
  const int listener = open_listener();
  watch(listener, 7);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, local(listener)).in_progress());
  watch(client, kClient);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_EQ(await(7, "R"), "R");
  EXPECT_TRUE(os().take_error(client).ok());
  Endpoint peer;
  const OpenResult server = os().accept(listener, &peer);
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(peer, local(client));
  EXPECT_EQ(local(server.fd), local(listener));
  EXPECT_TRUE(os().accept(listener, nullptr).error.would_block());
  close(server.fd);
}

TEST_P(StreamSuite, ConnectAgainSaysThatItIsConnected) {
  const int listener = open_listener();
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, local(listener)).in_progress());
  watch(client, kClient);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_TRUE(os().connect(client, local(listener)).ok());
  EXPECT_EQ(os().connect(client, local(listener)).number(), EISCONN);
}

TEST_P(StreamSuite, ConnectToAWildcardAddressReachesThisHost) {
  const int listener = open_listener();
  const int client = open(Family::v4, SocketKind::stream);
  const Endpoint nowhere{*Address::parse("0.0.0.0"), local(listener).port};
  EXPECT_TRUE(os().connect(client, nowhere).in_progress());
  EXPECT_TRUE(until([&] { return os().accept(listener, nullptr).ok(); }));
  EXPECT_EQ(local(client).address.text(), "127.0.0.1");
}

TEST_P(StreamSuite, ConnectToNobodyIsRefused) {
  const int unused = open_listener();
  const Endpoint endpoint = local(unused);
  close(unused);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, endpoint).in_progress());
  watch(client, kClient);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_TRUE(os().take_error(client).refused());
  EXPECT_TRUE(os().take_error(client).ok());
  EXPECT_EQ(os().send(client, bytes_of("x")).error.number(), EPIPE);
  const IoResult read = receive_once(client);
  EXPECT_TRUE(read.ok() && read.size == 0);
}

TEST_P(StreamSuite, RefusalWaitsForTheFirstCallThatAsks) {
  const int unused = open_listener();
  const Endpoint endpoint = local(unused);
  close(unused);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, endpoint).in_progress());
  watch(client, kClient);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_TRUE(receive_once(client).error.refused());
  EXPECT_TRUE(os().take_error(client).ok());
}

TEST_P(StreamSuite, ConnectToManyAtOnceIsImpossible) {
  const int client = open(Family::v4, SocketKind::stream);
  EXPECT_EQ(os().connect(client, {*Address::parse("255.255.255.255"), 80}).number(), ENETUNREACH);
}

TEST_P(StreamSuite, FreshSocketIsNeitherConnectedNorSilent) {
  const int fd = open(Family::v4, SocketKind::stream);
  watch(fd, kClient);
  EXPECT_EQ(await(kClient, "WH"), "WH");
  EXPECT_EQ(receive_once(fd).error.number(), ENOTCONN);
  EXPECT_EQ(os().discard(fd).error.number(), ENOTCONN);
  EXPECT_EQ(os().send(fd, bytes_of("x")).error.number(), EPIPE);
  EXPECT_EQ(os().shutdown_send(fd).number(), ENOTCONN);
  EXPECT_EQ(os().unacknowledged(fd), 0u);
  const Endpoint endpoint = local(fd);
  EXPECT_EQ(endpoint.text(), "0.0.0.0:0");
}

TEST_P(StreamSuite, BytesGoBothWays) {
  const Pair pair = connected();
  EXPECT_EQ(os().send(pair.client, bytes_of("ping")).size, 4u);
  EXPECT_EQ(receive(pair.server, 4), "ping");
  EXPECT_EQ(os().send(pair.server, bytes_of("pong")).size, 4u);
  EXPECT_EQ(receive(pair.client, 4), "pong");
  EXPECT_TRUE(receive_once(pair.client).error.would_block());
}

TEST_P(StreamSuite, BytesGoOverIpv6) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
  const Pair pair = connected(Family::v6);
  EXPECT_EQ(local(pair.client).address.text(), "::1");
  EXPECT_EQ(os().send(pair.client, bytes_of("six")).size, 3u);
  EXPECT_EQ(receive(pair.server, 3), "six");
}

TEST_P(StreamSuite, SendStopsWhenTheReaderDoesAndSpaceIsAnEdge) {
  const Pair pair = watched([&](int listener, int client) {
    EXPECT_TRUE(os().set_option(listener, OsOption::receive_buffer_bytes, 8000).ok());
    EXPECT_TRUE(os().set_option(client, OsOption::send_buffer_bytes, 8000).ok());
  });
  const std::size_t taken = fill(pair.client);
  EXPECT_LT(taken, 100'000u);
  EXPECT_GT(os().unacknowledged(pair.client), 0u);
  forget(kClient);
  EXPECT_EQ(receive(pair.server, taken).size(), taken);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_TRUE(until([&] { return os().unacknowledged(pair.client) == 0; }));
  EXPECT_EQ(os().send(pair.client, bytes_of("more")).size, 4u);
}

TEST_P(StreamSuite, SmallReceiveBufferMakesASmallWindow) {
  const Pair pair = connected(Family::v4, [&](int, int client) {
    EXPECT_TRUE(os().set_option(client, OsOption::receive_buffer_bytes, 1000).ok());
  });
  fill(pair.server);
  const IoResult arrived = os().discard(pair.client);
  EXPECT_GE(arrived.size, 500u);
  EXPECT_LE(arrived.size, 2000u);
}

TEST_P(StreamSuite, SpaceIsNoEdgeForOneWhoHasNotBeenRefused) {
  const Pair pair = watched();
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).size, 1u);
  EXPECT_EQ(receive(pair.server, 1), "x");
  EXPECT_TRUE(quiet(kClient));
}

TEST_P(StreamSuite, NewBytesAreAnEdgeThoughTheOldWereNotRead) {
  const Pair pair = watched();
  EXPECT_EQ(os().send(pair.client, bytes_of("a")).size, 1u);
  EXPECT_EQ(await(kServer, "RW"), "RW");
  EXPECT_TRUE(quiet(kServer));
  EXPECT_EQ(os().send(pair.client, bytes_of("b")).size, 1u);
  EXPECT_EQ(await(kServer, "RW"), "RW");
  EXPECT_EQ(receive_once(pair.server, 1).size, 1u);
  EXPECT_TRUE(quiet(kServer));
  EXPECT_EQ(receive(pair.server, 1), "b");
}

TEST_P(StreamSuite, EdgeThatWasUsedUpIsNotReported) {
  const Pair pair = connected();
  EXPECT_EQ(os().send(pair.client, bytes_of("a")).size, 1u);
  EXPECT_EQ(receive(pair.server, 1), "a");
  watch(pair.server, kServer);
  EXPECT_EQ(await(kServer, "W"), "W");
}

TEST_P(StreamSuite, DiscardDropsWhatArrived) {
  const Pair pair = watched();
  EXPECT_TRUE(os().discard(pair.server).error.would_block());
  EXPECT_EQ(os().send(pair.client, bytes_of("unread")).size, 6u);
  EXPECT_EQ(await(kServer, "RW"), "RW");
  EXPECT_EQ(os().discard(pair.server).size, 6u);
  EXPECT_TRUE(os().discard(pair.server).error.would_block());
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(await(kServer, "RWD"), "RWD");
  const IoResult end = os().discard(pair.server);
  EXPECT_TRUE(end.ok());
  EXPECT_EQ(end.size, 0u);
}

TEST_P(StreamSuite, AcknowledgementIsAnEdgeForOneWhoAsked) {
  const Pair pair = watched();
  EXPECT_TRUE(os().set_option(pair.client, OsOption::ack_notices, 1).ok());
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(os().send(pair.client, bytes_of("noted")).size, 5u);
    EXPECT_EQ(await(kClient, "WE"), "WE");
    EXPECT_EQ(os().unacknowledged(pair.client), 0u);
    EXPECT_TRUE(os().take_error(pair.client).ok());
    os().take_ack_notices(pair.client);
  }
  EXPECT_EQ(receive(pair.server, 15).size(), 15u);
  EXPECT_TRUE(os().set_option(pair.client, OsOption::ack_notices, 0).ok());
  EXPECT_TRUE(quiet(kClient) || quiet(kClient));
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).size, 1u);
  EXPECT_TRUE(quiet(kClient));
}

TEST_P(StreamSuite, AcknowledgementNoticesMayBeAskedForBeforeConnect) {
  const Pair pair = watched([&](int, int client) { EXPECT_TRUE(os().set_option(client, OsOption::ack_notices, 1).ok()); });
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).size, 1u);
  EXPECT_EQ(await(kClient, "WE"), "WE");
}

TEST_P(StreamSuite, AcknowledgementOfALargeSendIsNoticedAtItsEnd) {
  const Pair pair = watched([&](int listener, int client) {
    EXPECT_TRUE(os().set_option(listener, OsOption::receive_buffer_bytes, 8000).ok());
    EXPECT_TRUE(os().set_option(client, OsOption::send_buffer_bytes, 60'000).ok());
    EXPECT_TRUE(os().set_option(client, OsOption::ack_notices, 1).ok());
  });
  const std::string block(50'000, 'x');
  ASSERT_EQ(os().send(pair.client, bytes_of(block)).size, block.size());
  EXPECT_TRUE(quiet(kClient));
  EXPECT_GT(os().unacknowledged(pair.client), 0u);
  EXPECT_EQ(receive(pair.server, block.size()), block);
  EXPECT_EQ(await(kClient, "WE"), "WE");
  EXPECT_EQ(os().unacknowledged(pair.client), 0u);
}

TEST_P(StreamSuite, NobodyWaitsForDescriptorsThatAreGone) {
  const Pair pair = connected();
  const int closed = pair.server;
  close(closed);
  EXPECT_EQ(os().send(closed, bytes_of("x")).error.number(), EBADF);
  EXPECT_EQ(receive_once(closed).error.number(), EBADF);
  EXPECT_EQ(os().watch(closed, 1, Interest::input).number(), EBADF);
  EXPECT_EQ(os().rewatch(closed, 1, Interest::input).number(), EBADF);
  EXPECT_EQ(os().take_error(closed).number(), EBADF);
  EXPECT_FALSE(os().local_endpoint(closed).has_value());
  EXPECT_EQ(os().unacknowledged(closed), 0u);
}

TEST_P(StreamSuite, LowestFreeNumberIsGivenFirst) {
  const int first = open(Family::v4, SocketKind::stream);
  const int second = open(Family::v4, SocketKind::stream);
  close(second);
  close(first);
  EXPECT_EQ(open(Family::v4, SocketKind::datagram), first);
  EXPECT_EQ(open(Family::v4, SocketKind::datagram), second);
}

TEST_P(StreamSuite, OptionsAreCheckedAsLinuxDoes) {
  const int stream = open(Family::v4, SocketKind::stream);
  const int datagram = open(Family::v4, SocketKind::datagram);
  for (const OsOption option :
       {OsOption::reuse_address, OsOption::keep_alive, OsOption::keep_idle_s, OsOption::keep_interval_s,
        OsOption::keep_count, OsOption::no_delay, OsOption::abort_on_close, OsOption::ack_notices}) {
    EXPECT_TRUE(os().set_option(stream, option, 1).ok()) << static_cast<int>(option);
  }
  EXPECT_EQ(os().set_option(stream, OsOption::keep_idle_s, 0).number(), EINVAL);
  EXPECT_EQ(os().set_option(stream, OsOption::keep_idle_s, 32768).number(), EINVAL);
  EXPECT_EQ(os().set_option(stream, OsOption::keep_interval_s, 32768).number(), EINVAL);
  EXPECT_EQ(os().set_option(stream, OsOption::keep_count, 128).number(), EINVAL);
  EXPECT_EQ(os().set_option(stream, OsOption::header_included, 1).number(), ENOPROTOOPT);
  EXPECT_EQ(os().set_option(stream, OsOption::v6_only, 1).number(), ENOPROTOOPT);
  EXPECT_EQ(os().set_option(datagram, OsOption::no_delay, 1).number(), ENOPROTOOPT);
  EXPECT_TRUE(os().set_option(datagram, OsOption::broadcast, 1).ok());
}

SC_OS_SUITE(StreamSuite);

}  // namespace
}  // namespace socketcore::test
