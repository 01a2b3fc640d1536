#include <cerrno>

#include "unit/os/os_suite.hpp"

/// How streams end: in order, by half, by reset.
namespace socketcore::test {
namespace {

class StreamEndSuite : public OsSuite {};

TEST_P(StreamEndSuite, PeersEndComesAfterItsBytes) {
  const Pair pair = watched();
  EXPECT_EQ(os().send(pair.client, bytes_of("last")).size, 4u);
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(await(kServer, "RWD"), "RWD");
  EXPECT_EQ(receive_once(pair.server).size, 4u);
  for (int again = 0; again < 2; ++again) {
    const IoResult end = receive_once(pair.server);
    EXPECT_TRUE(end.ok());
    EXPECT_EQ(end.size, 0u);
  }
}

TEST_P(StreamEndSuite, EndingOneSideLeavesTheOtherOpen) {
  const Pair pair = watched();
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(await(kServer, "RWD"), "RWD");
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).error.number(), EPIPE);
  EXPECT_EQ(os().send(pair.server, bytes_of("answer")).size, 6u);
  EXPECT_EQ(receive(pair.client, 6), "answer");
  EXPECT_TRUE(receive_once(pair.client).error.would_block());
}

TEST_P(StreamEndSuite, EndOfBothSidesIsAHangup) {
  const Pair pair = watched();
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(await(kServer, "RWD"), "RWD");
  EXPECT_TRUE(os().shutdown_send(pair.server).ok());
  EXPECT_EQ(await(kServer, "RWDH"), "RWDH");
  EXPECT_EQ(await(kClient, "RWDH"), "RWDH");
  EXPECT_TRUE(os().take_error(pair.client).ok());
  EXPECT_EQ(os().unacknowledged(pair.client), 0u);
  EXPECT_TRUE(until([&] { return os().unacknowledged(pair.server) == 0; }));
  EXPECT_TRUE(until([&] { return os().shutdown_send(pair.server).number() == ENOTCONN; }));
}

TEST_P(StreamEndSuite, EndingMyOwnSideAndItsAcknowledgementAreEdges) {
  const Pair pair = watched();
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_TRUE(until([&] { return os().unacknowledged(pair.client) == 0; }));
}

TEST_P(StreamEndSuite, EndIsCountedAsOneUnacknowledgedByte) {
  const Pair pair = watched([&](int listener, int client) {
    EXPECT_TRUE(os().set_option(listener, OsOption::receive_buffer_bytes, 8000).ok());
    EXPECT_TRUE(os().set_option(client, OsOption::send_buffer_bytes, 8000).ok());
  });
  const std::size_t taken = fill(pair.client);
  const std::size_t before = os().unacknowledged(pair.client);
  EXPECT_GT(before, 0u);
  EXPECT_LE(before, taken);
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(os().unacknowledged(pair.client), before + 1);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_EQ(receive(pair.server, taken).size(), taken);
  EXPECT_TRUE(until([&] { return os().unacknowledged(pair.client) == 0; }));
  EXPECT_EQ(await(kClient, "W"), "W") << "the acknowledgement of the end is an edge";
}

TEST_P(StreamEndSuite, WhatWasSentBeforeCloseIsDelivered) {
  const Pair pair = connected();
  const std::size_t taken = fill(pair.client);
  close(pair.client);
  EXPECT_EQ(receive(pair.server, taken).size(), taken);
  EXPECT_EQ(receive(pair.server, 1), "");
  EXPECT_TRUE(os().take_error(pair.server).ok());
}

TEST_P(StreamEndSuite, AbortIsAResetAfterTheBytesThatCame) {
  const Pair pair = watched();
  EXPECT_EQ(os().send(pair.server, bytes_of("kept")).size, 4u);
  EXPECT_EQ(await(kClient, "RW"), "RW");
  EXPECT_TRUE(os().set_option(pair.server, OsOption::abort_on_close, 1).ok());
  close(pair.server);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_EQ(receive(pair.client, 4), "kept");
  EXPECT_EQ(receive_once(pair.client).error.number(), ECONNRESET);
  const IoResult after = receive_once(pair.client);
  EXPECT_TRUE(after.ok());
  EXPECT_EQ(after.size, 0u);
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).error.number(), EPIPE);
}

TEST_P(StreamEndSuite, SendTellsOfAResetToo) {
  const Pair pair = watched();
  EXPECT_TRUE(os().set_option(pair.server, OsOption::abort_on_close, 1).ok());
  close(pair.server);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).error.number(), ECONNRESET);
  EXPECT_TRUE(os().take_error(pair.client).ok());
}

TEST_P(StreamEndSuite, CloseOverUnreadBytesResets) {
  const Pair pair = watched();
  EXPECT_EQ(os().send(pair.client, bytes_of("unread")).size, 6u);
  EXPECT_EQ(await(kServer, "RW"), "RW");
  close(pair.server);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_EQ(os().take_error(pair.client).number(), ECONNRESET);
}

TEST_P(StreamEndSuite, SendingToOneWhoHasClosedEndsInAReset) {
  const Pair pair = watched();
  close(pair.server);
  EXPECT_EQ(await(kClient, "RWD"), "RWD");
  EXPECT_EQ(os().send(pair.client, bytes_of("late")).size, 4u);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  const IoResult end = receive_once(pair.client);
  EXPECT_TRUE(end.ok()) << "the peer had ended in order before";
  EXPECT_EQ(end.size, 0u);
  EXPECT_EQ(os().take_error(pair.client).number(), EPIPE);
}

TEST_P(StreamEndSuite, AfterAResetWhatWasLostCounts) {
  const Pair pair = watched();
  fill(pair.client);
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_GT(os().unacknowledged(pair.client), 0u);
  close(pair.server);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_GT(os().unacknowledged(pair.client), 1u);
}

TEST_P(StreamEndSuite, CloseEndsTheWatch) {
  const Pair pair = connected();
  watch(pair.client, kClient);
  EXPECT_EQ(os().send(pair.server, bytes_of("x")).size, 1u);
  close(pair.client);
  EXPECT_TRUE(quiet(kClient));
}

TEST_P(StreamEndSuite, ConnectionResetBeforeAcceptIsStillAccepted) {
  const int listener = open_listener();
  watch(listener, 7);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, local(listener)).in_progress());
  EXPECT_EQ(await(7, "R"), "R");
  EXPECT_EQ(os().send(client, bytes_of("x")).size, 1u);
  EXPECT_TRUE(os().set_option(client, OsOption::abort_on_close, 1).ok());
  close(client);
  EXPECT_TRUE(quiet(7));
  const OpenResult server = os().accept(listener, nullptr);
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(receive(server.fd, 1), "x");
  EXPECT_EQ(receive_once(server.fd).error.number(), ECONNRESET);
  close(server.fd);
}

TEST_P(StreamEndSuite, ClosedListenerResetsThoseThatWait) {
  const int listener = open_listener();
  watch(listener, 7);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, local(listener)).in_progress());
  watch(client, kClient);
  EXPECT_EQ(await(7, "R"), "R");
  EXPECT_EQ(await(kClient, "W"), "W");
  close(listener);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_EQ(os().take_error(client).number(), ECONNRESET);
}

SC_OS_SUITE(StreamEndSuite);

}  // namespace
}  // namespace socketcore::test
