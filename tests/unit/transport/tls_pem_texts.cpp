#include <openssl/pem.h>

#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kPassword = "pa55-w0rd";

const Throwaway& encrypted_pems() {
  static const Throwaway made = throwaway({"client"}, {.for_client = true, .password = kPassword});
  return made;
}

Failure client_failure(const TlsIdentity& identity) {
  TlsContexts contexts;
  const auto context = contexts.client(identity);
  return context ? Failure{} : context.failure();
}

TEST(TlsCaText, ThatDoesNotParseIsRefused) {
  const std::string& good = server_pems().ca_cert;
  const std::size_t body = good.find('\n') + 1;
  std::string no_base64 = good;
  no_base64.replace(body + 10, 4, "!?!?");
  std::string cut_body = good;
  cut_body.erase(body + 64, 300);
  std::string flipped = good;
  flipped[body] = 'Z';
  const std::string encrypted = std::string("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n") +
                                "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n" +
                                "QUJDREVGR0g=\n-----END CERTIFICATE-----\n";
  const std::string bad[] = {
      "garbage",
      " ",
      "\n",
      std::string(100000, 'x'),
      std::string("\0\0\0\0", 4),
      noise(5000),
      "-----BEGIN CERTIFICATE-----",
      "-----BEGIN CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
      encrypted,
      good.substr(0, good.size() / 2),
      good.substr(0, good.find("-----END")),
      good.substr(1),
      "  " + good,
      no_base64,
      cut_body,
      flipped,
      server_pems().key,
      good + good.substr(0, good.size() / 2),
      good + "  " + good,
      "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n" + good,
      good + "-----BEGIN CERTIFICATE---\nQUJD\n-----END CERTIFICATE-----\n",
  };
  for (const std::string& text : bad) {
    const Failure failure = client_failure({.ca_cert = text});
    EXPECT_EQ(failure.err, Err::ssl_einit) << text;
    EXPECT_THAT(failure.words, StartsWith("the CA certificate does not parse"));
  }
}

TEST(TlsCaText, MayHaveForeignThingsAroundIt) {
  const std::string& good = server_pems().ca_cert;
  std::string crlf;
  for (const char c : good) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const std::string fine[] = {good,
                              good + good,
                              crlf,
                              "Bag Attributes\n" + good,
                              good.substr(0, good.size() - 1),
                              server_pems().key + good,
                              good + "\n\n\n",
                              good + std::string(3, '\0')};
  for (const std::string& text : fine) {
    const Failure failure = client_failure({.ca_cert = text});
    EXPECT_EQ(failure.err, Err::ok) << failure.words << "\n" << text;
  }
}

TEST(TlsClientTexts, MustComeInPairs) {
  EXPECT_EQ(client_failure({.cert = client_pems().cert}).words, "the client certificate is given without its key");
  EXPECT_EQ(client_failure({.key = client_pems().key}).words, "the client key is given without its certificate");
  EXPECT_EQ(client_failure({.cert = client_pems().cert}).err, Err::ssl_einit);
  EXPECT_EQ(client_failure({.key = client_pems().key}).err, Err::ssl_einit);
  EXPECT_EQ(client_failure({.key_password = "unused"}).err, Err::ok);
}

TEST(TlsClientTexts, MustMatch) {
  const Throwaway rsa = throwaway({"client"}, {.key = ThrowawayOptions::Key::rsa2048});
  for (const std::string& key : {server_pems().key, rsa.key}) {
    const Failure failure = client_failure({.cert = client_pems().cert, .key = key});
    EXPECT_EQ(failure.err, Err::ssl_einit);
    EXPECT_EQ(failure.words, "the client key does not match the client certificate");
  }
}

TEST(TlsClientTexts, ThatDoNotParseAreRefused) {
  const std::string& cert = client_pems().cert;
  const std::string& key = client_pems().key;
  const std::string bad_keys[] = {"garbage",
                                  " ",
                                  noise(3000),
                                  cert,
                                  key.substr(0, key.size() / 2),
                                  key.substr(0, key.find("-----END")),
                                  "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n",
                                  "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                                  "-----BEGIN EC PRIVATE KEY-----\nQUJD\n-----END EC PRIVATE KEY-----\n",
                                  "-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----\n"};
  for (const std::string& text : bad_keys) {
    const Failure failure = client_failure({.cert = cert, .key = text});
    EXPECT_EQ(failure.err, Err::ssl_einit) << text;
    EXPECT_THAT(failure.words, StartsWith("the client key does not parse"));
  }
  for (const std::string& text : {std::string("garbage"), key, cert + cert.substr(0, 200)}) {
    const Failure failure = client_failure({.cert = text, .key = key});
    EXPECT_EQ(failure.err, Err::ssl_einit) << text;
    EXPECT_THAT(failure.words, StartsWith("the client certificate does not parse"));
  }
}

