#include <cerrno>

#include "unit/os/os_suite.hpp"

namespace socketcore::test {
namespace {

constexpr int kIcmp = 1;
constexpr int kIcmp6 = 58;

class RawSuite : public OsSuite {
 protected:
  void SetUp() override {
    if (sim() != nullptr) sim()->allow_raw(true);
    const OpenResult probe = os().open(Family::v4, SocketKind::raw, kIcmp);
    if (!probe.ok()) GTEST_SKIP() << "raw sockets: " << probe.error.words();
    os().close(probe.fd);
  }

  int open_raw(Family family, int protocol) {
    const OpenResult result = os().open(family, SocketKind::raw, protocol);
    EXPECT_TRUE(result.ok());
    return result.fd;
  }

  /// Answers what came and begins with `type` behind `skip` bytes. (Over loopback the request itself comes as well.)
  std::string await_icmp(int fd, char type, std::size_t skip) {
    std::string found;
    until([&] {
      std::array<std::byte, 2048> into;
      const IoResult result = os().receive_from(fd, into, &from_);
      const std::string text = result.ok() ? text_of(std::span(into).first(result.size)) : "";
      if (text.size() > skip && text[skip] == type && text.ends_with(kBody)) found = text;
      return !found.empty();
    });
    return found;
  }

  static std::string echo_request() {
    // RFC 792: type 8, code 0, checksum, identifier "so", sequence number "ck".
    std::string message = std::string("\x08\x00\x00\x00sock", 8) + kBody;
    const unsigned checksum = ~sum_of(message);
    message[2] = static_cast<char>(checksum >> 8 & 0xff);
    message[3] = static_cast<char>(checksum & 0xff);
    return message;
  }

  static unsigned sum_of(const std::string& message) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < message.size(); i += 2) {
      sum += static_cast<unsigned char>(message[i]) * 256u + static_cast<unsigned char>(message[i + 1]);
    }
    return (sum & 0xffff) + (sum >> 16);
  }

  static constexpr const char* kBody = "are you there?";
  Endpoint from_;
};

TEST_P(RawSuite, EchoIsAnsweredWithItsIpv4Header) {
  const int fd = open_raw(Family::v4, kIcmp);
  ASSERT_TRUE(os().connect(fd, {*Address::parse("127.0.0.1"), 0}).ok());
  watch(fd, kClient);
  const std::string request = echo_request();
  EXPECT_EQ(os().send(fd, bytes_of(request)).size, request.size());
  EXPECT_EQ(await(kClient, "RW"), "RW");
  const std::string packet = await_icmp(fd, '\0', 20);
  ASSERT_EQ(packet.size(), 20 + request.size());
  EXPECT_EQ(packet[0], 0x45);
  EXPECT_EQ(packet[3], static_cast<char>(packet.size()));
  EXPECT_EQ(packet[9], kIcmp);
  EXPECT_EQ(packet.substr(12, 4), std::string("\x7f\0\0\x01", 4));
  EXPECT_EQ(packet.substr(24), request.substr(4));
  EXPECT_EQ(sum_of(packet.substr(20)), 0xffffu);
  EXPECT_EQ(from_.text(), "127.0.0.1:0");
  os().close(fd);
}

TEST_P(RawSuite, WrongChecksumIsNotAnswered) {
  const int fd = open_raw(Family::v4, kIcmp);
  std::string request = echo_request();
  request[2] = static_cast<char>(request[2] + 1);
  const Endpoint loopback{*Address::parse("127.0.0.1"), 0};
  EXPECT_TRUE(os().send_to(fd, bytes_of(request), loopback).ok());
  request = echo_request();
  request[4] = 'S';
  request[2] = static_cast<char>(request[2] + ('s' - 'S'));
  EXPECT_TRUE(os().send_to(fd, bytes_of(request), loopback).ok());
  const std::string packet = await_icmp(fd, '\0', 20);
  ASSERT_GT(packet.size(), 24u);
  EXPECT_EQ(packet[24], 'S') << "the answer to the second request is the first to come";
  os().close(fd);
}

TEST_P(RawSuite, HeaderOfMyOwnIsUsed) {
  const int fd = open_raw(Family::v4, kIcmp);
  ASSERT_TRUE(os().set_option(fd, OsOption::header_included, 1).ok());
  const Endpoint loopback{*Address::parse("127.0.0.1"), 0};
  EXPECT_EQ(os().send_to(fd, bytes_of("short"), loopback).error.number(), EINVAL);
  const std::string request = echo_request();
  std::string packet(20, '\0');
  packet[0] = 0x45;
  packet[8] = 64;
  packet[9] = kIcmp;
  packet.replace(16, 4, std::string("\x7f\0\0\x01", 4));
  EXPECT_EQ(os().send_to(fd, bytes_of(packet + request), loopback).size, 20 + request.size());
  EXPECT_EQ(await_icmp(fd, '\0', 20).size(), 20 + request.size());
  os().close(fd);
}

TEST_P(RawSuite, Ipv6GivesThePayloadAndTheKernelDoesTheChecksum) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
  const int fd = open_raw(Family::v6, kIcmp6);
  ASSERT_TRUE(os().connect(fd, {*Address::parse("::1"), 0}).ok());
  std::string request = echo_request();
  request[0] = static_cast<char>(128);
  EXPECT_EQ(os().send(fd, bytes_of(request)).size, request.size());
  const std::string answer = await_icmp(fd, static_cast<char>(129), 0);
  ASSERT_EQ(answer.size(), request.size());
  EXPECT_EQ(answer.substr(4), request.substr(4));
  EXPECT_EQ(os().set_option(fd, OsOption::header_included, 1).number(), ENOPROTOOPT);
  os().close(fd);
}

TEST_P(RawSuite, RawSocketNeedsAProtocol) {
  EXPECT_EQ(os().open(Family::v4, SocketKind::raw, 0).error.number(), EPROTONOSUPPORT);
  const int fd = open_raw(Family::v4, kIcmp);
  EXPECT_EQ(os().send(fd, bytes_of("x")).error.number(), EDESTADDRREQ);
  EXPECT_TRUE(receive_once(fd).error.would_block());
  os().close(fd);
}

SC_OS_SUITE(RawSuite);

}  // namespace
}  // namespace socketcore::test
