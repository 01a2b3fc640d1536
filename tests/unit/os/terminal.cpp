#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

#include "socketcore/os.hpp"

// Terminals, pseudo terminals and FIFOs of the real kernel.
namespace socketcore::test {
namespace {

class Terminal : public testing::Test {
 protected:
  void SetUp() override {
    const OpenResult opened = os->open_pseudo_terminal(name);
    ASSERT_TRUE(opened.ok()) << opened.error.words();
    near = OwnedFd(*os, opened.fd);
  }
  OwnedFd open_far() {
    const OpenResult opened = os->open_terminal(name.data());
    EXPECT_TRUE(opened.ok()) << opened.error.words();
    return {*os, opened.fd};
  }
  std::string read(const OwnedFd& fd) {
    std::array<std::byte, 256> bytes{};
    const IoResult got = os->read(fd.get(), bytes);
    return got.ok() ? std::string(reinterpret_cast<const char*>(bytes.data()), got.size) : std::string(got.error.words());
  }
  IoResult write(const OwnedFd& fd, std::string_view text) { return os->write(fd.get(), std::as_bytes(std::span(text))); }

  std::unique_ptr<Os> os = linux_os();
  std::array<char, 64> name{};
  OwnedFd near;
};

TEST_F(Terminal, CarriesBytesAsTheyAreBothWays) {
  const OwnedFd far = open_far();
  const std::string all("\r\n\x03\x04\x1a\0\xff", 7);  // what a terminal that is not raw would eat or change
  EXPECT_EQ(write(near, all).size, all.size());
  EXPECT_EQ(read(far), all);
  EXPECT_EQ(write(far, all).size, all.size());
  EXPECT_EQ(read(near), all);
  std::array<std::byte, 4> more{};
  EXPECT_TRUE(os->read(near.get(), more).error.would_block()) << "no echo";
}

TEST_F(Terminal, DescriptorsDoNotBlockAndAreNotInherited) {
  const OwnedFd far = open_far();
  for (const int fd : {near.get(), far.get()}) {
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST_F(Terminal, TellsWhetherSomebodyHasTheOtherEnd) {
  EXPECT_FALSE(os->attached(near.get())) << "nobody yet";
  {
    const OwnedFd far = open_far();
    EXPECT_TRUE(os->attached(near.get()));
  }
  EXPECT_FALSE(os->attached(near.get())) << "not any more";
}

TEST_F(Terminal, LineSettingsReachTheKernel) {
  const OwnedFd far = open_far();
  ASSERT_TRUE(os->set_line(far.get(), {9600, 7, SerialLine::Parity::odd, 2}).ok());
  termios settings{};
  ASSERT_EQ(::tcgetattr(far.get(), &settings), 0);
  EXPECT_EQ(::cfgetospeed(&settings), static_cast<speed_t>(B9600));
  EXPECT_NE(settings.c_cflag & CSTOPB, 0u);
  ASSERT_TRUE(os->set_line(far.get(), {115200, 8, SerialLine::Parity::none, 1}).ok());
  ASSERT_EQ(::tcgetattr(far.get(), &settings), 0);
  EXPECT_EQ(::cfgetospeed(&settings), static_cast<speed_t>(B115200));
  EXPECT_EQ(settings.c_cflag & CSTOPB, 0u);
}

TEST_F(Terminal, ANameThatDoesNotFitLeavesNothingOpen) {
  const int next_free = ::dup(0);
  ::close(next_free);
  std::array<char, 3> narrow{};
  EXPECT_EQ(os->open_pseudo_terminal(narrow).error.number(), ERANGE);
  EXPECT_EQ(::dup(0), next_free);
  ::close(next_free);
}

TEST_F(Terminal, ARateThatIsNoneIsRefused) { EXPECT_FALSE(os->set_line(near.get(), {12345}).ok()); }

TEST_F(Terminal, ADuplicateCanBeWatchedAfterAnotherWasClosed) {
  for (std::uint64_t key = 1; key <= 3; ++key) {
    const OpenResult copy = os->duplicate(near.get());
    ASSERT_TRUE(copy.ok());
    const OwnedFd fd(*os, copy.fd);
    EXPECT_TRUE(os->watch(fd.get(), key, Interest::input).ok()) << key;
    const OwnedFd far = open_far();
    EXPECT_EQ(write(far, "x").size, 1u);
    EXPECT_EQ(read(fd), "x");
    os->unwatch(fd.get());
  }
}

TEST_F(Terminal, AFileIsNoTerminal) {
  EXPECT_FALSE(os->open_terminal("/proc/self/status").ok());
  EXPECT_EQ(os->open_terminal("/nonexistent").error.number(), ENOENT);
}

TEST_F(Terminal, AFifoOutlivesItsWriters) {
  const std::string path = testing::TempDir() + "fifo" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const OpenResult opened = os->open_fifo(path.c_str());
  ASSERT_TRUE(opened.ok());
  const OwnedFd fifo(*os, opened.fd);
  for (const char* word : {"one", "two"}) {
    const int writer = ::open(path.c_str(), O_WRONLY);
    EXPECT_EQ(::write(writer, word, 3), 3);
    ::close(writer);
    EXPECT_EQ(read(fifo), word);
  }
  std::filesystem::remove(path);
  EXPECT_EQ(os->open_fifo("/proc/self/status").error.ok(), false);
}

}  // namespace
}  // namespace socketcore::test