// The same key as OpenSSL's older formats have it.
std::string traditional(std::string_view pem, const EVP_CIPHER* cipher, std::string_view password) {
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const BioPtr out(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PrivateKey_traditional(out.get(), key.get(), cipher,
                                                 reinterpret_cast<const unsigned char*>(password.data()),
                                                 static_cast<int>(password.size()), nullptr, nullptr),
            1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

TEST(TlsClientKey, MayBeOfAnyKind) {
  const Throwaway rsa = throwaway({"client"}, {.key = ThrowawayOptions::Key::rsa2048});
  EXPECT_EQ(client_failure({.cert = rsa.cert, .key = rsa.key}).err, Err::ok);
  const std::string rsa_pem = traditional(rsa.key, nullptr, {});
  EXPECT_THAT(rsa_pem, HasSubstr("BEGIN RSA PRIVATE KEY"));
  EXPECT_EQ(client_failure({.cert = rsa.cert, .key = rsa_pem}).err, Err::ok);
  const std::string ec_pem = traditional(client_pems().key, nullptr, {});
  EXPECT_THAT(ec_pem, HasSubstr("BEGIN EC PRIVATE KEY"));
  EXPECT_EQ(client_failure({.cert = client_pems().cert, .key = ec_pem}).err, Err::ok);
  // `openssl ecparam -genkey` writes the curve before the key.
  const std::string with_curve = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ec_pem;
  EXPECT_EQ(client_failure({.cert = client_pems().cert, .key = with_curve}).err, Err::ok);
  EXPECT_EQ(client_failure({.cert = client_pems().cert, .key = client_pems().key, .key_password = "unneeded"}).err,
            Err::ok);
}

TEST(TlsClientKey, ThatIsEncryptedNeedsItsPassword) {
  const std::string old_style = traditional(client_pems().key, EVP_aes_128_cbc(), kPassword);
  EXPECT_THAT(old_style, HasSubstr("Proc-Type: 4,ENCRYPTED"));
  const std::pair<std::string_view, std::string_view> keys[] = {{encrypted_pems().cert, encrypted_pems().key},
                                                                {client_pems().cert, old_style}};
  for (const auto& [cert, key] : keys) {
    EXPECT_EQ(client_failure({.cert = cert, .key = key, .key_password = kPassword}).err, Err::ok);

    Failure failure = client_failure({.cert = cert, .key = key});
    EXPECT_EQ(failure.err, Err::ssl_einit);
    EXPECT_EQ(failure.words, "the client key is encrypted and no password is given");

    const std::string long_password(5000, 'x');
    const std::string_view wrong[] = {"", "wrong-one", long_password};
    for (const std::string_view password : wrong) {
      failure = client_failure({.cert = cert, .key = key, .key_password = password});
      EXPECT_EQ(failure.err, Err::ssl_einit);
      EXPECT_THAT(failure.words, AllOf(StartsWith("the client key does not open with the password that is given"),
                                       Not(HasSubstr("wrong-one")), Not(HasSubstr(kPassword))));
    }
  }
}

TEST(TlsServerTexts, MustBeThere) {
  TlsContexts contexts;
  auto context = contexts.server({});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.failure().err, Err::ssl_einit);
  context = contexts.server({.ca_cert = "x", .cert = server_pems().cert, .key = server_pems().key});
  ASSERT_FALSE(context);
  EXPECT_THAT(context.failure().words, StartsWith("the CA certificate"));
  context = contexts.server({.cert = server_pems().cert, .key = client_pems().key});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.failure().words, "the server key does not match the server certificate");
}

TEST(TlsThrowaway, RefusesNamesThatNoCertificateHolds) {
  EXPECT_EQ(make_throwaway({}).failure().err, Err::earg);
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a\0b", 3), std::string(254, 'a')}) {
    const std::string_view names[] = {name};
    EXPECT_EQ(make_throwaway(names).failure().err, Err::earg);
  }
  const std::string name(200, 'a');
  const std::string_view names[] = {name};
  EXPECT_TRUE(make_throwaway(names).ok());
}

/// An encrypted key that says of itself how much work it takes to open.
std::string costly_key(const X509_ALGOR* algorithm) {
  const std::unique_ptr<X509_SIG, OpenSslFree<X509_SIG_free>> key(X509_SIG_new());
  X509_ALGOR* into = nullptr;
  ASN1_OCTET_STRING* bytes = nullptr;
  X509_SIG_getm(key.get(), &into, &bytes);
  EXPECT_EQ(X509_ALGOR_copy(into, algorithm), 1);
  EXPECT_EQ(ASN1_STRING_set(bytes, std::string(160, 'x').data(), 160), 1);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PKCS8(bio.get(), key.get()), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

TEST(TlsKeyText, ThatTakesHoursToOpenIsRefusedAtOnce) {
  using AlgorithmPtr = std::unique_ptr<X509_ALGOR, OpenSslFree<X509_ALGOR_free>>;
  const AlgorithmPtr algorithms[] = {
      AlgorithmPtr(PKCS5_pbe2_set(EVP_aes_128_cbc(), 0x7fffffff, nullptr, 0)),
      AlgorithmPtr(PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 0x7fffffff, nullptr, 0)),
      AlgorithmPtr(PKCS5_pbe2_set_scrypt(EVP_aes_128_cbc(), nullptr, 0, nullptr, 1024, 1, 100'000)),
  };
  for (const AlgorithmPtr& algorithm : algorithms) {
    ASSERT_NE(algorithm, nullptr);
    const std::string key = costly_key(algorithm.get());
    const Failure failure = client_failure({.cert = encrypted_pems().cert, .key = key, .key_password = kPassword});
    EXPECT_EQ(failure.err, Err::ssl_einit);
    EXPECT_THAT(failure.words, HasSubstr("too much work"));
    // Behind another one, too.
    const std::string second = "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n" + key;
    EXPECT_EQ(client_failure({.cert = encrypted_pems().cert, .key = second, .key_password = kPassword}).err, Err::ssl_einit);
  }
  EXPECT_EQ(client_failure({.cert = encrypted_pems().cert, .key = encrypted_pems().key, .key_password = kPassword}).err, Err::ok);
}

}  // namespace
}  // namespace socketcore::testing
