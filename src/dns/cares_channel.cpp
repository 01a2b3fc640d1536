#include "dns/cares_channel.hpp"

#include <ares.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace socketcore {
namespace {

/// c-ares reads a datagram socket until it is empty; a server that answers faster than we read must not stop the loop.
constexpr std::size_t kReadsPerTurn = 256;
/// Hundreds of answers may come within one turn; the usual 208 KiB hold about 270, most of it being the kernel's own
/// structures.
constexpr int kReceiveBufferBytes = 256 * 1024;

/// c-ares counts users of the library without a lock, so that reactors on two threads would race. We count as one user for
/// as long as the process lives; on Unix there is nothing to give back.
int use_library() noexcept {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

/// What a socket function answers c-ares with.
int failed(SysError error) noexcept {
  errno = error.number();
  return -1;
}

}  // namespace

struct CaresChannel::Socket final : Handler {
  Socket(CaresChannel& owner, OwnedFd descriptor, SocketKind sort) noexcept
      : channel(owner), fd(std::move(descriptor)), kind(sort) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() override { channel.loop_.detach(token); }

  void on_ready(Readiness what) noexcept override {
    if (what.readable || what.ended || what.hangup || what.error) readable = true;
    if (what.writable || what.hangup || what.error) writable = true;
    // Last: this socket may be gone after it.
    if (readable || (writable && wants_write)) channel.pump();
  }

  CaresChannel& channel;
  OwnedFd fd;
  SocketKind kind;
  Token token;
  Endpoint peer;
  bool readable = false;  // an edge that is not used up
  bool writable = false;
  bool wants_write = false;  // c-ares has something queued for it
};

/// The functions that c-ares calls. No exception may pass through its frames.
struct CaresChannel::Functions {
  static CaresChannel& channel(void* user) noexcept { return *static_cast<CaresChannel*>(user); }

  static ares_socket_t open(int family, int type, int /*protocol*/, void* user) noexcept {
    return channel(user).open_socket(family == AF_INET6 ? Family::v6 : Family::v4,
                                     type == SOCK_STREAM ? SocketKind::stream : SocketKind::datagram);
  }

  static int close(ares_socket_t fd, void* user) noexcept {
    channel(user).close_socket(fd);
    return 0;
  }

  static int connect(ares_socket_t fd, const sockaddr* address, ares_socklen_t size, void* user) noexcept {
    SocketAddress peer;
    std::memcpy(peer.get(), address, std::min<std::size_t>(size, sizeof peer.storage));
    return channel(user).connect_socket(fd, peer.endpoint());
  }

  static ares_ssize_t receive(ares_socket_t fd, void* data, std::size_t size, int /*flags*/, sockaddr* from,
                              ares_socklen_t* from_size, void* user) noexcept {
    SocketAddress sender;
    const auto got = channel(user).receive(fd, {static_cast<std::byte*>(data), size}, &sender);
    if (got >= 0 && from != nullptr && from_size != nullptr) {
      *from_size = std::min(*from_size, sender.size);
      std::memcpy(from, sender.get(), *from_size);
    }
    return got;
  }

  static ares_ssize_t send(ares_socket_t fd, const iovec* parts, int count, void* user) noexcept {
    return channel(user).send(fd, {parts, static_cast<std::size_t>(count)});
  }

  static void state(void* user, ares_socket_t fd, int /*readable*/, int writable) noexcept {
    if (Socket* socket = channel(user).find(fd)) socket->wants_write = writable != 0;
  }
};

CaresChannel::CaresChannel(Loop& loop) : loop_(loop), token_(loop.attach(*this)) {
  try {
    timer_ = loop_.timers().make(token_, 0);
  } catch (...) {
    loop_.detach(token_);
    throw;
  }
}

CaresChannel::~CaresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
  loop_.timers().destroy(timer_);
  loop_.detach(token_);
}

int CaresChannel::open(const Settings& settings) noexcept {
  if (const int status = use_library(); status != ARES_SUCCESS) return status;
  ares_options options{};
  options.timeout = settings.timeout_ms;
  options.tries = settings.tries;
  // In host order, whatever ares_init_options(3) says: it is swapped there.
  options.udp_port = options.tcp_port = settings.port;
  options.sock_state_cb = &Functions::state;
  options.sock_state_cb_data = this;
  // Copied, in spite of its type.
  options.resolvconf_path = const_cast<char*>(settings.resolv_conf_path.c_str());
  int status = ares_init_options(&channel_, &options,
                                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT |
                                     ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF);
  if (status != ARES_SUCCESS) {
    channel_ = nullptr;
    return status;
  }
  static constexpr ares_socket_functions kFunctions{&Functions::open, &Functions::close, &Functions::connect,
                                                    &Functions::receive, &Functions::send};
  ares_set_socket_functions(channel_, &kFunctions, this);
  if (!settings.servers_csv.empty()) status = ares_set_servers_ports_csv(channel_, settings.servers_csv.c_str());
  return status;
}

void CaresChannel::question_begins() noexcept {
  ++questions_;
  // Asking sets a timeout. It is looked up once a turn, however many questions there are: ares_timeout() walks all of them.
  loop_.defer(token_);
}

int CaresChannel::refined(int status) const noexcept {
  if (status != ARES_ECONNREFUSED) return status;
  switch (response_code_) {
    case 2:  // RFC 1035, 4.1.1
      return ARES_ESERVFAIL;
    case 4:
      return ARES_ENOTIMP;
    case 5:
      return ARES_EREFUSED;
    default:
      return status;
  }
}

void CaresChannel::on_timer(std::uint32_t) noexcept {
  // Timers come before readiness. After a long turn of somebody else's, the answer that the timer was for may be here.
  for (Socket& socket : sockets_) socket.readable = true;
  pump();
}

