#include <malloc.h>

#include <cstdio>

#include "tls_engines.hpp"

namespace socketcore::testing {
namespace {

TEST(TlsEngine, FollowsKeyUpdates) {
  TlsEngines both(kTls13);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(both.raw_server, SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(both.server->write(bytes_of("new keys")).flow, Flow::done);
    EXPECT_EQ(both.client_reads(), "new keys");
    EXPECT_EQ(both.client->write(bytes_of("here too")).flow, Flow::done);
    EXPECT_EQ(both.server_reads(), "here too");
  }
}

TEST(TlsEngine, FollowsAKeyUpdateWhileItsOutputIsBlocked) {
  TlsEngines both(kTls13);
  Wire& out = both.client_carrier->end->out();
  out.capacity = 5;
  EXPECT_EQ(both.client->write(bytes_of("first")).flow, Flow::blocked);
  ASSERT_EQ(SSL_key_update(both.raw_server, SSL_KEY_UPDATE_REQUESTED), 1);
  EXPECT_EQ(both.server->write(bytes_of("new keys")).flow, Flow::done);
  EXPECT_EQ(both.client_reads(), "new keys");
  EXPECT_EQ(both.server->write(bytes_of("more")).flow, Flow::done);
  EXPECT_EQ(both.client_reads(), "more");
  EXPECT_EQ(both.client->flush(), Flow::blocked);
  out.capacity = 30;
  std::string offered = "first second";
  std::string got;
  for (int i = 0; i < 100 && !(offered.empty() && got.size() == 12); ++i) {
    const Moved moved = both.client->write(bytes_of(offered));
    ASSERT_NE(moved.flow, Flow::failed);
    offered.erase(0, moved.size);
    got += both.server_reads();
    ASSERT_NE(both.last.flow, Flow::failed) << both.server->failure().words;
  }
  EXPECT_EQ(got, "first second");
}

// A warning's record; a ClientHello is far longer.
constexpr std::size_t kAlertBytes = 31;

TEST(TlsEngine, RefusesTheServersWishForAnotherHandshake) {
  TlsEngines both(kTls12, SSL_OP_NO_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(both.raw_server), 1);
  ASSERT_EQ(SSL_do_handshake(both.raw_server), 1);  // sends HelloRequest
  EXPECT_EQ(both.client_reads(), "");
  EXPECT_EQ(both.last.flow, Flow::blocked);
  EXPECT_EQ(both.client_carrier->end->out().bytes.size(), kAlertBytes);
}

TEST(TlsEngine, RefusesTheClientsWishForAnotherHandshake) {
  TlsEngines both(kTls12);
  SSL_clear_options(both.raw_client, SSL_OP_NO_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(both.raw_client), 1);
  (void)SSL_do_handshake(both.raw_client);
  EXPECT_EQ(both.server_reads(), "");
  EXPECT_EQ(both.last.flow, Flow::blocked);
  EXPECT_EQ(both.server_carrier->end->out().bytes.size(), kAlertBytes);
}

// Each HelloRequest draws an alert that this peer never takes.
TEST(TlsEngine, HoldsABoundedAmountOfOutput) {
  TlsEngines both(kTls12, SSL_OP_NO_RENEGOTIATION);
  both.client_carrier->end->out().capacity = 0;
  (void)both.client->write(bytes_of("first"));
  for (int i = 0; i < 20000; ++i) {
    SSL_renegotiate(both.raw_server);
    SSL_do_handshake(both.raw_server);
    if (i % 100 == 99) (void)both.client_reads();
  }
  both.client_carrier->end->out().capacity = 10 << 20;
  EXPECT_EQ(both.client->flush(), Flow::done);
  EXPECT_LT(both.client_carrier->end->out().bytes.size(), 100000u);
  EXPECT_EQ(both.client->write(bytes_of("first")).flow, Flow::done);
}

TEST(TlsEngine, EndsAFloodOfTickets) {
  TlsEngines both(kTls13);
  Wire& wire = both.server_carrier->end->out();
  while (wire.bytes.size() < (3 << 20)) {
    ASSERT_EQ(SSL_new_session_ticket(both.raw_server), 1);
    ASSERT_EQ(SSL_do_handshake(both.raw_server), 1);
  }
  EXPECT_EQ(both.client_reads(), "");
  EXPECT_EQ(both.last.flow, Flow::failed);
  EXPECT_EQ(both.client->failure().err, Err::eio);
  EXPECT_EQ(both.client->failure().words, "the peer floods TLS with messages that carry nothing");
  EXPECT_GT(wire.bytes.size(), 1u << 20);
}

TEST(TlsEngine, TakesTicketsAmongBytes) {
  TlsEngines both(kTls13);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(SSL_new_session_ticket(both.raw_server), 1);
    EXPECT_EQ(both.server->write(bytes_of("x")).flow, Flow::done);
  }
  EXPECT_EQ(both.client_reads(), std::string(50, 'x'));
  EXPECT_TRUE(both.last.drained);
}

TEST(TlsEngine, DoesNotMixUpTheErrorsOfConnections) {
  TlsEngines broken(kTls13);
  TlsEngines sound(kTls13);
  broken.client_carrier->end->in().bytes += "garbage";
  EXPECT_EQ(broken.client_reads(), "");
  EXPECT_EQ(broken.last.flow, Flow::failed);
  EXPECT_EQ(sound.client_reads(), "");
  EXPECT_EQ(sound.last.flow, Flow::blocked);
  // Whoever shares the thread may have left errors behind as well.
  (void)SSL_CTX_use_certificate_file(sound.client_context_->native(), "/nonexistent", SSL_FILETYPE_PEM);
  EXPECT_EQ(sound.client_reads(), "");
  EXPECT_EQ(sound.last.flow, Flow::blocked);
}

TEST(TlsEngine, WaitsBeforeTheHandshakeIsOver) {
  TlsContexts contexts;
  const auto context = contexts.client({}).value();
  PipeCarrier carrier(make_pipe().first);
  SslPtr ssl(SSL_new(context->native()));
  SSL_set_connect_state(ssl.get());
  TlsEngine engine(std::move(ssl), carrier);
  std::array<std::byte, 10> buffer;
  EXPECT_EQ(engine.read(buffer).flow, Flow::blocked);
  EXPECT_EQ(engine.write(bytes_of("early")).flow, Flow::blocked);
  EXPECT_EQ(carrier.end->writes, 0);
}

// No promise, a figure to look at.
TEST(TlsMemory, OfAnIdleConnection) {
  constexpr std::size_t kPairs = 200;
  for (const int version : {kTls12, kTls13}) {
    PairSetup setup;
    setup.version = version;
    setup.client.ca_cert = server_pems().ca_cert;
    setup.peer.verify_name = "example.com";
    TlsContexts shared;
    const auto client_context = shared.client(setup.client).value();
    const auto server_context = shared.server(setup.server).value();
    SSL_CTX_set_max_proto_version(server_context->native(), version);
    const auto client_layer = tls_client_layer(client_context, setup.peer);
    const auto server_layer = tls_server_layer(server_context);
    std::vector<std::unique_ptr<Transport>> clients;
    std::vector<std::unique_ptr<Transport>> servers;
    clients.reserve(kPairs);
    servers.reserve(kPairs);
    std::vector<PipeEnd*> wires;
    for (std::size_t i = 0; i < kPairs; ++i) {
      auto [near, far] = make_pipe();
      wires.push_back(near.get());
      clients.push_back(std::move(client_layer->wrap(std::move(near)).value()));
      servers.push_back(std::move(server_layer->wrap(std::move(far)).value()));
      for (int j = 0; j < 3; ++j) {
        (void)clients.back()->handshake();
        (void)servers.back()->handshake();
      }
      write_all(*clients.back(), noise(20000));
      EXPECT_EQ(read_all(*servers.back()).text.size(), 20000u);
      write_all(*servers.back(), noise(20000));
      EXPECT_EQ(read_all(*clients.back()).text.size(), 20000u);
      wires.back()->in().bytes.shrink_to_fit();
      wires.back()->out().bytes.shrink_to_fit();
    }
    std::size_t before = mallinfo2().uordblks;
    clients.clear();
    const std::size_t client_bytes = before - mallinfo2().uordblks;
    before = mallinfo2().uordblks;
    servers.clear();
    const std::size_t server_bytes = before - mallinfo2().uordblks;
    std::printf("TLS 1.%d, bytes of an idle connection: client %zu, server %zu\n", version - TLS1_VERSION,
                client_bytes / kPairs, server_bytes / kPairs);
  }
}

}  // namespace
}  // namespace socketcore::testing
