// Stands before libc: the linker takes these functions for the engine and for the libraries that it uses.
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "torture/kernel.hpp"

namespace socketcore::test {
namespace {

enum class Sort : std::uint8_t { other, stream, datagram, wake };

/// What is known of a descriptor.
struct Known {
  Sort sort = Sort::other;
  int epoll = -1;  // that watches it
  epoll_event event{};
};
std::array<Known, 8192> known_descriptors;

Known& known(int fd) {
  static Known nobody;
  return fd >= 0 && static_cast<std::size_t>(fd) < known_descriptors.size()
             ? known_descriptors[static_cast<std::size_t>(fd)]
             : nobody;
}
void forget(int fd, Sort sort) { known(fd) = {sort, -1, {}}; }

/// The function that this one stands before.
template <typename Function>
Function* libc(Function*& found, const char* name) noexcept {
  if (found == nullptr) found = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  return found;
}

const Fault* strikes(SystemCall call) noexcept { return kernel != nullptr ? kernel->strikes(call) : nullptr; }

int failed(const Fault& fault) noexcept {
  errno = fault.number;
  return -1;
}

}  // namespace
}  // namespace socketcore::test

using namespace socketcore::test;  // NOLINT(google-build-using-namespace): all below is outside of any

// From the libraries, too.
#define SC_SEEN __attribute__((visibility("default")))
// SC_REAL(name) is libc's; the definition that follows stands before it, under a name of its own in C++.
#define SC_BEFORE(result, name, ...)                                          \
  namespace {                                                                 \
  using name##_type = result(__VA_ARGS__);                                    \
  name##_type* name##_found = nullptr;                                        \
  }                                                                           \
  extern "C" SC_SEEN result before_##name(__VA_ARGS__) __asm__(#name);        \
  extern "C" result before_##name(__VA_ARGS__)
#define SC_REAL(name) (*libc(name##_found, #name))

// ---- Descriptors: how they begin and end.

SC_BEFORE(int, socket, int family, int type, int protocol) {
  if (const Fault* fault = strikes(SystemCall::socket)) return failed(*fault);
  const int fd = SC_REAL(socket)(family, type, protocol);
  if (fd >= 0) forget(fd, (type & 0xf) == SOCK_STREAM ? Sort::stream : Sort::datagram);
  return fd;
}

SC_BEFORE(int, accept4, int fd, sockaddr* address, socklen_t* size, int flags) {
  if (const Fault* fault = strikes(SystemCall::accept)) return failed(*fault);
  const int accepted = SC_REAL(accept4)(fd, address, size, flags);
  if (accepted >= 0) forget(accepted, Sort::stream);
  return accepted;
}

SC_BEFORE(int, eventfd, unsigned count, int flags) {
  if (const Fault* fault = strikes(SystemCall::eventfd)) return failed(*fault);
  const int fd = SC_REAL(eventfd)(count, flags);
  if (fd >= 0) forget(fd, Sort::wake);
  return fd;
}

SC_BEFORE(int, epoll_create1, int flags) {
  if (const Fault* fault = strikes(SystemCall::epoll_create)) return failed(*fault);
  return SC_REAL(epoll_create1)(flags);
}

SC_BEFORE(int, close, int fd) {
  forget(fd, Sort::other);
  return SC_REAL(close)(fd);
}

SC_BEFORE(int, open, const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  if (const Fault* fault = strikes(SystemCall::open)) return failed(*fault);
  return SC_REAL(open)(path, flags, mode);
}

SC_BEFORE(int, fcntl, int fd, int command, ...) {
  std::va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);  // as wide as any
  va_end(rest);
  if (command == F_DUPFD_CLOEXEC) {
    if (const Fault* fault = strikes(SystemCall::duplicate)) return failed(*fault);
  }
  return SC_REAL(fcntl)(fd, command, argument);
}

SC_BEFORE(FILE*, fopen, const char* path, const char* mode) {
  if (const Fault* fault = strikes(SystemCall::file_stream)) {
    (void)failed(*fault);
    return nullptr;
  }
  return SC_REAL(fopen)(path, mode);
}

// ---- Sockets.

SC_BEFORE(int, bind, int fd, const sockaddr* address, socklen_t size) {
  if (const Fault* fault = strikes(SystemCall::bind)) return failed(*fault);
  return SC_REAL(bind)(fd, address, size);
}

SC_BEFORE(int, connect, int fd, const sockaddr* address, socklen_t size) {
  if (const Fault* fault = strikes(SystemCall::connect)) return failed(*fault);
  return SC_REAL(connect)(fd, address, size);
}

