#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

using ::testing::HasSubstr;

struct Kind {
  int version;
  ThrowawayOptions::Key key;
};

class TlsVersions : public ::testing::TestWithParam<Kind> {};

TEST_P(TlsVersions, CarryBytesBothWays) {
  const Throwaway pems = throwaway({"example.com"}, {.key = GetParam().key});
  PairSetup setup;
  setup.version = GetParam().version;
  setup.server = {.cert = pems.cert, .key = pems.key};
  setup.client.ca_cert = pems.ca_cert;
  setup.peer.verify_name = "example.com";
  setup.peer.insist = false;
  TlsPair pair(setup);
  EXPECT_EQ(pair.client->verification(), "");
  pair.expect_shaken();
  EXPECT_EQ(pair.client->verification(), "ok");
  EXPECT_EQ(pair.server->verification(), "none");
  EXPECT_EQ(pair.client->fd(), 7);

  write_all(*pair.client, "ping");
  EXPECT_EQ(read_all(*pair.server).text, "ping");
  write_all(*pair.server, "pong");
  EXPECT_EQ(read_all(*pair.client).text, "pong");
}

INSTANTIATE_TEST_SUITE_P(All, TlsVersions,
                         ::testing::Values(Kind{kTls12, ThrowawayOptions::Key::p256},
                                           Kind{kTls12, ThrowawayOptions::Key::rsa2048},
                                           Kind{kTls13, ThrowawayOptions::Key::p256},
                                           Kind{kTls13, ThrowawayOptions::Key::rsa2048}));

class TlsHandshake : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsHandshake, ::testing::Values(kTls12, kTls13));

TEST_P(TlsHandshake, WorksByteByByteAndThroughANarrowPipe) {
  TlsPair pair(of_version(GetParam()));
  for (PipeEnd* const end : {pair.client_pipe, pair.server_pipe}) {
    end->bytes_per_read = 1;
    end->bytes_per_write = 1;
    end->out().capacity = 3;
  }
  pair.expect_shaken();
  // Nothing of the handshake is held back by an end that has called it done.
  EXPECT_EQ(pair.client->flush(), Flow::done);
  EXPECT_EQ(pair.server->flush(), Flow::done);
}

TEST_P(TlsHandshake, SendsTheServersName) {
  PairSetup made = of_version(GetParam());
  made.peer.server_name = "device.example.com.";
  TlsPair pair(made);
  pair.client_pipe->out().keeps = true;
  pair.expect_shaken();
  // server_name is not encrypted; the name follows its length there, and the root dot is none of its bytes.
  EXPECT_THAT(pair.client_pipe->out().seen, HasSubstr(std::string("\0\x12", 2) + "device.example.com"));
  EXPECT_THAT(pair.client_pipe->out().seen, Not(HasSubstr("device.example.com.")));
}

TEST_P(TlsHandshake, SendsNoNameUnlessAskedNorAnAddress) {
  for (const char* const name : {"", "192.0.2.17", "2001:db8::17"}) {
    PairSetup made = of_version(GetParam());
    made.client.ca_cert = server_pems().ca_cert;
    made.peer = {.verify_name = "example.com", .server_name = name};
    TlsPair pair(made);
    pair.client_pipe->out().keeps = true;
    pair.expect_shaken();
    EXPECT_THAT(pair.client_pipe->out().seen, Not(HasSubstr("example.com")));
    if (*name != '\0') {
      EXPECT_THAT(pair.client_pipe->out().seen, Not(HasSubstr(name)));
    }
  }
}

TEST_P(TlsHandshake, FailsWhereThePeerClosesInTheMiddle) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  pair.close_server_pipe();
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.client->failure().words, "the peer closed the connection during the TLS handshake");
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().words, "the peer closed the connection during the TLS handshake");
}

TEST_P(TlsHandshake, FailsWhereThePeerClosesWithinARecord) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.server->handshake(), Flow::blocked);
  pair.client_pipe->in().bytes.resize(50);
  pair.close_server_pipe();
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
}

TEST_P(TlsHandshake, FailsWhereThePeerResets) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  pair.client_pipe->reset();
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.client->failure().words, "the connection broke during the TLS handshake: reset by peer");
}

TEST_P(TlsHandshake, FailsWhereTheLastFlightCannotBeSent) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.server->handshake(), Flow::blocked);
  pair.client_pipe->writes_fail = true;
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_THAT(pair.client->failure().words, HasSubstr("reset by peer"));
}

TEST_P(TlsHandshake, NamesTheAlertWhereTheLastFlightCannotBeSent) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.server->handshake(), Flow::blocked);
  pair.server_pipe->in().bytes = "HTTP?";
  EXPECT_EQ(pair.server->handshake(), Flow::failed);
  pair.client_pipe->reset();
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_THAT(pair.client->failure().words, HasSubstr("the peer refused the handshake: alert "));
}

TEST_P(TlsHandshake, KeepsTheStreamsCodeWhereTheStreamHasTimedOut) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  pair.client_pipe->reset();
  pair.client_pipe->error = Err::etimeout;
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::etimeout);
}

