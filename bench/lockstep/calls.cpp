// The calls of the system that a client makes, answered inside its own process: load it with LD_PRELOAD. Sockets lead to
// the peers of peers.hpp, clocks go on by themselves, random numbers are the same in every run. So is, then, every
// instruction of the client, whatever else the machine does.
//
// Only what the engine uses is here. Another call on one of these descriptors meets /dev/null, and fails.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "lockstep/network.hpp"
#include "lockstep/window.hpp"

namespace {

using lockstep::Aside;
using lockstep::Call;
using lockstep::Network;
using lockstep::Socket;

// What a reading of the clock takes.
constexpr std::int64_t kTickNs = 100;
std::int64_t clock_ns = 1'000'000'000'000;

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int fails(int error) {
  errno = error;
  return -1;
}

int reserve() {
  return ::open("/dev/null", O_RDWR | O_CLOEXEC);
}

ssize_t fill(void* into, std::size_t size) {
  static std::mt19937 random(1);
  auto* const bytes = static_cast<unsigned char*>(into);
  std::generate_n(bytes, size, [] { return static_cast<unsigned char>(random()); });
  return static_cast<ssize_t>(size);
}

std::uint16_t port_of(const sockaddr* address) {
  sockaddr_in v4{};
  std::memcpy(&v4, address, sizeof v4);
  return ntohs(v4.sin_port);
}

int wait(epoll_event* into, int room, std::int64_t limit_ns) {
  const int count = Network::the().wait(into, room);
  if (count > 0) return count;
  if (limit_ns < 0) {
    std::fputs("lockstep: the client waits for what will never come\n", stderr);
    std::abort();
  }
  clock_ns += limit_ns;
  return 0;
}

}  // namespace

