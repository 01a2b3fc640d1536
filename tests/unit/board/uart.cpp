#include "board/uart.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "device/core.hpp"
#include "socketcore/reactor.hpp"

// UARTs joined to pseudo terminals of the real kernel.
namespace socketcore::test {
namespace {

class KeptLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view line) noexcept override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class UartTest : public testing::Test {
 protected:
  /// A UART joined to a new pseudo terminal, set up, and the other end of it.
  void join(const PortSetup& setup = {}) {
    make_line();
    ASSERT_TRUE(uart.set_up(setup).ok());
  }
  void make_line() {
    std::array<char, 64> name{};
    const OpenResult opened = os->open_pseudo_terminal(name);
    ASSERT_TRUE(opened.ok());
    near = OwnedFd(*os, opened.fd);
    far_name = name.data();
    ASSERT_TRUE(uart.join(far_name, near.get()).ok());
  }
  void attach() {
    const OpenResult opened = os->open_terminal(far_name.c_str());
    ASSERT_TRUE(opened.ok()) << far_name;
    far = OwnedFd(*os, opened.fd);
  }
  std::size_t write(std::string_view text) { return uart.write(std::as_bytes(std::span(text))); }
  std::string read(std::size_t limit = 1 << 20) {
    std::string text(uart.peek(limit));
    uart.consume(text.size());
    return text;
  }
  std::string read_line() {
    std::string text(uart.peek_line());
    uart.consume(text.size());
    return text;
  }
  void far_write(std::string_view text) {
    while (!text.empty()) {
      const IoResult put = os->write(far.get(), std::as_bytes(std::span(text)));
      ASSERT_TRUE(put.ok());
      text.remove_prefix(put.size);
    }
  }
  std::string far_read() {
    std::array<std::byte, 65536> bytes;
    const IoResult got = os->read(far.get(), bytes);
    return got.ok() ? std::string(reinterpret_cast<const char*>(bytes.data()), got.size) : std::string();
  }
  /// The events of the next 50 ms: "received 1", "sent 1".
  std::vector<std::string> events(std::chrono::milliseconds time = std::chrono::milliseconds(50)) {
    std::vector<std::string> result;
    Message message;
    while (device->receive(message, time) == Waited::message) {
      result.push_back((message.event == EventKind::uart_sent ? "sent " : "received ") + std::to_string(message.first));
    }
    return result;
  }
  using Events = std::vector<std::string>;

