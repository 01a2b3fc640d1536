#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "unit/os/os_suite.hpp"

/// Clocks, wait(), wake(), and the end of descriptors.
namespace socketcore::test {
namespace {

class WaitSuite : public OsSuite {
 protected:
  /// Leaves no descriptor free, until `on` is false.
  void exhaust(bool on) {
    if (sim() != nullptr) {
      sim()->limit_descriptors(on ? sim()->open_descriptors() : 1'000);
      return;
    }
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int next_free = ::dup(0);
    ::close(next_free);
    limit.rlim_cur = on ? static_cast<rlim_t>(next_free) : limit.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
};

TEST_P(WaitSuite, WaitEndsWhenItsTimeIsOverAndNotBefore) {
  std::array<ReadyEvent, 4> events;
  for (const Duration limit : {Duration(300us), Duration(5ms), Duration(0)}) {
    const Instant start = os().now();
    EXPECT_EQ(os().wait(events, limit), 0u);
    EXPECT_FALSE(os().interrupted());
    EXPECT_GE(os().now() - start, limit);
  }
}

TEST_P(WaitSuite, WakeEndsTheNextWaitOnce) {
  std::array<ReadyEvent, 4> events;
  os().wake();
  os().wake();
  EXPECT_EQ(os().wait(events, -1ns), 0u);
  EXPECT_TRUE(os().interrupted());
  EXPECT_EQ(os().wait(events, 1ms), 0u);
  EXPECT_FALSE(os().interrupted());
}

TEST_P(WaitSuite, WakeDoesNotHideEvents) {
  watch(open(Family::v4, SocketKind::datagram), 5);
  os().wake();
  std::array<ReadyEvent, 4> events;
  ASSERT_EQ(os().wait(events, -1ns), 1u);
  EXPECT_TRUE(os().interrupted());
  EXPECT_EQ(events[0].key, 5u);
}

TEST_P(WaitSuite, EventsWithoutRoomComeWithTheNextWait) {
  for (std::uint64_t key = 1; key <= 5; ++key) watch(open(Family::v4, SocketKind::datagram), key);
  std::array<ReadyEvent, 2> events;
  std::vector<std::uint64_t> keys;
  for (int i = 0; i < 3; ++i) {
    const std::size_t count = os().wait(events, kLimit);
    for (std::size_t n = 0; n < count; ++n) keys.push_back(events[n].key);
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(os().wait({}, 0ns), 0u);
}

TEST_P(WaitSuite, DescriptorIsWatchedUnderOneKey) {
  const int fd = open(Family::v4, SocketKind::datagram);
  watch(fd, 1);
  EXPECT_EQ(os().watch(fd, 2, Interest::input).number(), EEXIST);
  EXPECT_EQ(os().watch(-1, 3, Interest::input).number(), EBADF);
}

TEST_P(WaitSuite, KeysAreKeptWhole) {
  const std::uint64_t key = 0xfedc'ba98'7654'3210;
  watch(open(Family::v4, SocketKind::datagram), key);
  EXPECT_EQ(await(key, "W"), "W");
}

TEST_P(WaitSuite, WallClockIsAfterThisWasWritten) {
  EXPECT_GE(os().wall_clock(), std::chrono::sys_days(std::chrono::year(2024) / 1 / 1));
}

TEST_P(WaitSuite, RandomBytesDiffer) {
  std::array<std::byte, 64> a{};
  std::array<std::byte, 64> b{};
  os().random(a);
  os().random(b);
  EXPECT_NE(a, b);
  EXPECT_TRUE(std::any_of(a.end() - 16, a.end(), [](std::byte byte) { return byte != std::byte{0}; }));
  os().random({});
}

TEST_P(WaitSuite, OpenFailsWithoutAFreeDescriptor) {
  exhaust(true);
  const OpenResult result = os().open(Family::v4, SocketKind::stream, 0);
  exhaust(false);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.fd, -1);
  EXPECT_TRUE(result.error.no_descriptors());
}

TEST_P(WaitSuite, ConnectionWaitsForAFreeDescriptor) {
  const int listener = open_listener();
  watch(listener, 7);
  const int client = open(Family::v4, SocketKind::stream);
  ASSERT_TRUE(os().connect(client, local(listener)).in_progress());
  EXPECT_EQ(await(7, "R"), "R");
  exhaust(true);
  EXPECT_TRUE(os().accept(listener, nullptr).error.no_descriptors());
  EXPECT_TRUE(quiet(7)) << "it is no news";
  exhaust(false);
  const OpenResult server = os().accept(listener, nullptr);
  EXPECT_TRUE(server.ok());
  os().close(server.fd);
}

TEST_P(WaitSuite, OwnedDescriptorIsClosedOnce) {
  int fd = -1;
  {
    OwnedFd owner(os(), os().open(Family::v4, SocketKind::stream, 0).fd);
    fd = owner.get();
    OwnedFd other;
    EXPECT_FALSE(other.valid());
    other = std::move(owner);
    EXPECT_TRUE(other.valid());
    EXPECT_TRUE(os().local_endpoint(fd).has_value());
  }
  EXPECT_FALSE(os().local_endpoint(fd).has_value());
  OwnedFd kept(os(), os().open(Family::v4, SocketKind::stream, 0).fd);
  fd = kept.release();
  EXPECT_FALSE(kept.valid());
  kept.reset();
  EXPECT_TRUE(os().local_endpoint(fd).has_value());
  os().close(fd);
}

TEST_P(WaitSuite, FileWithoutContentHasNoStamp) {
  EXPECT_EQ(os().file_stamp("/nonexistent/file"), 0u);
  EXPECT_FALSE(os().forked());
}

SC_OS_SUITE(WaitSuite);

}  // namespace
}  // namespace socketcore::test