SC_BEFORE(int, listen, int fd, int backlog) {
  if (const Fault* fault = strikes(SystemCall::listen)) return failed(*fault);
  return SC_REAL(listen)(fd, backlog);
}

SC_BEFORE(int, getsockname, int fd, sockaddr* address, socklen_t* size) {
  if (const Fault* fault = strikes(SystemCall::getsockname)) return failed(*fault);
  return SC_REAL(getsockname)(fd, address, size);
}

SC_BEFORE(int, getsockopt, int fd, int level, int name, void* value, socklen_t* size) {
  const int result = SC_REAL(getsockopt)(fd, level, name, value, size);
  if (result != 0 || level != SOL_SOCKET || name != SO_ERROR) return result;
  const Fault* const fault = strikes(SystemCall::take_error);
  if (fault == nullptr) return result;
  if (fault->number == ENOMEM || fault->number == ENOBUFS) return failed(*fault);
  *static_cast<int*>(value) = fault->number;
  return 0;
}

SC_BEFORE(int, setsockopt, int fd, int level, int name, const void* value, socklen_t size) {
  // Linux never refuses the way to reset a connection.
  if (level != SOL_SOCKET || name != SO_LINGER) {
    if (const Fault* fault = strikes(SystemCall::setsockopt)) return failed(*fault);
  }
  return SC_REAL(setsockopt)(fd, level, name, value, size);
}

namespace {

/// A kernel that has answered EAGAIN, or moved less than it could, reports the rest as an edge. So does this one now.
void report_again(int fd) noexcept {
  Known& of = known(fd);
  const int saved = errno;
  if (of.epoll >= 0) (void)::epoll_ctl(of.epoll, EPOLL_CTL_MOD, fd, &of.event);
  errno = saved;
}

/// Ends a connection as a peer's reset does; the peer gets one as well.
void reset(int fd) noexcept {
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  (void)SC_REAL(connect)(fd, &nobody, sizeof nobody);
}

/// `call(most)` as the fault has it.
template <typename Call>
ssize_t disturbed_call(const Fault& fault, int fd, Call call) noexcept {
  switch (fault.kind) {
    case Fault::Kind::reset:
      reset(fd);
      return call(~std::size_t{0});
    case Fault::Kind::blocked:
      report_again(fd);
      errno = EAGAIN;
      return -1;
    case Fault::Kind::one_byte: {
      const ssize_t moved = call(1);
      report_again(fd);
      return moved;
    }
    default:
      return failed(fault);
  }
}

}  // namespace

SC_BEFORE(ssize_t, recv, int fd, void* into, size_t size, int flags) {
  const SystemCall call = (flags & MSG_TRUNC) != 0            ? SystemCall::discard
                          : known(fd).sort == Sort::stream ? SystemCall::receive
                                                            : SystemCall::receive_datagram;
  const auto go = [=](std::size_t most) { return SC_REAL(recv)(fd, into, std::min(size, most), flags); };
  const Fault* const fault = strikes(call);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(size);
}

SC_BEFORE(ssize_t, recvfrom, int fd, void* into, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  const auto go = [=](std::size_t) { return SC_REAL(recvfrom)(fd, into, size, flags, from, from_size); };
  const Fault* const fault = strikes(SystemCall::receive_datagram);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(size);
}

SC_BEFORE(ssize_t, recvmsg, int fd, msghdr* message, int flags) {
  const auto go = [=](std::size_t) { return SC_REAL(recvmsg)(fd, message, flags); };
  const Fault* const fault = strikes(SystemCall::notices);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(0);
}

SC_BEFORE(ssize_t, send, int fd, const void* data, size_t size, int flags) {
  const SystemCall call = known(fd).sort == Sort::stream ? SystemCall::send : SystemCall::send_datagram;
  const auto go = [=](std::size_t most) { return SC_REAL(send)(fd, data, std::min(size, most), flags); };
  const Fault* const fault = strikes(call);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(size);
}

SC_BEFORE(ssize_t, sendto, int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  const auto go = [=](std::size_t) { return SC_REAL(sendto)(fd, data, size, flags, to, to_size); };
  const Fault* const fault = strikes(SystemCall::send_datagram);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(size);
}

SC_BEFORE(int, shutdown, int fd, int how) {
  if (const Fault* fault = strikes(SystemCall::shutdown)) {
    if (fault->kind != Fault::Kind::reset) return failed(*fault);
    reset(fd);
  }
  return SC_REAL(shutdown)(fd, how);
}

// ---- Readiness.

