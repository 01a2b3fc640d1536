#include "board/board.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "socketcore/reactor.hpp"
#include "unit/board/temporary_folder.hpp"

// A whole board on the real kernel.
namespace socketcore::test {
namespace {

class KeptLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel level) const noexcept override { return level >= LogLevel::info; }
  void write(LogLevel, std::string_view line) noexcept override { lines.emplace_back(line); }
  [[nodiscard]] auto count(std::string_view part) const {
    return std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return line.find(part) != line.npos; });
  }
  std::vector<std::string> lines;
};

class BoardTest : public testing::Test {
 protected:
  BoardTest() { clock.run_on(*os); }
  std::unique_ptr<Board> make() {
    settings.data_folder = root / "";
    auto board = Board::create(reactor, *device, clock, &log, settings, problem);
    EXPECT_NE(board, nullptr) << problem;
    return board;
  }
  static std::string text(std::string_view bytes) { return std::string(bytes); }
  static auto descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  }

  /// A UART joined to a new pseudo terminal that nobody else has.
  UartLine line(std::int32_t port) {
    std::array<char, 64> name{};
    const OpenResult opened = os->open_pseudo_terminal(name);
    EXPECT_TRUE(opened.ok());
    ends.emplace_back(*os, opened.fd);
    return {port, name.data(), opened.fd};
  }

  TemporaryFolder root;
  KeptLog log;
  std::unique_ptr<Os> os = linux_os();
  std::vector<OwnedFd> ends;
  Reactor reactor{*os, &log};
  std::unique_ptr<Device> device = Device::create(reactor);
  Clock clock;
  BoardSettings settings;
  std::string problem;
};

TEST_F(BoardTest, ALineOfTheModemIsOneLineBehindAPartOfIt) {
  const auto board = make();
  Port* const port = board->port(Board::kAtPort);
  ASSERT_TRUE(port->set_up({}).ok());
  board->power_on();
  EXPECT_GT(port->peek(1000).size(), 10u);  // RDY and what follows, in lines
  port->consume(1);
  EXPECT_EQ(text(port->peek_line()), "\n");
  port->consume(1);
  EXPECT_EQ(text(port->peek_line()), "RDY\r\n");
}

TEST_F(BoardTest, ComesAndGoesWithoutATrace) {
  settings.uarts = {line(1), line(2)};
  settings.control_fifo = (root / "control").string();
  settings.trace_file = (root / "trace").string();
  ASSERT_EQ(::mkfifo(settings.control_fifo.c_str(), 0600), 0);
  make().reset();
  const auto before = descriptors();
  for (int i = 0; i < 20; ++i) {
    const auto board = make();
    board->power_on();
    ASSERT_TRUE(board->port(1)->set_up({.line = {}, .polled = false, .tell_when_sent = true}).ok());
    board->port(1)->write(std::as_bytes(std::span("text", 4)));
    static_cast<void>(board->control("sms +123 text"));
    board->parts().audio.play("sound", SoundKind::amr, 100'000, true);  // its timer is armed
    static_cast<void>(reactor.turn(std::chrono::milliseconds(1)));
  }
  EXPECT_EQ(descriptors(), before);
  static_cast<void>(reactor.turn(std::chrono::milliseconds(50)));
}

TEST_F(BoardTest, ATraceThatCannotBeWrittenIsSaidOnce) {
  settings.trace_file = "/dev/full";
  const auto board = make();
  for (int i = 0; i < 5; ++i) board->trace("pin 13 1");
  EXPECT_EQ(log.count("trace file"), 1);
}

TEST_F(BoardTest, AFloodOfControlLinesLeavesTimeForTheDevice) {
  settings.control_fifo = (root / "control").string();
  ASSERT_EQ(::mkfifo(settings.control_fifo.c_str(), 0600), 0);
  const auto board = make();
  const int writer = ::open(settings.control_fifo.c_str(), O_WRONLY | O_NONBLOCK);
  ASSERT_GE(writer, 0);
  const std::string line = "no such line\n";
  std::size_t written = 0;
  while (::write(writer, line.data(), line.size()) > 0) ++written;
  ::close(writer);
  static_cast<void>(reactor.turn(std::chrono::seconds(1)));
  EXPECT_GT(log.count("no such line") + log.count("does not know"), 0);
  EXPECT_LE(log.lines.size(), ControlInput::kMostPerTurn / line.size() + 1);
  for (std::size_t i = 0; i < 100 && log.lines.size() < written; ++i) {
    static_cast<void>(reactor.turn(std::chrono::milliseconds(10)));
  }
  EXPECT_EQ(log.lines.size(), written) << "none is lost, and nobody has to write for the rest to be read";
}

// Nobody has the other end of a pseudo terminal: the kernel says so for ever, which must not wake anybody for ever.
TEST_F(BoardTest, APortThatNobodyHasLetsTheDeviceSleep) {
  settings.uarts = {line(1)};
  const auto board = make();
  ASSERT_TRUE(board->port(1)->set_up({}).ok());
  const Instant begin = os->now();
  int turns = 0;
  for (; os->now() - begin < std::chrono::milliseconds(200); ++turns) {
    static_cast<void>(reactor.turn(std::chrono::milliseconds(200)));
  }
  EXPECT_LT(turns, 5);
}

}  // namespace
}  // namespace socketcore::test
