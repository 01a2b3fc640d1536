#include <cstdio>
#include <fstream>

#include "tls_pair.hpp"

// Keys and passwords as a reader of the process's memory would find them. The texts here are constants: they stand in
// memory that cannot be written, and only what can be is searched.
namespace socketcore::testing {
namespace {

constexpr std::string_view kCert = R"(-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUBL1A30aMEGQGijCMKgV6zqliDk4wCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyNjA1MzczOVoYDzIxMjYxMTAyMDUz
NzM5WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQ0piLIVLYOdcMwLirxsmYb9VzNNb16xDBBWE+ayWh67vspJNvS19riyCyOJ0ba
QQvcVQckJ9q4NLHJFPve2UJho1MwUTAdBgNVHQ4EFgQUi2pwC1Jrs+1Ewr73RP6D
QyUEVwQwHwYDVR0jBBgwFoAUi2pwC1Jrs+1Ewr73RP6DQyUEVwQwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAfkPRSiYdNxOo1eLuv8XQwMXtmOYpj
D1mBPU1OamHBMgIhAPPCw3j1tHd/sRJrH1aCZm60vT4nVOzZnrqGhSZI4aGr
-----END CERTIFICATE-----
)";
constexpr std::string_view kPlain = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd074Kb3nIeGcgf/l
rOAYJPHxIgBZOmH9fsCl/R967TehRANCAAQ0piLIVLYOdcMwLirxsmYb9VzNNb16
xDBBWE+ayWh67vspJNvS19riyCyOJ0baQQvcVQckJ9q4NLHJFPve2UJh
-----END PRIVATE KEY-----
)";
constexpr std::string_view kTraditional = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIHdO+Cm95yHhnIH/5azgGCTx8SIAWTph/X7Apf0feu03oAoGCCqGSM49
AwEHoUQDQgAENKYiyFS2DnXDMC4q8bJmG/VczTW9esQwQVhPmsloeu77KSTb0tfa
4sgsjidG2kEL3FUHJCfauDSxyRT73tlCYQ==
-----END EC PRIVATE KEY-----
)";
constexpr std::string_view kEncrypted = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgaQb0ZvfFV6QICA+gw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEIl9yvoDlJiTi97/fvGz3/oEgZA3
9V/Oj9MDTYv4BkQha7yPSz3KApSwnTlByYvTG77vnILfsXtORZ22G66bH6NSSz4j
Z84Ct+OdTaidY/7HyPCdNM02ZCoZnOyBDzLGY6bvU/CnvEv9yIW3s0UrG867bxWT
sZ9fy3vFZqjWMjNHxUNKgqjbpvym58q4IABMJwKvPvGx/qD8m4kScpunqiMqoUk=
-----END ENCRYPTED PRIVATE KEY-----
)";
constexpr std::string_view kTraditionalEncrypted = R"(-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,CDBB747F713CB90EC891E414B4E74509

YD9mrkDp/eDBB30nzUFXlpsDgb7HJEV7pDAbhRRQMl4rFGF7++ZirQFTpDLQOed/
69qj9WEynRHnCd0C/CcwwmzDKrXG0WI0Q72LiEzZ1OfNd4Fu33YBpBBOnkccuhDP
Obfy0EMTxjFbZnz3Nm2BeLhjfQRYnHBIR4U1wD4F/iQ=
-----END EC PRIVATE KEY-----
)";
constexpr std::string_view kPassword = "not to be found anywhere";
// Parts of them, because whoever frees memory uses its first bytes.
constexpr std::string_view kPasswordPart = "found anywhere";
constexpr std::string_view kPlainPart = "d074Kb3nIeGcgf";
constexpr std::string_view kTraditionalPart = "HdO+Cm95yHhnIH";

/// How often `what` stands in memory that this process can write.
std::size_t count_in_memory(std::string_view what) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    std::size_t from = 0;
    std::size_t until = 0;
    char rights[5];
    if (std::sscanf(line.c_str(), "%zx-%zx %4s", &from, &until, rights) != 3 || rights[1] != 'w') continue;
    const std::string_view region(reinterpret_cast<const char*>(from), until - from);
    for (std::size_t at = 0; (at = region.find(what, at)) != std::string_view::npos; ++at) ++count;
  }
  return count;
}

class TlsSecrets : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef SC_ASAN
    GTEST_SKIP() << "the sanitizer maps more than can be searched";
#endif
  }

  static void expect_nothing(std::string_view what) {
    EXPECT_EQ(count_in_memory(kPasswordPart), 0u) << what;
    EXPECT_EQ(count_in_memory(kPlainPart), 0u) << what;
    EXPECT_EQ(count_in_memory(kTraditionalPart), 0u) << what;
  }

  TlsContexts contexts_;
};

TEST_F(TlsSecrets, AreSeenByThisTest) {
  std::string copy(kPassword);
  EXPECT_GE(count_in_memory(kPasswordPart), 1u);
  OPENSSL_cleanse(copy.data(), copy.size());
}

TEST_F(TlsSecrets, LeaveNothingBehindWhenTheirContextGoes) {
  for (const std::string_view key : {kPlain, kTraditional, kEncrypted, kTraditionalEncrypted}) {
    ASSERT_TRUE(contexts_.client({.cert = kCert, .key = key, .key_password = kPassword}));
    expect_nothing(key.substr(0, 40));
  }
}

TEST_F(TlsSecrets, OfAContextInUseAreTheKeyAlone) {
  const auto context = contexts_.client({.cert = kCert, .key = kEncrypted, .key_password = kPassword});
  ASSERT_TRUE(context);
  EXPECT_EQ(count_in_memory(kPasswordPart), 0u);
  EXPECT_EQ(count_in_memory(kPlainPart), 0u);
}

TEST_F(TlsSecrets, LeaveNothingBehindWhereTheyAreRefused) {
  EXPECT_FALSE(contexts_.client({.cert = server_pems().cert, .key = kPlain}));
  EXPECT_FALSE(contexts_.client({.cert = "no certificate", .key = kTraditional}));
  EXPECT_FALSE(contexts_.client({.cert = kCert, .key = server_pems().key.substr(0, 60), .key_password = kPassword}));
  expect_nothing("refused");
}

TEST_F(TlsSecrets, OfAHandshakeLeaveNothingBehind) {
  {
    PairSetup setup;
    setup.server.ca_cert = kCert;
    setup.client = {.cert = kCert, .key = kEncrypted, .key_password = kPassword};
    TlsPair pair(setup);
    pair.expect_shaken();
  }
  expect_nothing("handshake");
}

}  // namespace
}  // namespace socketcore::testing
