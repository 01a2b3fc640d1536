// Kernels, and containers, that lack a call.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <thread>

#include "unit/os/os_suite.hpp"

namespace socketcore::test {
namespace {

/// From now on the call fails with that error, in this thread. False: this system lets nobody do so.
bool forbid(unsigned call, int error) {
  std::array filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(OldKernel, WaitsWithoutEpollPwait2) {
  for (const int error : {ENOSYS, EPERM}) {
    // A filter stays for as long as its thread.
    std::thread([error] {
      if (!forbid(SYS_epoll_pwait2, error)) GTEST_SKIP() << "no seccomp here";
      const auto os = linux_os();
      std::array<ReadyEvent, 4> events;
      for (const Duration limit : {Duration(300us), Duration(5ms), Duration(0)}) {
        const Instant start = os->now();
        EXPECT_EQ(os->wait(events, limit), 0u);
        EXPECT_FALSE(os->interrupted());
        EXPECT_GE(os->now() - start, limit) << "rounded up, never down";
      }
      os->wake();
      EXPECT_EQ(os->wait(events, -1ns), 0u);
      EXPECT_TRUE(os->interrupted());
      const OwnedFd fd(*os, os->open(Family::v4, SocketKind::datagram, 0).fd);
      ASSERT_TRUE(os->watch(fd.get(), 7, Interest::input_and_output).ok());
      ASSERT_EQ(os->wait(events, -1ns), 1u);
      EXPECT_EQ(events[0].key, 7u);
    }).join();
  }
}

}  // namespace
}  // namespace socketcore::test
