#include <algorithm>
#include <map>
#include <set>

#include "tls_pair.hpp"

// What a connection offers, which is all that a server can choose from, and what it makes of a server that chooses
// otherwise.
namespace socketcore::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// Reads numbers and texts as TLS has them: a length in front, most significant byte first.
class Bytes {
 public:
  explicit Bytes(std::string_view data) : left_(data) {}

  unsigned number(std::size_t size) {
    unsigned value = 0;
    for (const char c : taken(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view text(std::size_t size_bytes) { return taken(number(size_bytes)); }
  std::vector<unsigned> numbers(std::size_t size_bytes, std::size_t each) {
    Bytes list(text(size_bytes));
    std::vector<unsigned> all;
    while (!list.left_.empty()) all.push_back(list.number(each));
    return all;
  }
  std::string_view taken(std::size_t size) {
    if (size > left_.size()) throw std::runtime_error("too short");
    const std::string_view part = left_.substr(0, size);
    left_.remove_prefix(size);
    return part;
  }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  std::string_view left_;
};

struct Hello {
  std::vector<unsigned> suites;
  std::vector<unsigned> compressions;
  std::map<unsigned, std::string> extensions;
};

Hello hello_of(TlsPair& pair) {
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  Bytes bytes(pair.client_pipe->out().bytes);
  bytes.taken(5 + 4 + 2 + 32);  // record, message, version, random
  bytes.text(1);                // session id
  Hello hello;
  hello.suites = bytes.numbers(2, 2);
  hello.compressions = bytes.numbers(1, 1);
  Bytes extensions(bytes.text(2));
  while (!extensions.empty()) {
    const unsigned type = extensions.number(2);
    hello.extensions[type] = extensions.text(2);
  }
  return hello;
}

constexpr unsigned kTls13Suites[] = {0x1301, 0x1302, 0x1303};
// docs/security.md has their names.
constexpr unsigned kTls12Suites[] = {
    0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0xccaa, 0x009e, 0x009f,  // (EC)DHE with AES-GCM or ChaCha20-Poly1305
    0xc023, 0xc024, 0xc027, 0xc028, 0x0067, 0x006b,                          // (EC)DHE with AES-CBC, SHA-2
    0xc009, 0xc00a, 0xc013, 0xc014, 0x0033, 0x0039,                          // (EC)DHE with AES-CBC, SHA-1
    0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035,                          // RSA with AES
};
constexpr unsigned kNoRenegotiationMark = 0x00ff;

TEST(TlsOffer, HasNoCipherButTheListedOnes) {
  TlsPair pair;
  std::set<unsigned> listed(std::begin(kTls13Suites), std::end(kTls13Suites));
  listed.insert(std::begin(kTls12Suites), std::end(kTls12Suites));
  listed.insert(kNoRenegotiationMark);
  const Hello hello = hello_of(pair);
  for (const unsigned suite : hello.suites) EXPECT_TRUE(listed.contains(suite)) << std::hex << suite;
  for (const unsigned suite : kTls13Suites) EXPECT_THAT(hello.suites, Contains(suite));
}

// A server that goes by the client's order takes forward secrecy where it can.
TEST(TlsOffer, HasRsaKeyExchangeLast) {
  TlsPair pair;
  const std::vector<unsigned> suites = hello_of(pair).suites;
  const auto is_static = [](unsigned suite) {
    return suite == 0x9c || suite == 0x9d || suite == 0x3c || suite == 0x3d || suite == 0x2f || suite == 0x35;
  };
  const auto first = std::find_if(suites.begin(), suites.end(), is_static);
  EXPECT_TRUE(std::all_of(first, suites.end(), [&](unsigned s) { return is_static(s) || s == kNoRenegotiationMark; }));
}

TEST(TlsOffer, HasTheTwoVersionsOnly) {
  TlsPair pair;
  const Hello hello = hello_of(pair);
  EXPECT_EQ(Bytes(hello.extensions.at(TLSEXT_TYPE_supported_versions)).numbers(1, 2),
            (std::vector<unsigned>{0x0304, 0x0303}));
}

TEST(TlsOffer, HasNoCompression) {
  TlsPair pair;
  EXPECT_EQ(hello_of(pair).compressions, std::vector<unsigned>{0});
}

TEST(TlsOffer, HasNoSignatureWithSha1OrLess) {
  TlsPair pair;
  const Hello hello = hello_of(pair);
  for (const unsigned type : {13u, 50u}) {  // signature_algorithms, signature_algorithms_cert
    const auto found = hello.extensions.find(type);
    if (found == hello.extensions.end()) continue;
    for (const unsigned algorithm : Bytes(found->second).numbers(2, 2)) {
      EXPECT_GE(algorithm >> 8, 3u) << std::hex << algorithm;  // 1 and 2 are MD5 and SHA-1
    }
  }
}

TEST(TlsOffer, HasGroupsOfFullStrengthOnly) {
  TlsPair pair;
  const Hello hello = hello_of(pair);
  const std::set<unsigned> strong{23,  24,  25,  29,  30,
                                  256, 257, 258, 259, 260};  // P-256 and up, x25519, x448, ffdhe2048 and up
  for (const unsigned group : Bytes(hello.extensions.at(TLSEXT_TYPE_supported_groups)).numbers(2, 2)) {
    EXPECT_TRUE(strong.contains(group)) << group;
  }
}

TEST(TlsOffer, AsksForNoTicketAndNoStapledAnswer) {
  TlsPair pair;
  const Hello hello = hello_of(pair);
  EXPECT_FALSE(hello.extensions.contains(TLSEXT_TYPE_session_ticket));
  EXPECT_FALSE(hello.extensions.contains(TLSEXT_TYPE_status_request));
  EXPECT_FALSE(hello.extensions.contains(TLSEXT_TYPE_psk));
  EXPECT_FALSE(hello.extensions.contains(TLSEXT_TYPE_early_data));
  EXPECT_FALSE(hello.extensions.contains(TLSEXT_TYPE_post_handshake_auth));
}

TEST(TlsOffer, BindsTheSessionToItsHandshake) {
  TlsPair pair;
  const Hello hello = hello_of(pair);
  EXPECT_TRUE(hello.extensions.contains(TLSEXT_TYPE_extended_master_secret));
  EXPECT_TRUE(hello.extensions.contains(TLSEXT_TYPE_encrypt_then_mac));
  EXPECT_TRUE(hello.extensions.contains(TLSEXT_TYPE_renegotiate) ||
              std::count(hello.suites.begin(), hello.suites.end(), kNoRenegotiationMark) == 1);
}

std::string server_hello(unsigned version, unsigned suite, unsigned compression) {
  const auto two = [](unsigned n) { return std::string{static_cast<char>(n >> 8), static_cast<char>(n)}; };
  const std::string body = two(version) + noise(32) + std::string(1, '\0') + two(suite) + static_cast<char>(compression);
  const std::string message = "\x02" + std::string(2, '\0') + static_cast<char>(body.size()) + body;
  return "\x16" + two(version) + two(static_cast<unsigned>(message.size())) + message;
}

TEST(TlsChoice, ThatWasNotOfferedIsRefused) {
  struct Choice {
    const char* title;
    unsigned version, suite, compression;
  };
  const Choice choices[] = {
      {"SSL 3.0", 0x0300, 0x002f, 0},
      {"TLS 1.0", 0x0301, 0x002f, 0},
      {"TLS 1.1", 0x0302, 0x002f, 0},
      {"a version to come", 0x0305, 0x002f, 0},
      {"no cipher", 0x0303, 0x0000, 0},
      {"no encryption", 0x0303, 0x003b, 0},
      {"export RC4", 0x0303, 0x0003, 0},
      {"export DES", 0x0303, 0x0014, 0},
      {"RC4", 0x0303, 0x0005, 0},
      {"ECDHE with RC4", 0x0303, 0xc011, 0},
      {"DES", 0x0303, 0x0009, 0},
      {"3DES", 0x0303, 0x000a, 0},
      {"ECDHE with 3DES", 0x0303, 0xc012, 0},
      {"anonymous DH", 0x0303, 0x0034, 0},
      {"anonymous ECDH", 0x0303, 0xc018, 0},
      {"PSK", 0x0303, 0x008c, 0},
      {"a suite of TLS 1.3", 0x0303, 0x1301, 0},
      {"compression", 0x0303, 0xc02f, 1},
  };
  for (const Choice& choice : choices) {
    TlsPair pair;
    EXPECT_EQ(pair.client->handshake(), Flow::blocked);
    pair.client_pipe->in().bytes = server_hello(choice.version, choice.suite, choice.compression);
    EXPECT_EQ(pair.client->handshake(), Flow::failed) << choice.title;
    EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake) << choice.title;
  }
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, what.size(), with);
}

// Somebody on the way makes the server believe that the client knows TLS 1.2 only.
TEST(TlsChoice, OfAnOlderVersionThanBothKnowIsNoticed) {
  TlsPair pair;
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  replace(pair.server_pipe->in().bytes, {"\x00\x2b\x00\x05\x04\x03\x04\x03\x03", 9},
          {"\x7a\x7a\x00\x05\x04\x03\x04\x03\x03", 9});
  pair.shake();
  ASSERT_EQ(pair.client_flow, Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_THAT(pair.client->failure().words, HasSubstr("inappropriate fallback"));
}

// A server from before RFC 5746: its renegotiation can be spliced.
TEST(TlsChoice, WithoutSecureRenegotiationIsRefused) {
  TlsPair pair(of_version(kTls12));
  EXPECT_EQ(pair.client->handshake(), Flow::blocked);
  EXPECT_EQ(pair.server->handshake(), Flow::blocked);
  std::string& flight = pair.client_pipe->in().bytes;
  const std::size_t extensions = 5 + 4 + 2 + 32 + 1 + static_cast<unsigned char>(flight[43]) + 2 + 1;
  replace(flight, {"\xff\x01\x00\x01\x00", 5}, "");
  for (const std::size_t length : {std::size_t{3}, std::size_t{7}, extensions})
    flight[length + 1] = static_cast<char>(flight[length + 1] - 5);
  EXPECT_EQ(pair.client->handshake(), Flow::failed);
  EXPECT_EQ(pair.client->failure().err, Err::ssl_ehandshake);
  EXPECT_THAT(pair.client->failure().words, HasSubstr("unsafe legacy renegotiation disabled"));
}

}  // namespace
}  // namespace socketcore::testing
