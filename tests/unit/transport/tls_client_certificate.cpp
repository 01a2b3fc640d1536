#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

using ::testing::HasSubstr;

PairSetup demanding(int version) {
  PairSetup setup;
  setup.version = version;
  setup.server.ca_cert = client_pems().ca_cert;
  return setup;
}

class TlsClientCertificate : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsClientCertificate, ::testing::Values(kTls12, kTls13));

TEST_P(TlsClientCertificate, IsTakenWhereItIsDemanded) {
  PairSetup setup = demanding(GetParam());
  setup.client.cert = client_pems().cert;
  setup.client.key = client_pems().key;
  TlsPair pair(setup);
  pair.expect_shaken();
  EXPECT_EQ(pair.server->verification(), "ok");
  EXPECT_EQ(pair.client->verification(), "none");
}

TEST_P(TlsClientCertificate, MayHaveAChainAndAnEncryptedRsaKey) {
  const Throwaway pems = throwaway({"client"}, {.key = ThrowawayOptions::Key::rsa2048,
                                                .issuer = ThrowawayOptions::Issuer::intermediate,
                                                .for_client = true,
                                                .password = "secret"});
  PairSetup setup = demanding(GetParam());
  setup.server.ca_cert = pems.ca_cert;
  setup.client = {.ca_cert = {}, .cert = pems.cert, .key = pems.key, .key_password = "secret"};
  TlsPair pair(setup);
  pair.expect_shaken();
  EXPECT_EQ(pair.server->verification(), "ok");
}

TEST_P(TlsClientCertificate, IsSentNowhereUnasked) {
  PairSetup setup;
  setup.version = GetParam();
  setup.client.cert = client_pems().cert;
  setup.client.key = client_pems().key;
  TlsPair pair(setup);
  pair.expect_shaken();
  EXPECT_EQ(pair.server->verification(), "none");
}

// What the client hears of a refusal: under TLS 1.2 at once, under TLS 1.3 only when it reads.
void expect_refused(TlsPair& pair, int version, std::string_view words) {
  pair.shake();
  ASSERT_EQ(pair.server_flow, Flow::failed);
  EXPECT_EQ(pair.server->failure().err, Err::ssl_ehandshake);
  if (version == kTls12) {
    ASSERT_EQ(pair.client_flow, Flow::failed);
  } else {
    ASSERT_EQ(pair.client_flow, Flow::done);
    std::byte buffer[16];
    const Moved moved = pair.client->read(buffer);
    EXPECT_EQ(moved.size, 0u);
    ASSERT_EQ(moved.flow, Flow::failed);
  }
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.client->failure().words, words);
}

TEST_P(TlsClientCertificate, IsMissed) {
  TlsPair pair(demanding(GetParam()));
  expect_refused(pair, GetParam(),
                 GetParam() == kTls12 ? "the peer refused the handshake: alert handshake failure"
                                      : "the peer demands a certificate: alert certificate required");
  EXPECT_THAT(pair.server->failure().words, HasSubstr("peer did not return a certificate"));
}

TEST_P(TlsClientCertificate, OfAnUnknownCaIsRefused) {
  const Throwaway pems = throwaway({"client"}, {.for_client = true});
  PairSetup setup = demanding(GetParam());
  setup.client.cert = pems.cert;
  setup.client.key = pems.key;
  TlsPair pair(setup);
  expect_refused(pair, GetParam(), "the peer refused the certificate: alert unknown ca");
  EXPECT_EQ(pair.server->failure().words, "unable to get local issuer certificate");
}

TEST_P(TlsClientCertificate, ThatHasExpiredIsRefused) {
  const Throwaway pems = throwaway({"client"}, {.for_client = true, .valid_until = std::chrono::seconds(-60)});
  PairSetup setup = demanding(GetParam());
  setup.server.ca_cert = pems.ca_cert;
  setup.client.cert = pems.cert;
  setup.client.key = pems.key;
  TlsPair pair(setup);
  expect_refused(pair, GetParam(), "the peer refused the certificate: alert certificate expired");
}

TEST(TlsLateRefusal, OutlivesTheFailureOfAWrite) {
  TlsPair pair(demanding(kTls13));
  pair.shake();
  ASSERT_EQ(pair.client_flow, Flow::done);
  ASSERT_EQ(pair.server_flow, Flow::failed);
  pair.client_pipe->reset();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pair.client->write(bytes_of("hello")).flow, Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::erst);
    EXPECT_EQ(pair.client->failure().words, "reset by peer");
  }
  std::byte buffer[16];
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pair.client->read(buffer).flow, Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
    EXPECT_THAT(pair.client->failure().words, HasSubstr("alert certificate required"));
  }
}

TEST(TlsLateRefusal, FailsTheWritesThatFollow) {
  TlsPair pair(demanding(kTls13));
  pair.shake();
  std::byte buffer[16];
  EXPECT_EQ(pair.client->read(buffer).flow, Flow::failed);
  EXPECT_EQ(pair.client->write(bytes_of("hello")).flow, Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_EQ(pair.client->finish(false), Flow::done);
}

}  // namespace
}  // namespace socketcore::testing
