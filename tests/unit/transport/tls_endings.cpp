#include <array>

#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

class TlsEnding : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { (void)read_all(*pair_.client); }
  ShakenPair pair_{GetParam()};
  std::array<std::byte, 64> buffer_{};
};
INSTANTIATE_TEST_SUITE_P(Versions, TlsEnding, ::testing::Values(kTls12, kTls13));

TEST_P(TlsEnding, IsOrderlyAfterCloseNotify) {
  write_all(*pair_.server, "last words");
  EXPECT_EQ(pair_.server->finish(false), Flow::done);
  EXPECT_EQ(pair_.server_pipe->finishes, 1);
  const Moved moved = pair_.client->read(buffer_);
  EXPECT_EQ(moved.size, 10u);
  EXPECT_EQ(moved.flow, Flow::done);
  EXPECT_FALSE(moved.drained);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::end);
  }
}

TEST_P(TlsEnding, IsOrderlyWhereTheStreamStaysOpen) {
  (void)pair_.server->finish(false);
  pair_.server_pipe->out().ended = false;
  EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::end);
}

TEST_P(TlsEnding, IsATruncationWithoutCloseNotify) {
  write_all(*pair_.server, "last words");
  pair_.close_server_pipe();
  const Moved moved = pair_.client->read(buffer_);
  EXPECT_EQ(moved.size, 10u);
  EXPECT_EQ(moved.flow, Flow::done);
  EXPECT_FALSE(moved.drained);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::failed);
    EXPECT_EQ(pair_.client->failure().err, Err::eio);
    EXPECT_EQ(pair_.client->failure().words, "TLS ended without close_notify");
  }
}

TEST_P(TlsEnding, IsATruncationWithinARecord) {
  write_all(*pair_.server, "last words");
  pair_.client_pipe->in().bytes.pop_back();
  pair_.close_server_pipe();
  EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::failed);
  EXPECT_EQ(pair_.client->failure().words, "TLS ended without close_notify");
}

TEST_P(TlsEnding, ByResetKeepsTheStreamsWords) {
  write_all(*pair_.server, "last words");
  pair_.client_pipe->reset();
  EXPECT_EQ(pair_.client->read(buffer_).size, 10u);
  EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::failed);
  EXPECT_EQ(pair_.client->failure().err, Err::erst);
  EXPECT_EQ(pair_.client->failure().words, "reset by peer");
  EXPECT_EQ(pair_.client->write(bytes_of("x")).flow, Flow::failed);
  EXPECT_EQ(pair_.client->failure().err, Err::erst);
  EXPECT_EQ(pair_.client->flush(), Flow::failed);
  EXPECT_EQ(pair_.client->finish(false), Flow::failed);
}

TEST_P(TlsEnding, OfOneSideLeavesTheOtherOpen) {
  EXPECT_EQ(pair_.server->finish(false), Flow::done);
  EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::end);
  write_all(*pair_.client, noise(100000));
  EXPECT_EQ(pair_.client->finish(false), Flow::done);
  const ReadAll all = read_all(*pair_.server);
  EXPECT_TRUE(all.text == noise(100000));
  EXPECT_EQ(all.last.flow, Flow::end);
}

TEST_P(TlsEnding, WithoutCloseNotifyLeavesOurSideOpen) {
  pair_.close_server_pipe();
  EXPECT_EQ(pair_.client->read(buffer_).flow, Flow::failed);
  write_all(*pair_.client, "still here");
  EXPECT_EQ(pair_.client->finish(false), Flow::done);
  const ReadAll all = read_all(*pair_.server);
  EXPECT_EQ(all.text, "still here");
  EXPECT_EQ(all.last.flow, Flow::end);
}

TEST_P(TlsEnding, SaysGoodbyeOnceAndAfterAllElse) {
  const std::string text = noise(16384);
  pair_.client_pipe->out().capacity = 9000;
  EXPECT_EQ(pair_.client->write(bytes_of(text)).size, 0u);
  EXPECT_EQ(pair_.client->finish(false), Flow::blocked);
  EXPECT_EQ(pair_.client->finish(false), Flow::blocked);
  EXPECT_EQ(pair_.client_pipe->finishes, 0);
  std::string got = read_all(*pair_.server).text;
  EXPECT_EQ(pair_.client->finish(false), Flow::done);
  EXPECT_EQ(pair_.client_pipe->finishes, 1);
  const std::uint64_t handed = pair_.client->handed();
  const ReadAll rest = read_all(*pair_.server);
  got += rest.text;
  EXPECT_TRUE(got == text);
  EXPECT_EQ(rest.last.flow, Flow::end);
  (void)pair_.client->finish(false);
  EXPECT_EQ(pair_.client->handed(), handed);
}

TEST_P(TlsEnding, SaysGoodbyeWhereTheStreamItselfNeedNot) {
  EXPECT_EQ(pair_.client->finish(true), Flow::done);
  EXPECT_EQ(pair_.client_pipe->last_finishes, 1);
  EXPECT_EQ(read_all(*pair_.server).last.flow, Flow::end);
}

TEST_P(TlsEnding, ReadsOnAfterItsOwnGoodbye) {
  EXPECT_EQ(pair_.client->finish(false), Flow::done);
  write_all(*pair_.server, "late");
  (void)pair_.server->finish(false);
  // Called again, it must not wait for the peer's goodbye and swallow what comes before.
  EXPECT_EQ(pair_.client->finish(false), Flow::done);
  const ReadAll all = read_all(*pair_.client);
  EXPECT_EQ(all.text, "late");
  EXPECT_EQ(all.last.flow, Flow::end);
}

TEST_P(TlsEnding, InTheHandshakeJustEndsTheStream) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.client->finish(false), Flow::done);
  EXPECT_EQ(pair.client_pipe->finishes, 1);
  pair.shake();
  EXPECT_EQ(pair.server_flow, Flow::failed);
  EXPECT_EQ(pair.server->failure().err, Err::ssl_ehandshake);
}

TEST_P(TlsEnding, AtOnceAfterTheHandshakeIsSeenByAnEdgeTriggeredReader) {
  TlsPair pair(of_version(GetParam()));
  pair.shake();
  write_all(*pair.server, "hi");
  (void)pair.server->finish(false);
  // Whoever stops at `drained` must not miss the end.
  const ReadAll all = read_all(*pair.client);
  EXPECT_EQ(all.text, "hi");
  EXPECT_EQ(all.last.flow, Flow::end);
}

// Wherever a stream is cut off, what came before is read and the end is not taken for an orderly one.
TEST_P(TlsEnding, AnywhereButAfterCloseNotifyIsATruncation) {
  const std::string text = noise(40);
  for (std::size_t cut = 0;; ++cut) {
    ShakenPair pair(GetParam());
    (void)read_all(*pair.client);
    for (std::size_t at = 0; at < text.size(); at += 10) write_all(*pair.server, text.substr(at, 10));
    (void)pair.server->finish(false);
    const bool whole = cut == pair.client_pipe->in().bytes.size();
    pair.client_pipe->in().bytes.resize(cut);
    const ReadAll all = read_all(*pair.client);
    EXPECT_TRUE(text.starts_with(all.text));
    EXPECT_EQ(all.last.flow, whole ? Flow::end : Flow::failed);
    EXPECT_EQ(pair.client->failure().err, whole ? Err::ok : Err::eio);
    if (whole) break;
  }
}

}  // namespace
}  // namespace socketcore::testing
