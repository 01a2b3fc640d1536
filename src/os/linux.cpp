#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <new>

#include "os/sockaddr.hpp"
#include "os/terminal.hpp"
#include "socketcore/os.hpp"

namespace socketcore {
namespace {

constexpr std::uint64_t kWakeKey = ~std::uint64_t{0};
constexpr std::size_t kMaxEvents = 256;

SysError last_error() noexcept {
  return SysError(errno);
}

SysError outcome(int result) noexcept {
  return result == 0 ? SysError() : last_error();
}

/// A non-blocking call is interrupted only before it has done anything, so it can be made again.
template <typename Call>
auto retried(Call call) noexcept {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

IoResult moved(ssize_t result) noexcept {
  if (result < 0) return {0, last_error()};
  return {static_cast<std::size_t>(result), SysError()};
}

OpenResult opened(int result) noexcept {
  if (result < 0) return {-1, last_error()};
  return {result, SysError()};
}

std::int64_t nanoseconds(const timespec& time) noexcept {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Duration read_clock(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return Duration(nanoseconds(time));
}

Readiness readiness_of(std::uint32_t events) noexcept {
  return {.readable = (events & EPOLLIN) != 0,
          .writable = (events & EPOLLOUT) != 0,
          .ended = (events & EPOLLRDHUP) != 0,
          .hangup = (events & EPOLLHUP) != 0,
          .error = (events & EPOLLERR) != 0,
          .urgent = (events & EPOLLPRI) != 0};
}

/// Knows a forked child without a system call: its page is empty there (MADV_WIPEONFORK, Linux 4.14).
class ForkMark {
 public:
  ForkMark() noexcept : process_(::getpid()) {
    void* page = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, kBytes, MADV_WIPEONFORK) != 0) {
      ::munmap(page, kBytes);
      return;
    }
    mark_ = static_cast<volatile char*>(page);
    *mark_ = 1;
  }
  ~ForkMark() {
    if (mark_ != nullptr) ::munmap(const_cast<char*>(mark_), kBytes);
  }
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;

  [[nodiscard]] bool forked() const noexcept { return mark_ != nullptr ? *mark_ == 0 : ::getpid() != process_; }

 private:
  static constexpr std::size_t kBytes = 1;  // the kernel rounds up to its page
  pid_t process_;
  volatile char* mark_ = nullptr;
};

class LinuxOs final : public Os {
 public:
  LinuxOs(int epoll, int wake) noexcept : epoll_(epoll), wake_(wake) {}
  LinuxOs(const LinuxOs&) = delete;
  LinuxOs& operator=(const LinuxOs&) = delete;
  ~LinuxOs() override {
    ::close(wake_);
    ::close(epoll_);
  }

  Instant now() noexcept override { return Instant(read_clock(CLOCK_MONOTONIC)); }
  WallTime wall_clock() noexcept override { return WallTime(read_clock(CLOCK_REALTIME)); }
  void random(std::span<std::byte> into) noexcept override;

  OpenResult open(Family family, SocketKind kind, int protocol) noexcept override;
  void close(int fd) noexcept override;
  SysError bind(int fd, const Endpoint& local) noexcept override;
  SysError connect(int fd, const Endpoint& peer) noexcept override;
  SysError listen(int fd, int backlog) noexcept override { return outcome(::listen(fd, backlog)); }
  OpenResult accept(int fd, Endpoint* peer) noexcept override;
  std::optional<Endpoint> local_endpoint(int fd) noexcept override;
  SysError take_error(int fd) noexcept override;

  IoResult receive(int fd, std::span<std::byte> into) noexcept override;
  IoResult receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept override;
  IoResult discard(int fd) noexcept override;
  IoResult send(int fd, std::span<const std::byte> data) noexcept override;
  IoResult send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept override;
  SysError shutdown_send(int fd) noexcept override { return outcome(::shutdown(fd, SHUT_WR)); }
  std::size_t unacknowledged(int fd) noexcept override;
  void take_ack_notices(int fd) noexcept override;
  SysError set_option(int fd, OsOption option, int value) noexcept override;

