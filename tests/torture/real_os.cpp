// Calls of the Os that the engine's sockets do not make, or make once: the beginning, listeners, terminals, files.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

#include "sim/peers.hpp"
#include "torture/kernel.hpp"

namespace socketcore::test {
namespace {

using namespace std::chrono_literals;

/// A call of the Os, which may fail.
template <typename Call>
auto tried(Call call) {
  const Scarcity scarcity;
  return call();
}

/// All that is checked here holds whatever fails.
class TheOs : public testing::Test {
 protected:
  TheOs() : os(linux_os()) { faults.go_on(); }
  ~TheOs() override { faults.pause(); }

  /// A descriptor, or a reason; and without a fault a descriptor.
  OwnedFd held(const OpenResult& result) {
    EXPECT_EQ(result.fd >= 0, result.ok());
    if (kernel->harmless()) {
      EXPECT_TRUE(result.ok()) << result.error.words();
    }
    return result.ok() ? OwnedFd(*os, result.fd) : OwnedFd();
  }
  static void well(SysError error) {
    if (kernel->harmless()) {
      EXPECT_TRUE(error.ok()) << error.words();
    }
  }

  std::unique_ptr<Os> os;
  PromisesChecked promises;
};

TEST_F(TheOs, BeginsOrSaysWhyNot) {
  SysError error;
  const std::unique_ptr<Os> made = tried([&] { return linux_os(&error); });
  EXPECT_EQ(made != nullptr, error.ok());
  if (kernel->harmless()) {
    EXPECT_TRUE(made);
  }
  if (!made) return;
  EXPECT_FALSE(made->forked());
  tried([&] { made->wake(); });
  std::array<ReadyEvent, 4> events;
  EXPECT_EQ(tried([&] { return made->wait(events, 10s); }), 0U);
  EXPECT_TRUE(made->interrupted());
  if (kernel->harmless()) return;
  // However the wake-up was met: a later wait ends in time.
  EXPECT_EQ(tried([&] { return made->wait(events, 1ms); }), 0U);
}

TEST_F(TheOs, AListenerAcceptsOrSaysWhyNot) {
  const OwnedFd listener = held(tried([&] { return os->open(Family::v4, SocketKind::stream, 0); }));
  if (!listener.valid()) return;
  well(tried([&] { return os->set_option(listener.get(), OsOption::reuse_address, 1); }));
  well(tried([&] { return os->bind(listener.get(), at("127.0.0.1", 0)); }));
  if (const SysError error = tried([&] { return os->listen(listener.get(), 4); }); !error.ok()) return well(error);
  const auto local = tried([&] { return os->local_endpoint(listener.get()); });
  if (!local) return well(SysError(ENOBUFS));
  const OwnedFd client = held(os->open(Family::v4, SocketKind::stream, 0));
  (void)os->connect(client.get(), *local);
  for (int tries = 0; tries < 3; ++tries) {
    Endpoint from;
    const OpenResult accepted = tried([&] { return os->accept(listener.get(), &from); });
    if (accepted.ok()) {
      const OwnedFd peer = held(accepted);
      EXPECT_EQ(from, os->local_endpoint(client.get()));
      return;
    }
    EXPECT_FALSE(kernel->harmless() && !accepted.error.would_block()) << accepted.error.words();
  }
}

TEST_F(TheOs, ATerminalAndItsOtherEnd) {
  std::array<char, 64> name{};
  const OwnedFd one = held(tried([&] { return os->open_pseudo_terminal(name); }));
  if (!one.valid()) return;
  const OwnedFd other = held(tried([&] { return os->open_terminal(name.data()); }));
  if (!other.valid()) return;
  EXPECT_TRUE(tried([&] { return os->attached(one.get()); }) || !kernel->harmless());
  well(tried([&] { return os->set_line(other.get(), {.baud = 9600}); }));
  const OwnedFd copy = held(tried([&] { return os->duplicate(one.get()); }));
  const std::string data = pattern(100);
  std::string got;
  std::size_t put = 0;
  std::array<std::byte, 256> into;
  for (int i = 0; i < 2000 && got.size() < data.size(); ++i) {
    if (put < data.size()) {
      const IoResult written = tried([&] { return os->write(one.get(), bytes_of(std::string_view(data).substr(put))); });
      if (!written.ok() && !written.error.would_block()) break;
      put += written.size;
    }
    const IoResult read = tried([&] { return os->read(other.get(), into); });
    if (!read.ok() && !read.error.would_block()) break;
    got += text_of(std::span(into).first(read.size));
    if (read.size == 0) ::usleep(1000);
  }
  EXPECT_TRUE(data.starts_with(got));
  if (kernel->harmless()) {
    EXPECT_EQ(got, data);
  }
}

TEST_F(TheOs, AFifo) {
  std::string folder = testing::TempDir() + "socketcore_fifo_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_NE(tried([&] { return os->file_stamp(path.c_str()); }), kernel->harmless() ? 0U : 1U);
  {
    const OwnedFd fifo = held(tried([&] { return os->open_fifo(path.c_str()); }));
    std::array<std::byte, 8> into;
    if (fifo.valid()) {
      EXPECT_EQ(os->write(fifo.get(), bytes_of("line")).size, 4U);
      const IoResult got = tried([&] { return os->read(fifo.get(), into); });
      EXPECT_TRUE(std::string("line").starts_with(text_of(std::span(into).first(got.size))));
    }
  }
  EXPECT_FALSE(tried([&] { return os->open_fifo(folder.c_str()); }).ok());
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
}

TEST_F(TheOs, RandomBytesAreWhole) {
  std::array<std::byte, 64> bytes{};
  tried([&] { os->random(bytes); });
  // 2^-64 by chance.
  EXPECT_TRUE(std::any_of(bytes.begin() + 1, bytes.begin() + 9, [](std::byte b) { return b != std::byte{0}; }));
  EXPECT_TRUE(std::any_of(bytes.end() - 8, bytes.end(), [](std::byte b) { return b != std::byte{0}; }));
}

}  // namespace
}  // namespace socketcore::test
