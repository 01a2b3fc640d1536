#include <array>

#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

class TlsBytes : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsBytes, ::testing::Values(kTls12, kTls13));

/// Offers the unsent rest at another address each time, with more behind it, as a byte queue does.
class Sender {
 public:
  Sender(Transport& to, std::string text, std::size_t offer) : to_(to), text_(std::move(text)), offer_(offer) {}

  bool step() {
    if (sent_ == text_.size()) return to_.flush() == Flow::done;
    const std::size_t size = std::min(offer_ + sent_ % 977, text_.size() - sent_);
    const auto elsewhere = std::make_unique<std::string>(text_.substr(sent_, size));
    offered_ = std::max(offered_, sent_ + size);
    const Moved moved = to_.write(bytes_of(*elsewhere));
    EXPECT_NE(moved.flow, Flow::failed) << to_.failure().words;
    EXPECT_EQ(moved.flow == Flow::done, moved.size == size);
    sent_ += moved.size;
    std::fill(elsewhere->begin(), elsewhere->end(), '?');
    // What was offered once must be offered again.
    offer_ = std::max(offer_, offered_ - sent_);
    return false;
  }

 private:
  Transport& to_;
  std::string text_;
  std::size_t offer_;
  std::size_t offered_ = 0;
  std::size_t sent_ = 0;
};

struct Receiver {
  Transport& from;
  std::size_t buffer_bytes;
  std::string text;

  void step() {
    std::vector<std::byte> buffer(buffer_bytes);
    const Moved moved = from.read(buffer);
    EXPECT_TRUE(moved.flow == Flow::done || moved.flow == Flow::blocked) << from.failure().words;
    EXPECT_EQ(moved.flow == Flow::blocked, moved.size == 0);
    text.append(reinterpret_cast<const char*>(buffer.data()), moved.size);
  }
};

void exchange(TlsPair& pair, std::size_t size, std::size_t offer, std::size_t buffer_bytes) {
  const std::string there = noise(size, 1);
  const std::string back = noise(size, 2);
  Sender client_out(*pair.client, there, offer);
  Sender server_out(*pair.server, back, offer + 1);
  Receiver client_in{*pair.client, buffer_bytes, {}};
  Receiver server_in{*pair.server, buffer_bytes, {}};
  for (;;) {
    const bool client_out_done = client_out.step();
    const bool server_out_done = server_out.step();
    client_in.step();
    server_in.step();
    ASSERT_FALSE(::testing::Test::HasFailure());
    if (client_out_done && server_out_done && server_in.text.size() >= size && client_in.text.size() >= size) break;
  }
  EXPECT_TRUE(server_in.text == there);
  EXPECT_TRUE(client_in.text == back);
}

TEST_P(TlsBytes, PassByteByByte) {
  ShakenPair pair(GetParam());
  for (PipeEnd* const end : {pair.client_pipe, pair.server_pipe}) end->bytes_per_read = end->bytes_per_write = 1;
  exchange(pair, 3000, 100, 1);
}

TEST_P(TlsBytes, PassInBulkBothWays) {
  ShakenPair pair(GetParam());
  exchange(pair, 8 << 20, 100000, 65536);
}

TEST_P(TlsBytes, PassThroughANarrowPipe) {
  for (const std::size_t capacity : {1u, 100u, 16390u, 16500u, 50000u}) {
    ShakenPair pair(GetParam());
    pair.client_pipe->out().capacity = pair.server_pipe->out().capacity = capacity;
    exchange(pair, capacity == 1 ? 20000 : 500000, 40000, 7000);
  }
}

TEST_P(TlsBytes, PassThroughAPipeThatTakesOddPieces) {
  ShakenPair pair(GetParam());
  pair.client_pipe->bytes_per_write = 1501;
  pair.client_pipe->bytes_per_read = 701;
  pair.server_pipe->bytes_per_write = 3;
  pair.server_pipe->bytes_per_read = 5;
  exchange(pair, 100000, 5000, 333);
}

TEST_P(TlsBytes, CountOnlyOnceTheirRecordIsHandedOver) {
  ShakenPair pair(GetParam());
  const std::string text = noise(40000);
  const std::uint64_t before = pair.client->handed();
  pair.client_pipe->out().capacity = 20000;
  Moved moved = pair.client->write(bytes_of(text));
  EXPECT_EQ(moved.flow, Flow::blocked);
  EXPECT_EQ(moved.size, 16384u);
  EXPECT_EQ(pair.client->handed() - before, 20000u);
  EXPECT_EQ(pair.client->flush(), Flow::blocked);
  // The rest of the second record goes out by flush(); its bytes are counted by the write that offers them again.
  pair.client_pipe->out().capacity = 33000;
  EXPECT_EQ(pair.client->flush(), Flow::done);
  EXPECT_EQ(pair.client->handed() - before, 32768u + 2 * (GetParam() == kTls13 ? 22u : 29u));
  pair.client_pipe->out().capacity = 100000;
  moved = pair.client->write(bytes_of(text).subspan(16384));
  EXPECT_EQ(moved.flow, Flow::done);
  EXPECT_EQ(moved.size, text.size() - 16384);
  EXPECT_TRUE(read_all(*pair.server).text == text);
  EXPECT_EQ(pair.client->acknowledged(), pair.client->handed());
}