extern "C" {
#pragma GCC visibility push(default)

int epoll_create1(int) {
  const Call call;
  return reserve();
}

int epoll_ctl(int, int operation, int fd, epoll_event* event) {
  const Call call;
  // Others than sockets are the engine's means to be woken by another thread, which nobody does.
  Socket* const socket = Network::the().find(fd);
  if (socket == nullptr) return 0;
  if (operation == EPOLL_CTL_DEL) {
    socket->interest = 0;
  } else {
    Network::the().watch(*socket, event->events, event->data.u64);
  }
  return 0;
}

int epoll_wait(int, epoll_event* into, int room, int limit_ms) {
  const Call call;
  return wait(into, room, limit_ms < 0 ? -1 : std::int64_t{limit_ms} * 1'000'000);
}

int epoll_pwait2(int, epoll_event* into, int room, const timespec* limit, const sigset_t*) {
  const Call call;
  return wait(into, room, limit == nullptr ? -1 : limit->tv_sec * 1'000'000'000 + limit->tv_nsec);
}

int socket(int domain, int type, int protocol) noexcept {
  const Call call;
  if (domain != AF_INET) return next<decltype(socket)>("socket")(domain, type, protocol);
  const int fd = reserve();
  if (fd >= 0) Network::the().open(fd, (type & SOCK_DGRAM) != 0);
  return fd;
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  const Call call;
  Socket* const socket = Network::the().find(fd);
  if (socket == nullptr) return next<decltype(connect)>("connect")(fd, address, size);
  if (!Network::the().join(*socket, port_of(address))) return fails(ECONNREFUSED);
  if (socket->datagrams) return 0;
  return fails(EINPROGRESS);
}

int getsockopt(int, int, int, void* value, socklen_t*) noexcept {
  const Call call;
  const int none = 0;
  std::memcpy(value, &none, sizeof none);
  return 0;
}

int setsockopt(int, int, int, const void*, socklen_t) noexcept {
  const Call call;
  return 0;
}

int getsockname(int, sockaddr* address, socklen_t* size) noexcept {
  const Call call;
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  local.sin_port = htons(50'000);
  std::memcpy(address, &local, std::min<std::size_t>(sizeof local, *size));
  *size = sizeof local;
  return 0;
}

int ioctl(int fd, unsigned long request, ...) noexcept {
  std::va_list list;
  va_start(list, request);
  void* const argument = va_arg(list, void*);
  va_end(list);
  const Call call;
  if (Network::the().find(fd) == nullptr) return next<decltype(ioctl)>("ioctl")(fd, request, argument);
  if (request != SIOCOUTQ) return fails(EINVAL);
  // Whatever was sent has been acknowledged.
  const int none = 0;
  std::memcpy(argument, &none, sizeof none);
  return 0;
}

ssize_t recv(int fd, void* into, std::size_t size, int) {
  const Call call;
  Socket* const socket = Network::the().find(fd);
  if (socket == nullptr || !socket->connected) return fails(ENOTCONN);
  const std::size_t got = socket->peer->give(static_cast<char*>(into), size);
  if (socket->peer->ready() == 0) Network::the().stir(*socket);
  if (got == 0 && !socket->ended) return fails(EAGAIN);
  return static_cast<ssize_t>(got);
}

ssize_t recvfrom(int fd, void* into, std::size_t size, int flags, sockaddr* address, socklen_t* address_size) {
  const Call call;
  if (address != nullptr) getsockname(fd, address, address_size);
  return recv(fd, into, size, flags);
}

// Asked for notices of acknowledgement only: there are none.
ssize_t recvmsg(int, msghdr*, int) {
  const Call call;
  return fails(EAGAIN);
}

ssize_t send(int fd, const void* data, std::size_t size, int) {
  const Call call;
  Socket* const socket = Network::the().find(fd);
  if (socket == nullptr || !socket->peer) return fails(ENOTCONN);
  const std::size_t taken = socket->peer->take(static_cast<const char*>(data), size);
  Network::the().stir(*socket);
  socket->short_of_room = taken < size;
  if (taken == 0) return fails(EAGAIN);
  return static_cast<ssize_t>(taken);
}

ssize_t sendto(int fd, const void* data, std::size_t size, int flags, const sockaddr* address, socklen_t) {
  const Call call;
  Socket* const socket = Network::the().find(fd);
  if (socket != nullptr && !socket->peer && address != nullptr) Network::the().join(*socket, port_of(address));
  return send(fd, data, size, flags);
}

int shutdown(int fd, int) noexcept {
  const Call call;
  Socket* const socket = Network::the().find(fd);
  if (socket == nullptr || !socket->peer) return fails(ENOTCONN);
  socket->sending_over = true;
  Network::the().stir(*socket);
  return 0;
}

int close(int fd) {
  const Call call;
  static auto* const really = next<decltype(close)>("close");
  if (Socket* const socket = Network::the().find(fd); socket != nullptr) Network::the().close(*socket);
  return really(fd);
}

// ---- What no two runs would have in common. Reading the clock is no call of the system: vdso(7).

int clock_gettime(clockid_t, timespec* time) noexcept {
  const Aside aside;
  clock_ns += kTickNs;
  time->tv_sec = clock_ns / 1'000'000'000;
  time->tv_nsec = clock_ns % 1'000'000'000;
  return 0;
}

ssize_t getrandom(void* into, std::size_t size, unsigned) {
  const Call call;
  return fill(into, size);
}

int getentropy(void* into, std::size_t size) {
  const Call call;
  fill(into, size);
  return 0;
}

pid_t getpid() noexcept {
  const Call call;
  return 1000;
}

// LuaJIT and OpenSSL ask for random bytes in this way too.
long syscall(long number, ...) noexcept {
  std::va_list list;
  va_start(list, number);
  long words[6];
  for (long& word : words) word = va_arg(list, long);
  va_end(list);
  const Call call;
  if (number == SYS_getrandom) return fill(reinterpret_cast<void*>(words[0]), static_cast<std::size_t>(words[1]));
  return next<decltype(syscall)>("syscall")(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

#pragma GCC visibility pop
}
