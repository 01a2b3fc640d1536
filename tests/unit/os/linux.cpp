#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "unit/os/os_suite.hpp"

/// What only the kernel's Os has: processes, signals, files.
namespace socketcore::test {
namespace {

class LinuxOs : public OsSuite {
 protected:
  bool ready(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
  }
};

TEST_P(LinuxOs, DescriptorsAreClosedByExec) {
  const Pair pair = connected();
  for (const int fd : {pair.client, pair.server, os().poll_fd()}) {
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  for (const int fd : {pair.client, pair.server}) EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(LinuxOs, SignalInterruptsTheWait) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGALRM, &action, &before), 0);
  const itimerval soon{.it_interval = {0, 1000}, .it_value = {0, 1000}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  std::array<ReadyEvent, 4> events;
  EXPECT_EQ(os().wait(events, kLimit), 0u);
  EXPECT_TRUE(os().interrupted());
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST_P(LinuxOs, AnotherThreadMayWake) {
  std::thread other([this] { os().wake(); });
  std::array<ReadyEvent, 4> events;
  EXPECT_EQ(os().wait(events, kLimit), 0u);
  EXPECT_TRUE(os().interrupted());
  other.join();
}

TEST_P(LinuxOs, PollDescriptorIsReadableWhenWaitWouldFindSomething) {
  EXPECT_FALSE(ready(os().poll_fd()));
  const int fd = open(Family::v4, SocketKind::datagram);
  watch(fd, 1);
  EXPECT_TRUE(ready(os().poll_fd()));
  EXPECT_EQ(await(1, "W"), "W");
  EXPECT_FALSE(ready(os().poll_fd()));
  os().wake();
  EXPECT_TRUE(ready(os().poll_fd()));
}

TEST_P(LinuxOs, ChildOfAForkTakesNothingFromItsParent) {
  const Pair pair = watched();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool told = os().forked();
    os().close(pair.client);
    os().close(pair.server);
    std::_Exit(told ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "forked() is true there";
  EXPECT_FALSE(os().forked());
  EXPECT_EQ(os().send(pair.server, bytes_of("x")).size, 1u);
  EXPECT_EQ(await(kClient, "RW"), "RW");
}

TEST_P(LinuxOs, FileStampChangesWithTheFile) {
  std::string path = "/tmp/socketcore_stamp_XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  const std::uint64_t empty = os().file_stamp(path.c_str());
  EXPECT_NE(empty, 0u);
  EXPECT_EQ(os().file_stamp(path.c_str()), empty);
  ASSERT_EQ(::write(fd, "text", 4), 4);
  const std::uint64_t longer = os().file_stamp(path.c_str());
  EXPECT_NE(longer, empty);
  const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 1}};
  ASSERT_EQ(::futimens(fd, times), 0);
  EXPECT_NE(os().file_stamp(path.c_str()), longer) << "same size, another time";
  ::close(fd);
  ::unlink(path.c_str());
  EXPECT_EQ(os().file_stamp(path.c_str()), 0u);
}

TEST_P(LinuxOs, OsNeedsDescriptorsOfItsOwn) {
  const int next_free = ::dup(0);
  ::close(next_free);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t usual = limit.rlim_cur;
  for (int room = 0; room < 2; ++room) {
    limit.rlim_cur = static_cast<rlim_t>(next_free + room);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    SysError error;
    EXPECT_EQ(linux_os(&error), nullptr);
    EXPECT_TRUE(error.no_descriptors());
  }
  limit.rlim_cur = usual;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_NE(linux_os(), nullptr);
  EXPECT_EQ(::dup(0), next_free) << "nothing was left open";
  ::close(next_free);
}

INSTANTIATE_TEST_SUITE_P(Only, LinuxOs, ::testing::Values(Kind::linux_kernel), kind_name);

}  // namespace
}  // namespace socketcore::test