  std::unique_ptr<Os> os = linux_os();
  KeptLog log;
  Reactor reactor{*os, &log};
  std::unique_ptr<Device> device = Device::create(reactor);
  Uart uart{reactor.core().loop(), *device, &log, 1, 2048};
  std::string far_name;
  OwnedFd near;
  OwnedFd far;
};

TEST_F(UartTest, OneMessageHoweverMuchFollows) {
  join();
  attach();
  far_write("first");
  EXPECT_EQ(events(), Events{"received 1"});
  far_write(" and more");
  EXPECT_EQ(events(), Events{}) << "it was not empty";
  EXPECT_EQ(read(), "first and more");
  far_write("again");
  EXPECT_EQ(events(), Events{"received 1"});
}

TEST_F(UartTest, APolledPortSaysNothing) {
  join({.line = {}, .polled = true, .tell_when_sent = false});
  attach();
  far_write("quiet");
  EXPECT_EQ(events(), Events{});
  EXPECT_EQ(read(), "quiet");
}

TEST_F(UartTest, LinesAreReadUpToTheirEndAndWithoutOneEverything) {
  join();
  attach();
  far_write("one\ntwo\r\nrest");
  events();
  EXPECT_EQ(read_line(), "one\n");
  EXPECT_EQ(read_line(), "two\r\n");
  EXPECT_EQ(read_line(), "rest");
  EXPECT_EQ(read_line(), "");
}

TEST_F(UartTest, MoreThanTheBufferWaitsInTheLineAndIsAnnounced) {
  join();
  attach();
  far_write(std::string(4000, 'x'));
  EXPECT_EQ(events(), Events{"received 1"});
  EXPECT_EQ(read(2048).size(), 2048u);
  EXPECT_EQ(events(), Events{"received 1"}) << "the rest came in as the buffer ran empty";
  EXPECT_EQ(read().size(), 4000u - 2048u);
  EXPECT_EQ(read(), "");
}

TEST_F(UartTest, WhatCameBeforeItWasOpenIsThere) {
  make_line();
  attach();
  far_write("early");
  EXPECT_EQ(read(), "") << "it is not open";
  ASSERT_TRUE(uart.set_up({}).ok());
  EXPECT_EQ(events(), Events{"received 1"});
  EXPECT_EQ(read(), "early");
}

TEST_F(UartTest, EachWriteIsAnsweredOnceAllOfItHasGone) {
  join({.line = {}, .polled = false, .tell_when_sent = true});
  attach();
  EXPECT_EQ(write("short"), 5u);
  EXPECT_EQ(events(), Events{"sent 1"});
  EXPECT_EQ(far_read(), "short");

  // More than a pseudo terminal takes at once.
  const std::string piece(1460, 'y');
  for (int i = 0; i < 15; ++i) EXPECT_EQ(write(piece), piece.size());
  EXPECT_LT(events().size(), 15u) << "the other end has not read";
  std::size_t got = 0;
  std::size_t answers = 0;
  for (int i = 0; i < 200 && got < 15 * piece.size(); ++i) {
    got += far_read().size();
    answers += events(std::chrono::milliseconds(2)).size();
  }
  answers += events().size();
  EXPECT_EQ(got, 15 * piece.size());
  EXPECT_LE(answers, 15u);
  EXPECT_EQ(write("end"), 3u);
  EXPECT_EQ(events(), Events{"sent 1"});
}

TEST_F(UartTest, AFullLineTakesNoMore) {
  join({.line = {}, .polled = false, .tell_when_sent = true});
  attach();
  std::size_t taken = 0;
  const std::string piece(8192, 'z');
  for (int i = 0; i < 20; ++i) taken += write(piece);
  EXPECT_GE(taken, SerialPort::kMaxUnsent);
  EXPECT_LT(taken, 20 * piece.size());
  EXPECT_EQ(write(piece), 0u);
}

TEST_F(UartTest, WithoutAnybodyOnTheOtherEndBytesAreGone) {
  join({.line = {}, .polled = false, .tell_when_sent = true});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(write(std::string(8192, 'x')), 8192u);
  EXPECT_EQ(events().size(), 50u);
  attach();
  EXPECT_EQ(far_read(), "") << "a wire keeps nothing";
  write("now");
  EXPECT_EQ(far_read(), "now");
}

TEST_F(UartTest, AnUnjoinedPortAnswersToo) {
  ASSERT_TRUE(uart.set_up({.line = {}, .polled = false, .tell_when_sent = true}).ok());
  EXPECT_EQ(write("into nothing"), 12u);
  EXPECT_EQ(write(""), 0u);
  EXPECT_EQ(events(), (Events{"sent 1", "sent 1"}));
  EXPECT_EQ(read(), "");
  EXPECT_EQ(log.lines.size(), 1u) << "said once";
}

TEST_F(UartTest, AClosedPortTakesAndGivesNothing) {
  join();
  attach();
  far_write("old");
  events();
  uart.close();
  EXPECT_EQ(write("x"), 0u);
  EXPECT_EQ(read(), "");
}

TEST_F(UartTest, ASecondSetUpChangesNothing) {
  join({.line = {}, .polled = false, .tell_when_sent = true});
  ASSERT_TRUE(uart.set_up({}).ok());
  write("x");
  EXPECT_EQ(events(), Events{"sent 1"});
}

TEST_F(UartTest, ALineThatGoesAwayIsFoundAgain) {
  std::array<char, 64> name{};
  OpenResult opened = os->open_pseudo_terminal(name);
  ASSERT_TRUE(opened.ok());
  OwnedFd other(*os, opened.fd);
  const std::string link = testing::TempDir() + "tty" + std::to_string(::getpid());
  std::filesystem::remove(link);
  std::filesystem::create_symlink(name.data(), link);
  ASSERT_TRUE(uart.join(link).ok());
  ASSERT_TRUE(uart.set_up({.line = {}, .polled = false, .tell_when_sent = true}).ok());

  other.reset();  // somebody pulls the plug
  events();
  EXPECT_NE(log.lines.back().find("has gone"), std::string::npos) << log.lines.back();
  EXPECT_EQ(write("lost"), 4u);
  EXPECT_EQ(events(), Events{"sent 1"}) << "a script must not wait for ever";

  opened = os->open_pseudo_terminal(name);
  ASSERT_TRUE(opened.ok());
  other = OwnedFd(*os, opened.fd);
  std::filesystem::remove(link);
  std::filesystem::create_symlink(name.data(), link);
  events(std::chrono::milliseconds(1200));
  EXPECT_NE(log.lines.back().find("is back"), std::string::npos) << log.lines.back();
  write("found");
  std::array<std::byte, 16> bytes{};
  EXPECT_EQ(os->read(other.get(), bytes).size, 5u);
  std::filesystem::remove(link);
}

TEST_F(UartTest, WhatWaitedForALineThatGoesAwayIsAnswered) {
  std::array<char, 64> name{};
  const OpenResult opened = os->open_pseudo_terminal(name);
  ASSERT_TRUE(opened.ok());
  OwnedFd other(*os, opened.fd);
  ASSERT_TRUE(uart.join(name.data()).ok());
  ASSERT_TRUE(uart.set_up({.line = {}, .polled = false, .tell_when_sent = true}).ok());
  std::size_t writes = 0;
  std::size_t answers = 0;
  for (; writes < 6; ++writes) ASSERT_NE(write(std::string(8192, 'x')), 0u);
  answers += events().size();
  EXPECT_LT(answers, writes) << "nobody has read";
  other.reset();
  uart.consume(uart.peek(1).size());  // a read finds out first
  answers += events().size();
  EXPECT_EQ(answers, writes);
}

TEST_F(UartTest, APathThatIsNoTerminalIsRefused) { EXPECT_FALSE(uart.join("/nonexistent").ok()); }

}  // namespace
}  // namespace socketcore::test