SC_BEFORE(int, epoll_ctl, int epoll, int operation, int fd, epoll_event* event) {
  if (operation == EPOLL_CTL_ADD) {
    if (const Fault* fault = strikes(SystemCall::epoll_add)) return failed(*fault);
  }
  const int result = SC_REAL(epoll_ctl)(epoll, operation, fd, event);
  if (result == 0) {
    Known& of = known(fd);
    of.epoll = operation != EPOLL_CTL_DEL ? epoll : -1;
    if (event != nullptr) of.event = *event;
  }
  return result;
}

SC_BEFORE(int, epoll_wait, int epoll, epoll_event* events, int most, int limit) {
  if (const Fault* fault = strikes(SystemCall::epoll_wait)) {
    if (fault->kind != Fault::Kind::one_event) return failed(*fault);
    most = 1;
  }
  return SC_REAL(epoll_wait)(epoll, events, most, limit);
}

SC_BEFORE(int, epoll_pwait2, int epoll, epoll_event* events, int most, const timespec* limit, const sigset_t* mask) {
  if (kernel != nullptr && kernel->aged()) {
    errno = ENOSYS;
    return -1;
  }
  if (const Fault* fault = strikes(SystemCall::epoll_pwait2)) {
    if (fault->kind != Fault::Kind::one_event) return failed(*fault);
    most = 1;
  }
  return SC_REAL(epoll_pwait2)(epoll, events, most, limit, mask);
}

// ---- Files, terminals, and the rest.

SC_BEFORE(ssize_t, read, int fd, void* into, size_t size) {
  const bool wakes = known(fd).sort == Sort::wake;
  const auto go = [=](std::size_t most) { return SC_REAL(read)(fd, into, std::min(size, most)); };
  const Fault* const fault = strikes(wakes ? SystemCall::read_wake : SystemCall::read);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(size);
}

SC_BEFORE(ssize_t, write, int fd, const void* data, size_t size) {
  const bool wakes = known(fd).sort == Sort::wake;
  const auto go = [=](std::size_t most) { return SC_REAL(write)(fd, data, std::min(size, most)); };
  const Fault* const fault = strikes(wakes ? SystemCall::write_wake : SystemCall::write);
  return fault != nullptr ? disturbed_call(*fault, fd, go) : go(size);
}

SC_BEFORE(int, posix_openpt, int flags) {
  if (const Fault* fault = strikes(SystemCall::open_pty)) return failed(*fault);
  return SC_REAL(posix_openpt)(flags);
}

SC_BEFORE(int, unlockpt, int fd) {
  if (const Fault* fault = strikes(SystemCall::unlock_pty)) return failed(*fault);
  return SC_REAL(unlockpt)(fd);
}

SC_BEFORE(int, ptsname_r, int fd, char* name, size_t size) {
  if (const Fault* fault = strikes(SystemCall::name_pty)) return fault->number;
  return SC_REAL(ptsname_r)(fd, name, size);
}

SC_BEFORE(int, tcgetattr, int fd, termios* settings) {
  if (const Fault* fault = strikes(SystemCall::get_line)) return failed(*fault);
  return SC_REAL(tcgetattr)(fd, settings);
}

SC_BEFORE(int, tcsetattr, int fd, int when, const termios* settings) {
  if (const Fault* fault = strikes(SystemCall::set_line)) return failed(*fault);
  return SC_REAL(tcsetattr)(fd, when, settings);
}

SC_BEFORE(int, poll, pollfd* entries, nfds_t count, int limit) {
  if (const Fault* fault = strikes(SystemCall::poll)) return failed(*fault);
  return SC_REAL(poll)(entries, count, limit);
}

SC_BEFORE(int, stat, const char* path, struct stat* status) {
  if (const Fault* fault = strikes(SystemCall::stat)) return failed(*fault);
  return SC_REAL(stat)(path, status);
}

SC_BEFORE(ssize_t, getrandom, void* into, size_t size, unsigned flags) {
  const Fault* const fault = strikes(SystemCall::getrandom);
  if (fault == nullptr) return SC_REAL(getrandom)(into, size, flags);
  return fault->kind == Fault::Kind::one_byte ? SC_REAL(getrandom)(into, 1, flags) : failed(*fault);
}

SC_BEFORE(void*, mmap, void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  if (const Fault* fault = strikes(SystemCall::mmap)) {
    (void)failed(*fault);
    return MAP_FAILED;
  }
  return SC_REAL(mmap)(at, size, protection, flags, fd, offset);
}

SC_BEFORE(int, madvise, void* at, size_t size, int advice) {
  if (const Fault* fault = strikes(SystemCall::madvise)) return failed(*fault);
  return SC_REAL(madvise)(at, size, advice);
}
