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

std::string pem_of(X509* cert) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), cert);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

CertPtr parsed(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return CertPtr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// OpenSSL tells of its arithmetic first, and of the certificate last.
TEST(TlsTrust, AnAlteredSignatureIsARefusedCertificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(parsed(server_pems().cert).get(), &der);
  der[size - 1] ^= 1;
  const unsigned char* from = der;
  const std::string altered = pem_of(CertPtr(d2i_X509(nullptr, &from, size)).get());
  OPENSSL_free(der);
  for (const int version : {kTls12, kTls13}) {
    PairSetup setup = of_version(version);
    setup.client.ca_cert = server_pems().ca_cert;
    setup.server.cert = altered;
    setup.peer.insist = false;
    TlsPair pair(setup);
    pair.shake();
    ASSERT_EQ(pair.client_flow, Flow::failed);
    EXPECT_EQ(pair.client->failure().err, Err::ssl_einvalid);
    EXPECT_EQ(pair.client->failure().words, "certificate signature failure");
    EXPECT_EQ(pair.client->verification(), "certificate signature failure");
  }
}

// What C would read as "example.com". Neither among the alternative names nor as a common name.
TEST(TlsTrust, ANameWithAZeroByteIsNoName) {
  constexpr std::string_view kName{"example.com\0.evil.example", 25};
  for (const bool alternative : {true, false}) {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const CertPtr cert(X509_new());
    X509_set_version(cert.get(), X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
    X509_set_pubkey(cert.get(), key.get());
    if (alternative) {
      std::string der = "\x30\x1b\x82\x19";
      der += kName;
      const std::unique_ptr<ASN1_OCTET_STRING, OpenSslFree<ASN1_OCTET_STRING_free>> value(ASN1_OCTET_STRING_new());
      ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()), static_cast<int>(der.size()));
      const std::unique_ptr<X509_EXTENSION, OpenSslFree<X509_EXTENSION_free>> names(
          X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value.get()));
      X509_add_ext(cert.get(), names.get(), -1);
    } else {
      X509_NAME_add_entry_by_NID(X509_get_subject_name(cert.get()), NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(kName.data()), static_cast<int>(kName.size()), -1,
                                 0);
      X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
    }
    ASSERT_GT(X509_sign(cert.get(), key.get(), EVP_sha256()), 0);
    const std::string pem = pem_of(cert.get());
    PairSetup setup;
    setup.client.ca_cert = pem;
    setup.peer.verify_name = "example.com";
    setup.server_tweak = [&](SSL_CTX* ctx) {
      EXPECT_EQ(SSL_CTX_use_certificate(ctx, cert.get()), 1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey(ctx, key.get()), 1);
    };
    TlsPair pair(setup);
    pair.expect_shaken();
    EXPECT_EQ(pair.client->verification(), "the certificate is not for example.com") << alternative;
  }
}

// A key too short for OpenSSL's security level, as old devices have. Insisting is for these.
TEST(TlsTrust, AWeakCertificateConnectsWhereTheClientInsists) {
  const KeyPtr key(EVP_RSA_gen(1024U));
  const CertPtr cert(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key.get());
  X509_sign(cert.get(), key.get(), EVP_sha256());
  const std::string pem = pem_of(cert.get());

  for (const bool insist : {true, false}) {
    PairSetup setup;
    setup.client.ca_cert = pem;
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