void CaresChannel::pump() noexcept {
  reads_left_ = kReadsPerTurn;
  move_bytes();
  response_code_ = 0;
  // Whose time is up. c-ares may ask again at once, on a connection that it has already.
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  move_bytes();
  if (reads_left_ == 0) loop_.defer(token_);
  arm();
}

void CaresChannel::move_bytes() noexcept {
  // An edge is reported once, but c-ares takes no more than half an answer from a stream at a time, and does not try a
  // socket that it believes to be full. The flags are taken down first and put up again by whatever moves bytes: so this
  // ends even where c-ares lets a socket be.
  while (reads_left_ > 0) {
    const auto ready =
        std::ranges::find_if(sockets_, [](const Socket& s) { return s.readable || (s.writable && s.wants_write); });
    if (ready == sockets_.end()) break;
    const int fd = ready->fd.get();
    const bool read = std::exchange(ready->readable, false);
    const bool write = ready->wants_write && std::exchange(ready->writable, false);
    ares_process_fd(channel_, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
  }
}

void CaresChannel::arm() noexcept {
  timeval buffer{};
  const timeval* left = ares_timeout(channel_, nullptr, &buffer);
  if (left == nullptr) {
    loop_.timers().disarm(timer_);
    return;
  }
  // c-ares has rounded it down to a millisecond: without one more the timer would run out too early, again and again.
  const Duration wait =
      std::chrono::seconds(left->tv_sec) + std::chrono::microseconds(left->tv_usec) + std::chrono::milliseconds(1);
  loop_.timers().arm(timer_, loop_.os().now() + wait);
}

CaresChannel::Socket* CaresChannel::find(int fd) noexcept {
  const auto found = std::ranges::find_if(sockets_, [fd](const Socket& s) { return s.fd.get() == fd; });
  return found == sockets_.end() ? nullptr : &*found;
}

int CaresChannel::open_socket(Family family, SocketKind kind) noexcept {
  const OpenResult opened = loop_.os().open(family, kind, 0);
  open_error_ = opened.error;
  if (!opened.ok()) return failed(opened.error);
  OwnedFd fd(loop_.os(), opened.fd);
  try {
    Socket& socket = sockets_.emplace_front(*this, std::move(fd), kind);
    socket.token = loop_.attach(socket);
  } catch (const std::bad_alloc&) {
    if (!fd.valid()) sockets_.pop_front();
    open_error_ = SysError(ENOMEM);
    return failed(open_error_);
  }
  // c-ares leaves options to whoever opens its sockets. Both only make it faster.
  if (kind == SocketKind::stream) {
    (void)loop_.os().set_option(opened.fd, OsOption::no_delay, 1);
  } else {
    (void)loop_.os().set_option(opened.fd, OsOption::receive_buffer_bytes, kReceiveBufferBytes);
  }
  return opened.fd;
}

int CaresChannel::connect_socket(int fd, const Endpoint& peer) noexcept {
  Socket* socket = find(fd);
  if (socket == nullptr) return failed(SysError(EBADF));
  socket->peer = peer;
  const SysError connected = loop_.os().connect(fd, peer);
  if (!connected.ok() && !connected.in_progress()) return failed(connected);
  // Not earlier: an unconnected stream reports a hangup.
  if (const SysError watched = loop_.watch(fd, socket->token); !watched.ok()) {
    open_error_ = watched;
    return failed(watched);
  }
  return connected.ok() ? 0 : failed(connected);
}

std::ptrdiff_t CaresChannel::receive(int fd, std::span<std::byte> into, SocketAddress* from) noexcept {
  response_code_ = 0;
  Socket* socket = find(fd);
  if (socket == nullptr) return failed(SysError(EBADF));
  for (;;) {
    if (reads_left_ == 0) {
      socket->readable = true;
      return failed(SysError(EAGAIN));
    }
    --reads_left_;
    const IoResult got = loop_.os().receive(fd, into);
    if (!got.ok()) return failed(got.error);
    socket->readable = true;
    // c-ares before 1.19.1 took an empty datagram for the end of a stream (CVE-2023-32067).
    if (socket->kind == SocketKind::datagram && got.size == 0) continue;
    if (socket->kind == SocketKind::datagram && got.size >= 4) response_code_ = std::to_integer<int>(into[3]) & 15;
    // The socket is connected: nobody else gets through.
    *from = SocketAddress(socket->peer);
    return static_cast<std::ptrdiff_t>(got.size);
  }
}

std::ptrdiff_t CaresChannel::send(int fd, std::span<const iovec> parts) noexcept {
  Socket* socket = find(fd);
  if (socket == nullptr) return failed(SysError(EBADF));
  // A query is of some 300 bytes at most. What does not fit waits in c-ares, as if the kernel had taken no more.
  std::array<std::byte, 4096> gathered;
  std::size_t size = 0;
  for (const iovec& part : parts) {
    const std::size_t taken = std::min(part.iov_len, gathered.size() - size);
    std::memcpy(gathered.data() + size, part.iov_base, taken);
    size += taken;
    if (taken < part.iov_len) break;
  }
  const IoResult put = loop_.os().send(fd, std::span(gathered).first(size));
  if (put.ok()) {
    socket->writable = true;
    return static_cast<std::ptrdiff_t>(put.size);
  }
  // c-ares would count a full send buffer as a server's failure and use up its tries at once. As a lost datagram it is
  // asked again in time.
  if (put.error.would_block() && socket->kind == SocketKind::datagram) return static_cast<std::ptrdiff_t>(size);
  return failed(put.error);
}

void CaresChannel::close_socket(int fd) noexcept {
  sockets_.remove_if([fd](const Socket& s) { return s.fd.get() == fd; });
}

}  // namespace socketcore