  OpenResult open_terminal(const char* path) noexcept override { return terminal::open(path); }
  OpenResult open_pseudo_terminal(std::span<char> name) noexcept override { return terminal::open_pair(name); }
  OpenResult duplicate(int fd) noexcept override { return opened(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
  SysError set_line(int fd, const SerialLine& line) noexcept override { return terminal::set_line(fd, line); }
  OpenResult open_fifo(const char* path) noexcept override { return terminal::open_fifo(path); }
  IoResult read(int fd, std::span<std::byte> into) noexcept override {
    return moved(retried([&] { return ::read(fd, into.data(), into.size()); }));
  }
  IoResult write(int fd, std::span<const std::byte> data) noexcept override {
    return moved(retried([&] { return ::write(fd, data.data(), data.size()); }));
  }
  bool attached(int fd) noexcept override { return terminal::attached(fd); }

  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override {
    return control(EPOLL_CTL_ADD, fd, key, interest);
  }
  SysError rewatch(int fd, std::uint64_t key, Interest interest) noexcept override {
    return control(EPOLL_CTL_MOD, fd, key, interest);
  }
  void unwatch(int fd) noexcept override { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }
  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override;
  bool interrupted() const noexcept override { return interrupted_; }
  void wake() noexcept override;
  int poll_fd() const noexcept override { return epoll_; }

  std::uint64_t file_stamp(const char* path) noexcept override;
  bool forked() const noexcept override { return fork_mark_.forked(); }

 private:
  SysError control(int operation, int fd, std::uint64_t key, Interest interest) noexcept;
  int wait_for_events(epoll_event* events, int count, Duration timeout) noexcept;

  int epoll_;
  int wake_;
  ForkMark fork_mark_;
  bool interrupted_ = false;
  bool has_epoll_pwait2_ = true;
};

void LinuxOs::random(std::span<std::byte> into) noexcept {
  while (!into.empty()) {
    const ssize_t got = retried([&] { return ::getrandom(into.data(), into.size(), 0); });
    // It cannot fail on a kernel that lets us ask; going on without would make keys that can be guessed.
    if (got <= 0) std::abort();
    into = into.subspan(static_cast<std::size_t>(got));
  }
}

OpenResult LinuxOs::open(Family family, SocketKind kind, int protocol) noexcept {
  const int type = kind == SocketKind::stream ? SOCK_STREAM : kind == SocketKind::datagram ? SOCK_DGRAM : SOCK_RAW;
  return opened(::socket(family == Family::v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         kind == SocketKind::raw ? protocol : 0));
}

void LinuxOs::close(int fd) noexcept {
  // No EPOLL_CTL_DEL: the last close does it. Where a child holds a copy, the late edges name a key that finds nobody.
  // Never again after EINTR: Linux has released the number by then, and another thread may have it.
  ::close(fd);
}

SysError LinuxOs::bind(int fd, const Endpoint& local) noexcept {
  const SocketAddress address(local);
  return outcome(::bind(fd, address.get(), address.size));
}

SysError LinuxOs::connect(int fd, const Endpoint& peer) noexcept {
  const SocketAddress address(peer);
  return outcome(::connect(fd, address.get(), address.size));
}

OpenResult LinuxOs::accept(int fd, Endpoint* peer) noexcept {
  SocketAddress address;
  const int accepted = retried([&] { return ::accept4(fd, address.get(), &address.size, SOCK_CLOEXEC | SOCK_NONBLOCK); });
  if (accepted >= 0 && peer != nullptr) *peer = address.endpoint();
  return opened(accepted);
}

std::optional<Endpoint> LinuxOs::local_endpoint(int fd) noexcept {
  SocketAddress address;
  if (::getsockname(fd, address.get(), &address.size) != 0) return std::nullopt;
  return address.endpoint();
}

SysError LinuxOs::take_error(int fd) noexcept {
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) return last_error();
  return SysError(number);
}

IoResult LinuxOs::receive(int fd, std::span<std::byte> into) noexcept {
  return moved(retried([&] { return ::recv(fd, into.data(), into.size(), 0); }));
}

IoResult LinuxOs::receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept {
  SocketAddress address;
  const IoResult result =
      moved(retried([&] { return ::recvfrom(fd, into.data(), into.size(), 0, address.get(), &address.size); }));
  if (result.ok() && from != nullptr) *from = address.endpoint();
  return result;
}

IoResult LinuxOs::discard(int fd) noexcept {
  // tcp(7): with MSG_TRUNC the bytes are dropped instead of copied, so there need not be a buffer.
  return moved(retried([&] { return ::recv(fd, nullptr, INT_MAX, MSG_TRUNC); }));
}

IoResult LinuxOs::send(int fd, std::span<const std::byte> data) noexcept {
  return moved(retried([&] { return ::send(fd, data.data(), data.size(), MSG_NOSIGNAL); }));
}

IoResult LinuxOs::send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept {
  const SocketAddress address(to);
  return moved(retried([&] { return ::sendto(fd, data.data(), data.size(), MSG_NOSIGNAL, address.get(), address.size); }));
}

std::size_t LinuxOs::unacknowledged(int fd) noexcept {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes <= 0) return 0;
  return static_cast<std::size_t>(bytes);
}

void LinuxOs::take_ack_notices(int fd) noexcept {
  msghdr message{};
  while (retried([&] { return ::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT); }) >= 0) message = {};
}

SysError LinuxOs::set_option(int fd, OsOption option, int value) noexcept {
  const auto set = [fd](int level, int name, const auto& setting) {
    return outcome(::setsockopt(fd, level, name, &setting, sizeof setting));
  };
  switch (option) {
    case OsOption::reuse_address:
      return set(SOL_SOCKET, SO_REUSEADDR, value);
    case OsOption::keep_alive:
      return set(SOL_SOCKET, SO_KEEPALIVE, value);
    case OsOption::keep_idle_s:
      return set(IPPROTO_TCP, TCP_KEEPIDLE, value);
    case OsOption::keep_interval_s:
      return set(IPPROTO_TCP, TCP_KEEPINTVL, value);
    case OsOption::keep_count:
      return set(IPPROTO_TCP, TCP_KEEPCNT, value);
    case OsOption::no_delay:
      return set(IPPROTO_TCP, TCP_NODELAY, value);
    // The kernel doubles the number and sets about half aside for its own structures, so the window is half to one and a
    // half of what was asked (1152 at least). TCP_WINDOW_CLAMP does not narrow that: Linux 6 overwrites it by its own
    // guess.
    case OsOption::receive_buffer_bytes:
      return set(SOL_SOCKET, SO_RCVBUF, value);
    case OsOption::send_buffer_bytes:
      return set(SOL_SOCKET, SO_SNDBUF, value);
    case OsOption::broadcast:
      return set(SOL_SOCKET, SO_BROADCAST, value);
    case OsOption::header_included:
      return set(IPPROTO_IP, IP_HDRINCL, value);
    case OsOption::ack_notices: {
      const int flags = SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
      return set(SOL_SOCKET, SO_TIMESTAMPING, value != 0 ? flags : 0);
    }
    case OsOption::urgent_inline:
      return set(SOL_SOCKET, SO_OOBINLINE, value);
    case OsOption::abort_on_close:
      return set(SOL_SOCKET, SO_LINGER, linger{.l_onoff = value != 0, .l_linger = 0});
    case OsOption::v6_only:
      return set(IPPROTO_IPV6, IPV6_V6ONLY, value);
  }
  return SysError(ENOPROTOOPT);
}

SysError LinuxOs::control(int operation, int fd, std::uint64_t key, Interest interest) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  if (interest == Interest::input_and_output) event.events |= EPOLLOUT;
  event.data.u64 = key;
  return outcome(::epoll_ctl(epoll_, operation, fd, &event));
}

