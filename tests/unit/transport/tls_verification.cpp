#include <openssl/pem.h>

#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::hours kDay{24};

struct Case {
  const char* title;
  std::vector<std::string_view> names;  // in the certificate
  ThrowawayOptions options;
  std::string verify_name;  // what the client expects
  std::string words;        // "ok", or why not
  enum class Trust { its_ca, other_ca, itself, intermediate } trust = Trust::its_ca;
};

void PrintTo(const Case& what, std::ostream* out) {
  *out << what.title;
}

std::string second_certificate(const std::string& pems) {
  return pems.substr(pems.find("-----BEGIN", pems.find("-----END")));
}

class TlsVerification : public ::testing::TestWithParam<std::tuple<Case, int>> {
 protected:
  void SetUp() override {
    const Case& what = std::get<0>(GetParam());
    pems_ = make_throwaway(what.names, what.options).value();
    switch (what.trust) {
      case Case::Trust::its_ca:
        ca_ = pems_.ca_cert;
        break;
      case Case::Trust::other_ca:
        ca_ = client_pems().ca_cert;
        break;
      case Case::Trust::itself:
        ca_ = pems_.cert.substr(0, pems_.cert.find("-----BEGIN", 10));
        break;
      case Case::Trust::intermediate:
        ca_ = second_certificate(pems_.cert);
        break;
    }
    setup_.version = std::get<1>(GetParam());
    setup_.server = {.cert = pems_.cert, .key = pems_.key};
    setup_.client.ca_cert = ca_;
    setup_.peer.verify_name = what.verify_name;
  }

  [[nodiscard]] static const std::string& words() { return std::get<0>(GetParam()).words; }

  Throwaway pems_;
  std::string ca_;
  PairSetup setup_;
};

TEST_P(TlsVerification, IsReportedWhereTheClientInsists) {
  setup_.peer.insist = true;
  TlsPair pair(setup_);
  pair.expect_shaken();
  EXPECT_EQ(pair.client->verification(), words());
  write_all(*pair.client, "ping");
  EXPECT_EQ(read_all(*pair.server).text, "ping");
}

TEST_P(TlsVerification, DecidesWhereTheClientDoesNotInsist) {
  setup_.peer.insist = false;
  TlsPair pair(setup_);
  pair.shake();
  EXPECT_EQ(pair.client->verification(), words());
  if (words() == "ok") {
    EXPECT_EQ(pair.client_flow, Flow::done);
    return;
  }
  ASSERT_EQ(pair.client_flow, Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_einvalid);
  EXPECT_EQ(pair.client->failure().words, words());
  // The server is told.
  ASSERT_EQ(pair.server_flow, Flow::failed);
  EXPECT_EQ(pair.server->failure().err, Err::ssl_ehandshake);
  EXPECT_THAT(pair.server->failure().words, HasSubstr("the peer refused the certificate: alert "));
}

TEST_P(TlsVerification, IsNotDoneWhereNothingIsTrusted) {
  setup_.client.ca_cert = {};
  setup_.peer.insist = false;
  TlsPair pair(setup_);
  pair.expect_shaken();
  EXPECT_EQ(pair.client->verification(), "none");
}

using Issuer = ThrowawayOptions::Issuer;
using Trust = Case::Trust;