TEST_P(TlsHandshake, IsNotOverBeforeAllOfItIsHandedOver) {
  TlsPair pair(of_version(GetParam()));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.server->handshake(), Flow::blocked);
  pair.client_pipe->bytes_per_write = 0;
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.client->flush(), Flow::blocked);
  pair.client_pipe->bytes_per_write = 100000;
  pair.expect_shaken();
}

// What plain-text servers say first, or answer to a ClientHello.
class TlsPlainText : public ::testing::TestWithParam<const char*> {};

TEST_P(TlsPlainText, IsToldFromTls) {
  TlsPair pair;
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  pair.client_pipe->in().bytes = GetParam();
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.client->failure().words, "the peer does not speak TLS (wrong version number)");
}
INSTANTIATE_TEST_SUITE_P(Some, TlsPlainText,
                         ::testing::Values("HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                           "220 mail.example.com ESMTP\r\n", "hello"));

TEST(TlsPlainTextClient, IsToldFromTlsByTheServer) {
  TlsPair pair;
  pair.server_pipe->in().bytes = "GET / HTTP/1.1\r\n\r\n";
  EXPECT_EQ(pair.server->handshake(), Flow::failed);
  EXPECT_EQ(pair.server->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.server->failure().words, "the peer does not speak TLS (http request)");
}

TEST(TlsVersion, OlderThan12IsRefused) {
  PairSetup setup;
  setup.server_tweak = [](SSL_CTX* ctx) {
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
  };
  TlsPair pair(setup);
  pair.shake();
  ASSERT_EQ(pair.client_flow, Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.client->failure().words, "the peer refused the handshake: alert protocol version");
}

TEST(TlsGarbage, FailsTheHandshakeWhateverItIs) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    TlsPair pair;
    EXPECT_EQ(pair.client->handshake(), Flow::blocked);
    pair.client_pipe->in().bytes = noise(1 + seed * 7, seed);
    // A part of them begins like a record.
    if (seed % 3 == 0) pair.client_pipe->in().bytes.insert(0, "\x16\x03\x03", 3);
    pair.close_server_pipe();
    EXPECT_EQ(pair.client->handshake(), Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake) << pair.client->failure().words;
    EXPECT_FALSE(pair.client->failure().words.empty());
  }
}

TEST(TlsGarbage, InTheServersFlightFailsTheHandshake) {
  for (std::size_t at = 0; at < 600; at += 13) {
    TlsPair pair;
    EXPECT_EQ(pair.client->handshake(), Flow::blocked);
    EXPECT_EQ(pair.server->handshake(), Flow::blocked);
    std::string& flight = pair.client_pipe->in().bytes;
    ASSERT_GT(flight.size(), at);
    flight[at] = static_cast<char>(flight[at] ^ 0x55);
    pair.close_server_pipe();
    const Flow flow = pair.client->handshake();
    // The record of TLS 1.3's compatibility mode that says nothing may say anything.
    if (flow == Flow::done) continue;
    EXPECT_EQ(flow, Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake) << pair.client->failure().words;
  }
}

TEST(TlsAlert, InTheHandshakeIsNamed) {
  const std::pair<const char*, const char*> known[] = {{"\x28", "handshake failure"}, {"\x46", "protocol version"},
                                                       {"\x70", "unrecognized name"}, {"\x47", "insufficient security"},
                                                       {"\x50", "internal error"},    {"\xee", "of unknown number"}};
  for (const auto& [number, name] : known) {
    TlsPair pair;
    EXPECT_EQ(pair.client->handshake(), Flow::blocked);
    pair.client_pipe->in().bytes = std::string("\x15\x03\x03\x00\x02\x02", 6) + number;
    EXPECT_EQ(pair.client->handshake(), Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
    EXPECT_EQ(pair.client->failure().words, std::string("the peer refused the handshake: alert ") + name);
  }
}

TEST(TlsAlert, ExplainsAHandshakeWhoseOutputWasReset) {
  PairSetup setup;
  setup.version = kTls12;
  TlsPair pair(setup);
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.server->handshake(), Flow::blocked);
  pair.client_pipe->in().bytes += std::string("\x15\x03\x03\x00\x02\x02\x2a", 7);
  pair.client_pipe->writes_fail = true;
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().words, "the peer refused the certificate: alert bad certificate");
}

TEST(TlsNames, ThatAreNoneAreRefused) {
  TlsContexts contexts;
  const auto context = contexts.client({.ca_cert = server_pems().ca_cert});
  ASSERT_TRUE(context);
  const TlsPeer no_names[] = {{.verify_name = std::string("a\0b", 3), .server_name = ""},
                              {.verify_name = ".example.com", .server_name = ""},
                              {.verify_name = ".", .server_name = ""},
                              {.verify_name = "%eth0:", .server_name = ""},
                              {.verify_name = "", .server_name = std::string("a\0b", 3)},
                              {.verify_name = "", .server_name = std::string(300, 'a')}};
  for (const TlsPeer& peer : no_names) {
    const auto wrapped = tls_client_layer(context.value(), peer)->wrap(std::move(make_pipe().first));
    ASSERT_FALSE(wrapped);
    EXPECT_EQ(wrapped.failure().err, Err::earg);
  }
}

}  // namespace
}  // namespace socketcore::testing