int LinuxOs::wait_for_events(epoll_event* events, int count, Duration timeout) noexcept {
  if (has_epoll_pwait2_) {
    const std::int64_t left = std::max<std::int64_t>(timeout.count(), 0);
    const timespec limit{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    const int ready = ::epoll_pwait2(epoll_, events, count, timeout < Duration::zero() ? nullptr : &limit, nullptr);
    // Linux before 5.11 has no such call, and some containers forbid the calls that they do not know.
    if (ready >= 0 || (errno != ENOSYS && errno != EPERM)) return ready;
    has_epoll_pwait2_ = false;
  }
  int limit_ms = -1;
  if (timeout >= Duration::zero()) {
    // Rounded up: a wait that ends before its timer is due would be made again at once, in a spin.
    limit_ms =
        static_cast<int>(std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count(), INT_MAX));
  }
  return ::epoll_wait(epoll_, events, count, limit_ms);
}

std::size_t LinuxOs::wait(std::span<ReadyEvent> into, Duration timeout) noexcept {
  std::array<epoll_event, kMaxEvents> events;
  interrupted_ = false;
  const auto room = static_cast<int>(std::min(into.size(), events.size()));
  const int ready = wait_for_events(events.data(), room, timeout);
  if (ready < 0) {
    interrupted_ = errno == EINTR;
    return 0;
  }
  std::size_t count = 0;
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kWakeKey) {
      std::uint64_t wakes = 0;
      (void)retried([&] { return ::read(wake_, &wakes, sizeof wakes); });
      interrupted_ = true;
      continue;
    }
    into[count++] = {event.data.u64, readiness_of(event.events)};
  }
  return count;
}

void LinuxOs::wake() noexcept {
  // The code that a signal handler interrupted may be about to read errno.
  const int saved = errno;
  const std::uint64_t one = 1;
  (void)retried([&] { return ::write(wake_, &one, sizeof one); });
  errno = saved;
}

std::uint64_t LinuxOs::file_stamp(const char* path) noexcept {
  struct stat status {};
  if (::stat(path, &status) != 0) return 0;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto value : {static_cast<std::uint64_t>(nanoseconds(status.st_mtim)),
                           static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_ino)}) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return hash != 0 ? hash : 1;
}

}  // namespace

std::unique_ptr<Os> linux_os(SysError* error) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int wake = epoll >= 0 ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeKey;
  if (wake >= 0 && ::epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) == 0) {
    if (auto* os = new (std::nothrow) LinuxOs(epoll, wake)) return std::unique_ptr<Os>(os);
    errno = ENOMEM;
  }
  if (error != nullptr) *error = last_error();
  if (wake >= 0) ::close(wake);
  if (epoll >= 0) ::close(epoll);
  return nullptr;
}

}  // namespace socketcore
