#include "tls_forger.hpp"

// Records in the middle of a connection that are sealed as they should be and say what they should not.
namespace socketcore::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kWarning = 1;
constexpr int kFatal = 2;
constexpr int kCloseNotify = 0;
constexpr int kUserCanceled = 90;
constexpr int kNoRenegotiation = 100;

class TlsForged : public ::testing::TestWithParam<int> {
 protected:
  /// The connection is over, by no orderly end: nothing is read, nothing can be written.
  static void expect_broken(ForgedServer& server, std::string_view what) {
    ASSERT_EQ(server.flow(), Flow::failed) << what;
    EXPECT_THAT(server.failure().err, ::testing::AnyOf(Err::eio, Err::ssl_ehandshake)) << what;
    EXPECT_FALSE(server.failure().words.empty()) << what;
    EXPECT_EQ(server.both.client->write(bytes_of("x")).flow, Flow::failed) << what;
    EXPECT_EQ(server.client_reads(), "") << what;
    EXPECT_EQ(server.flow(), Flow::failed) << what;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, TlsForged, ::testing::Values(kTls12, kTls13),
                         [](const auto& it) { return it.param == kTls12 ? "Tls12" : "Tls13"; });

TEST_P(TlsForged, RecordsAreTakenForTheServersOwn) {
  ForgedServer server(GetParam());
  server.say_data("forged");
  EXPECT_EQ(server.client_reads(), "forged");
  EXPECT_EQ(server.flow(), Flow::done);
}

TEST_P(TlsForged, AlertOfAnyNumberBreaksTheConnectionOff) {
  for (int number = 0; number < 130; ++number) {
    if (GetParam() == kTls13 && (number == kCloseNotify || number == kUserCanceled)) continue;
    ForgedServer server(GetParam());
    server.say_data("before");
    server.say_alert(kFatal, number);
    server.say_data("behind");
    EXPECT_EQ(server.client_reads(), "before");
    server.client_reads();
    expect_broken(server, std::to_string(number));
    EXPECT_THAT(server.failure().words, StartsWith("the peer ")) << number;
    EXPECT_THAT(server.failure().words, HasSubstr("alert ")) << number;
  }
}

TEST_P(TlsForged, CloseNotifyEndsTheStreamWhateverComesBehind) {
  ForgedServer server(GetParam());
  server.say_data("before");
  server.say_alert(kWarning, kCloseNotify);
  server.say_data("behind");
  server.say_raw("and no TLS at all");
  EXPECT_EQ(server.client_reads(), "before");
  EXPECT_EQ(server.client_reads(), "");
  EXPECT_EQ(server.flow(), Flow::end);
  EXPECT_EQ(server.both.client->write(bytes_of("still")).flow, Flow::done);
}

TEST_P(TlsForged, WarningsAreCounted) {
  const int warning = GetParam() == kTls12 ? 112 : kUserCanceled;  // unrecognized_name; TLS 1.3 knows one warning only
  ForgedServer few(GetParam());
  for (int i = 0; i < 4; ++i) few.say_alert(kWarning, warning);
  few.say_data("go on");
  EXPECT_EQ(few.client_reads(), "go on");
  ForgedServer many(GetParam());
  for (int i = 0; i < 5; ++i) many.say_alert(kWarning, warning);
  many.say_data("go on");
  EXPECT_EQ(many.client_reads(), "");
  expect_broken(many, "five warnings");
}

TEST_P(TlsForged, AlertThatIsNoneBreaksTheConnection) {
  const std::string_view alerts[] = {"", {"\x02", 1}, {"\x02\x28\x00", 3}, {"\x02\x28\x02\x28", 4}, {"\x07\x28", 2}};
  for (const std::string_view alert : alerts) {
    ForgedServer server(GetParam());
    server.say(21, alert);
    EXPECT_EQ(server.client_reads(), "");
    expect_broken(server, ::testing::PrintToString(alert));
  }
}

TEST_P(TlsForged, EmptyRecordsAreTakenAndCounted) {
  ForgedServer server(GetParam());
  for (int i = 0; i < 200; ++i) {
    for (int j = 0; j < 10; ++j) server.say_data("");
    server.say_data("x");
  }
  EXPECT_EQ(server.client_reads(), std::string(200, 'x'));
  for (int i = 0; i < 1000; ++i) server.say_data("");
  server.say_data("never read");
  EXPECT_EQ(server.client_reads(), "");
  expect_broken(server, "a thousand empty records");
}

TEST_P(TlsForged, RecordOfTheLargestSizeIsTaken) {
  ForgedServer server(GetParam());
  server.say_data(noise(16384));
  EXPECT_TRUE(server.client_reads() == noise(16384));
}

TEST_P(TlsForged, RecordThatIsTooLongBreaksTheConnection) {
  for (const std::size_t size : {std::size_t{16385}, std::size_t{17000}, std::size_t{65000}}) {
    ForgedServer server(GetParam());
    server.say_data(noise(size));
    EXPECT_EQ(server.client_reads(), "");
    expect_broken(server, std::to_string(size));
    EXPECT_THAT(server.failure().words, HasSubstr("too long"));
    EXPECT_EQ(server.both.server_reads(), "");
    EXPECT_THAT(server.both.server->failure().words, HasSubstr("record overflow"));
  }
}

TEST_P(TlsForged, RecordThatCameTwiceBreaksTheConnection) {
  ForgedServer server(GetParam());
  const std::string record = server.sealed(23, "once");
  server.say_raw(record + record);
  EXPECT_EQ(server.client_reads(), "once");
  server.client_reads();
  expect_broken(server, "twice");
}

TEST_P(TlsForged, RecordsThatChangedPlacesBreakTheConnection) {
  ForgedServer server(GetParam());
  const std::string first = server.sealed(23, "first");
  server.say_raw(server.sealed(23, "second") + first);
  EXPECT_EQ(server.client_reads(), "");
  expect_broken(server, "changed places");
}

TEST_P(TlsForged, RecordOfAnotherTypeBreaksTheConnection) {
  for (const int type : {0, 1, 19, 20, 24, 25, 99, 128, 255}) {
    ForgedServer server(GetParam());
    server.say(type, "\x01");
    EXPECT_EQ(server.client_reads(), "");
    expect_broken(server, std::to_string(type));
  }
}

TEST_P(TlsForged, PlainRecordAmongSealedOnesBreaksTheConnection) {
  const std::string_view records[] = {{"\x17\x03\x03\x00\x02hi", 7},
                                      {"\x15\x03\x03\x00\x02\x01\x00", 7},  // a close_notify of whoever is on the way
                                      {"\x15\x03\x03\x00\x02\x02\x28", 7},
                                      {"\x14\x03\x03\x00\x01\x01", 6},
                                      {"\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9}};
  for (const std::string_view record : records) {
    ForgedServer server(GetParam());
    server.say_raw(record);
    EXPECT_EQ(server.client_reads(), "");
    expect_broken(server, ::testing::PrintToString(record));
  }
}

// Of all messages of a handshake, TLS 1.3 has two that may come later, TLS 1.2 one that is turned down.
TEST_P(TlsForged, HandshakeMessageOfAnyKindIsHarmless) {
  for (int message = 0; message < 26; ++message) {
    for (const std::string& body : {std::string(), std::string(1, '\0'), std::string("\x03\x03") + noise(200)}) {
      ForgedServer server(GetParam());
      server.say_handshake(message, body);
      EXPECT_EQ(server.client_reads(), "");
      const bool hello_request = GetParam() == kTls12 && message == SSL3_MT_HELLO_REQUEST && body.empty();
      const bool key_update = GetParam() == kTls13 && message == SSL3_MT_KEY_UPDATE && body.size() == 1;
      if (hello_request || key_update) {
        EXPECT_EQ(server.flow(), Flow::blocked) << message;
      } else {
        expect_broken(server, std::to_string(message) + ", " + std::to_string(body.size()) + " bytes");
      }
    }
  }
}

TEST_P(TlsForged, MessageThatBytesInterruptBreaksTheConnection) {
  ForgedServer server(GetParam());
  server.say(22, std::string_view("\x04\x00\x00\x20", 4));
  server.say_data("in between");
  EXPECT_EQ(server.client_reads(), "");
  expect_broken(server, "interrupted");
}

TEST_P(TlsForged, MessageWithoutEndBreaksTheConnection) {
  ForgedServer server(GetParam());
  server.say(22, std::string_view("\x04\xff\xff\xff", 4));
  for (int i = 0; i < 2000; ++i) server.say(22, std::string(16000, 'x'));
  EXPECT_EQ(server.client_reads(), "");
  expect_broken(server, "endless");
  EXPECT_GT(server.both.client_carrier->end->in().bytes.size(), 16000u * 1000);
}

TEST(TlsForgedKeyUpdate, OfUnknownKindBreaksTheConnection) {
  for (const char kind : {'\x02', '\x7f', '\xff'}) {
    ForgedServer server(kTls13);
    server.say_handshake(SSL3_MT_KEY_UPDATE, {&kind, 1});
    EXPECT_EQ(server.client_reads(), "");
    EXPECT_EQ(server.flow(), Flow::failed);
    EXPECT_EQ(server.failure().err, Err::eio);
  }
}

// After it the old keys are worth nothing.
TEST(TlsForgedKeyUpdate, MakesTheOldKeysUseless) {
  ForgedServer server(kTls13);
  server.say_handshake(SSL3_MT_KEY_UPDATE, std::string_view("\0", 1));
  server.say_data("sealed with the old key");
  EXPECT_EQ(server.client_reads(), "");
  EXPECT_EQ(server.flow(), Flow::failed);
  EXPECT_EQ(server.failure().err, Err::eio);
}

TEST(TlsForgedRenegotiation, WarningOfTheServerBreaksTheConnection) {
  ForgedServer server(kTls12);
  server.say_alert(kWarning, kNoRenegotiation);
  EXPECT_EQ(server.client_reads(), "");
  EXPECT_EQ(server.flow(), Flow::failed);
  EXPECT_EQ(server.failure().err, Err::eio);
}

}  // namespace
}  // namespace socketcore::testing