const Case kCases[] = {
    {"Name", {"example.com"}, {}, "example.com", "ok"},
    {"NameInCapitals", {"example.com"}, {}, "EXAMPLE.com", "ok"},
    {"NameWithRootDot", {"example.com"}, {}, "example.com.", "ok"},
    {"SecondName", {"example.com", "example.org"}, {}, "example.org", "ok"},
    {"NoName", {"example.com"}, {}, "", "ok"},
    {"WrongName", {"example.com"}, {}, "example.org", "the certificate is not for example.org"},
    {"Subdomain", {"example.com"}, {}, "a.example.com", "the certificate is not for a.example.com"},
    {"Wildcard", {"*.example.com"}, {}, "a.example.com", "ok"},
    {"WildcardOneLevelOnly", {"*.example.com"}, {}, "b.a.example.com", "the certificate is not for b.a.example.com"},
    {"WildcardNotTheDomain", {"*.example.com"}, {}, "example.com", "the certificate is not for example.com"},
    {"NoPartialWildcard", {"a*.example.com"}, {}, "ab.example.com", "the certificate is not for ab.example.com"},
    {"Ip4", {"127.0.0.1"}, {}, "127.0.0.1", "ok"},
    {"Ip4Wrong", {"127.0.0.1"}, {}, "127.0.0.2", "the certificate is not for 127.0.0.2"},
    {"Ip4OfName", {"example.com"}, {}, "192.0.2.1", "the certificate is not for 192.0.2.1"},
    {"Ip6", {"example.com", "2001:db8::1"}, {}, "2001:DB8:0:0::1", "ok"},
    {"Ip6WithScope", {"fe80::1"}, {}, "fe80::1%eth0", "ok"},
    {"Expired", {"example.com"}, {.valid_from = -2 * kDay, .valid_until = -kDay}, "example.com", "certificate has expired"},
    {"NotYetValid",
     {"example.com"},
     {.valid_from = kDay, .valid_until = 2 * kDay},
     "example.com",
     "certificate is not yet valid"},
    {"UnknownCa", {"example.com"}, {}, "example.com", "unable to get local issuer certificate", Trust::other_ca},
    {"SelfSigned", {"example.com"}, {.issuer = Issuer::itself}, "example.com", "self-signed certificate", Trust::other_ca},
    {"SelfSignedTrusted", {"example.com"}, {.issuer = Issuer::itself}, "example.com", "ok"},
    {"SelfSignedTrustedWrongName",
     {"example.com"},
     {.issuer = Issuer::itself},
     "example.org",
     "the certificate is not for example.org"},
    {"SelfSignedTrustedExpired",
     {"example.com"},
     {.issuer = Issuer::itself, .valid_from = -2 * kDay, .valid_until = -kDay},
     "example.com",
     "certificate has expired"},
    {"Intermediate", {"example.com"}, {.issuer = Issuer::intermediate}, "example.com", "ok"},
    {"IntermediateAsAnchor", {"example.com"}, {.issuer = Issuer::intermediate}, "example.com", "ok", Trust::intermediate},
    {"ServersOwnAsAnchor", {"example.com"}, {}, "example.com", "ok", Trust::itself},
    {"ServersOwnAsAnchorUnderIntermediate",
     {"example.com"},
     {.issuer = Issuer::intermediate},
     "example.com",
     "ok",
     Trust::itself},
    {"ForClientsOnly", {"example.com"}, {.for_client = true}, "example.com", "unsuitable certificate purpose"},
};

INSTANTIATE_TEST_SUITE_P(Of, TlsVerification,
                         ::testing::Combine(::testing::ValuesIn(kCases), ::testing::Values(kTls12, kTls13)),
                         [](const auto& it) {
                           return std::get<0>(it.param).title +
                                  std::string(std::get<1>(it.param) == kTls12 ? "Tls12" : "Tls13");
                         });

TEST(TlsTrust, TakesSeveralCasAndTextAroundThem) {
  const std::string ca = "Some CA, as exported\n  Subject: CN=x\r\n" + client_pems().ca_cert + "\n\n# and another\n" +
                         server_pems().ca_cert + "trailing words";
  PairSetup setup;
  setup.client.ca_cert = ca;
  setup.peer = {.verify_name = "example.com", .server_name = "", .insist = false};
  TlsPair pair(setup);
  pair.expect_shaken();
  EXPECT_EQ(pair.client->verification(), "ok");
}

// A key too short for OpenSSL's security level, as old devices have. Insisting is for these.
TEST(TlsTrust, AWeakCertificateConnectsWhereTheClientInsists) {
  const KeyPtr key(EVP_RSA_gen(1024U));
  const CertPtr cert(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key.get());
  X509_sign(cert.get(), key.get(), EVP_sha256());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), cert.get());
  char* pem = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &pem);

  for (const bool insist : {true, false}) {
    PairSetup setup;
    setup.client.ca_cert = {pem, static_cast<std::size_t>(size)};
    setup.peer.insist = insist;
    setup.server_tweak = [&](SSL_CTX* ctx) {
      SSL_CTX_set_security_level(ctx, 0);
      EXPECT_EQ(SSL_CTX_use_certificate(ctx, cert.get()), 1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey(ctx, key.get()), 1);
      SSL_CTX_set1_sigalgs_list(ctx, "rsa_pss_rsae_sha256");  // the pair's own certificate is not to be sent
    };
    TlsPair pair(setup);
    pair.shake();
    EXPECT_EQ(pair.client_flow, insist ? Flow::done : Flow::failed);
    EXPECT_EQ(pair.client->verification(), "EE certificate key too weak");
  }
}

TEST(TlsTrust, TheMachinesStoreDoesNotKnowAThrowawayCa) {
  PairSetup setup;
  setup.client.system_store = true;
  setup.peer = {.verify_name = "example.com", .server_name = "", .insist = false};
  TlsPair pair(setup);
  pair.shake();
  ASSERT_EQ(pair.client_flow, Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_einvalid);
  EXPECT_EQ(pair.client->failure().words, "unable to get local issuer certificate");
}

TEST(TlsTrust, TheMachinesStoreGivesWayToACa) {
  PairSetup setup;
  setup.client = {.ca_cert = server_pems().ca_cert, .system_store = true};
  setup.peer = {.verify_name = "example.com", .server_name = "", .insist = false};
  TlsPair pair(setup);
  pair.expect_shaken();
  EXPECT_EQ(pair.client->verification(), "ok");
}

}  // namespace
}  // namespace socketcore::testing