TEST_P(TlsBytes, KeepComingInWhileOutputIsBlocked) {
  ShakenPair pair(GetParam());
  pair.client_pipe->out().capacity = pair.client_pipe->out().bytes.size();
  EXPECT_EQ(pair.client->write(bytes_of("out")).flow, Flow::blocked);
  write_all(*pair.server, "in");
  EXPECT_EQ(read_all(*pair.client).text, "in");
  pair.client_pipe->out().capacity = 1000;
  write_all(*pair.client, "out");
  EXPECT_EQ(read_all(*pair.server).text, "out");
}

TEST_P(TlsBytes, AreDrainedOnlyWhenAllIsRead) {
  ShakenPair pair(GetParam());
  write_all(*pair.server, noise(1000));
  std::array<std::byte, 400> buffer;
  Moved moved = pair.client->read(buffer);
  EXPECT_EQ(moved.size, 400u);
  EXPECT_FALSE(moved.drained);
  moved = pair.client->read(buffer);
  EXPECT_EQ(moved.size, 400u);
  EXPECT_FALSE(moved.drained);
  moved = pair.client->read(buffer);
  EXPECT_EQ(moved.size, 200u);
  EXPECT_EQ(moved.flow, Flow::done);
  EXPECT_TRUE(moved.drained);
  moved = pair.client->read(buffer);
  EXPECT_EQ(moved.size, 0u);
  EXPECT_EQ(moved.flow, Flow::blocked);
  EXPECT_TRUE(moved.drained);
}

TEST_P(TlsBytes, OfManyRecordsFillOneRead) {
  ShakenPair pair(GetParam());
  for (int i = 0; i < 100; ++i) write_all(*pair.server, "0123456789");
  std::array<std::byte, 4096> buffer;
  const int before = pair.client_pipe->reads;
  const Moved moved = pair.client->read(buffer);
  EXPECT_EQ(moved.size, 1000u);
  EXPECT_TRUE(moved.drained);
  // One call of the stream fetched them all, and none was made to find it empty.
  EXPECT_EQ(pair.client_pipe->reads - before, 1);
}

TEST_P(TlsBytes, OfHalfARecordAreWaitedForWithoutAsking) {
  ShakenPair pair(GetParam());
  (void)read_all(*pair.client);
  write_all(*pair.server, "0123456789");
  write_all(*pair.server, "abc");
  std::string& wire = pair.client_pipe->in().bytes;
  const std::string rest = wire.substr(wire.size() - 10);
  wire.resize(wire.size() - 10);
  std::array<std::byte, 100> buffer;
  const int before = pair.client_pipe->reads;
  const Moved moved = pair.client->read(buffer);
  EXPECT_EQ(moved.size, 10u);
  EXPECT_TRUE(moved.drained);
  EXPECT_EQ(pair.client_pipe->reads - before, 1);
  wire += rest;
  EXPECT_EQ(read_all(*pair.client).text, "abc");
}

TEST_P(TlsBytes, OfOneSmallWriteTakeOneCallOfTheStream) {
  ShakenPair pair(GetParam());
  const int before = pair.client_pipe->writes;
  write_all(*pair.client, "hello");
  EXPECT_EQ(pair.client_pipe->writes - before, 1);
}

TEST_P(TlsBytes, MayBeNone) {
  ShakenPair pair(GetParam());
  EXPECT_EQ(pair.client->write({}).flow, Flow::done);
  EXPECT_EQ(pair.client->read({}).size, 0u);
  EXPECT_EQ(pair.server->read({}).flow, Flow::done);
}

TEST_P(TlsBytes, ThatWereTamperedWithEndTheConnection) {
  for (const std::size_t at : {0u, 1u, 3u, 5u, 20u}) {
    ShakenPair pair(GetParam());
    (void)read_all(*pair.client);
    write_all(*pair.server, "before");
    const std::size_t start = pair.client_pipe->in().bytes.size();
    write_all(*pair.server, "some more words");
    pair.client_pipe->in().bytes[start + at] ^= 0x41;
    const ReadAll all = read_all(*pair.client);
    EXPECT_EQ(all.text, "before");
    if (at == 3 && all.last.flow != Flow::failed) continue;  // the length: TLS 1.2 waits for more
    EXPECT_EQ(all.last.flow, Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::eio);
    // The peer hears of it.
    const ReadAll told = read_all(*pair.server);
    EXPECT_EQ(told.last.flow, Flow::failed);
    EXPECT_EQ(pair.server->failure().err, Err::eio);
    EXPECT_THAT(pair.server->failure().words, ::testing::StartsWith("the peer broke off TLS: alert "));
    EXPECT_EQ(pair.client->write(bytes_of("x")).flow, Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::eio);
  }
}

TEST_P(TlsBytes, OfPlainTextInTheMiddleEndTheConnection) {
  ShakenPair pair(GetParam());
  (void)read_all(*pair.client);
  pair.client_pipe->in().bytes += "HTTP/1.1 408 Request Timeout\r\n\r\n";
  EXPECT_EQ(read_all(*pair.client).last.flow, Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::eio);
}

}  // namespace
}  // namespace socketcore::testing
