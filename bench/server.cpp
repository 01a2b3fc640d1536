// The other end of every benchmark: one thread, one epoll instance, and no work that it can leave out: what it sends in
// bulk lies ready, what it receives in bulk is dropped unread.
//
// Prints one line "NAME PORT" per service, then serves until it is ended:
//   echo      TCP: sends back what comes; listens on 127.0.0.1 to 127.0.0.16
//   source    TCP: reads 16 digits and sends so many bytes
//   sink      TCP: reads 16 digits, takes so many bytes and answers with one
//   udp       UDP: sends back what comes
//   tls_echo, tls_source: the same over TLS, with a certificate of its own making (ECDSA P-256)

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tls_server.hpp"

namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::size_t kPatternBytes = 2 * kBufferBytes;
// Each send starts so far behind the start of the one before, so that no client gets the same bytes twice in a row: Lua
// would keep one string of them.
constexpr std::size_t kPatternStep = 4099;
constexpr std::size_t kHeaderBytes = 16;
constexpr int kServerAddresses = 16;

enum class Service { echo, source, sink, udp, tls_echo, tls_source };

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "bench server: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// One thing that epoll watches: a listener or a connection.
struct Peer {
  int fd = -1;
  Service service = Service::echo;
  bool listens = false;
  bool ready = false;  // TLS: the handshake is done
  SSL* ssl = nullptr;
  std::string header;        // source, sink: the digits so far
  std::uint64_t left = 0;    // source: to send; sink: to take
  std::vector<char> unsent;  // echo: what the kernel has not taken
};

sockaddr_in loopback(int last_part, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7f000000U | static_cast<std::uint32_t>(last_part));
  return address;
}

std::uint16_t bind_to(int fd, int last_part, std::uint16_t port) {
  const sockaddr_in address = loopback(last_part, port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.sin_port);
}

SSL_CTX* make_tls_context() {
  SSL_CTX* const context = make_tls_server();
  // The same for every client: TLS 1.3, one cipher, one curve. Idle connections give their buffers back.
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") != 1 ||
      SSL_CTX_set1_groups_list(context, "X25519") != 1) {
    fail("TLS");
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

class Server {
 public:
  Server() : buffer_(kBufferBytes), pattern_(kPatternBytes) {
    std::mt19937_64 random(1);
    for (std::size_t at = 0; at < pattern_.size(); at += sizeof(std::uint64_t)) {
      const std::uint64_t word = random();
      std::memcpy(&pattern_[at], &word, sizeof word);
    }
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) fail("epoll");
    tls_ = make_tls_context();
  }

  void open(Service service, const char* name, int addresses = 1) {
    std::uint16_t port = 0;
    for (int i = 1; i <= addresses; ++i) {
      const bool udp = service == Service::udp;
      const int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (fd < 0) fail("socket");
      port = bind_to(fd, i, port);
      if (!udp && listen(fd, 4096) != 0) fail("listen");
      auto* const peer = new Peer;
      peer->fd = fd;
      peer->service = service;
      peer->listens = !udp;
      watch(*peer, EPOLLIN);
    }
    std::printf("%s %u\n", name, static_cast<unsigned>(port));
  }

  [[noreturn]] void run() {
    std::fflush(stdout);
    std::array<epoll_event, 1024> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        Peer& peer = *static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (peer.listens) {
          accept_all(peer);
        } else if (!serve(peer)) {
          SSL_free(peer.ssl);
          close(peer.fd);
          delete &peer;
        }
      }
    }
  }

 private:
  void watch(Peer& peer, std::uint32_t what) const {
    epoll_event event{};
    event.events = what;
    event.data.ptr = &peer;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event) != 0) fail("epoll_ctl");
  }

  void accept_all(const Peer& listener) const {
    for (;;) {
      const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* const peer = new Peer;
      peer->fd = fd;
      peer->service = listener.service;
      if (peer->service == Service::tls_echo || peer->service == Service::tls_source) {
        peer->ssl = SSL_new(tls_);
        SSL_set_fd(peer->ssl, fd);
        SSL_set_accept_state(peer->ssl);
      }
      watch(*peer, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }

  /// False: the connection is over.
  bool serve(Peer& peer) {
    if (peer.ssl != nullptr) ERR_clear_error();
    switch (peer.service) {
      case Service::echo:
        return echo(peer);
      case Service::source:
        return read_header(peer) && source(peer);
      case Service::sink:
        return read_header(peer) && sink(peer);
      case Service::udp:
        return echo_datagrams(peer);
      case Service::tls_echo:
        return shake_hands(peer) && tls_echo(peer);
      case Service::tls_source:
        return shake_hands(peer) && read_header(peer) && tls_source(peer);
    }
    return false;
  }

  bool echo(Peer& peer) {
    while (!peer.unsent.empty()) {
      const ssize_t sent = send(peer.fd, peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      peer.unsent.erase(peer.unsent.begin(), peer.unsent.begin() + sent);
    }
    for (;;) {
      const ssize_t got = recv(peer.fd, buffer_.data(), buffer_.size(), 0);
      if (got <= 0) return got < 0 && errno == EAGAIN;
      ssize_t sent = send(peer.fd, buffer_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      sent = std::max<ssize_t>(sent, 0);
      if (sent < got) {
        peer.unsent.assign(buffer_.begin() + sent, buffer_.begin() + got);
        return true;
      }
      // A short read has emptied it.
      if (got < static_cast<ssize_t>(buffer_.size())) return true;
    }
  }

  bool echo_datagrams(const Peer& peer) {
    for (;;) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(peer.fd, buffer_.data(), buffer_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) return true;
      sendto(peer.fd, buffer_.data(), static_cast<std::size_t>(got), 0, reinterpret_cast<const sockaddr*>(&from), size);
    }
  }

  static bool read_header(Peer& peer) {
    while (peer.header.size() < kHeaderBytes) {
      std::array<char, kHeaderBytes> digits{};
      const std::size_t wanted = kHeaderBytes - peer.header.size();
      ssize_t got = 0;
      if (peer.ssl != nullptr) {
        got = SSL_read(peer.ssl, digits.data(), static_cast<int>(wanted));
        if (got <= 0) return SSL_get_error(peer.ssl, static_cast<int>(got)) == SSL_ERROR_WANT_READ;
      } else {
        got = recv(peer.fd, digits.data(), wanted, 0);
        if (got <= 0) return got < 0 && errno == EAGAIN;
      }
      peer.header.append(digits.data(), static_cast<std::size_t>(got));
      if (peer.header.size() == kHeaderBytes) peer.left = std::strtoull(peer.header.c_str(), nullptr, 10);
    }
    return true;
  }

  std::span<const char> next_of_pattern(std::uint64_t left, std::size_t most) {
    offset_ = (offset_ + kPatternStep) % (kPatternBytes - kBufferBytes);
    return std::span(pattern_).subspan(offset_, static_cast<std::size_t>(std::min<std::uint64_t>(left, most)));
  }

  bool source(Peer& peer) {
    while (peer.left > 0) {
      const auto data = next_of_pattern(peer.left, kBufferBytes);
      const ssize_t sent = send(peer.fd, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      peer.left -= static_cast<std::uint64_t>(sent);
    }
    return !at_end(peer);
  }

  bool sink(Peer& peer) const {
    if (peer.header.size() < kHeaderBytes) return true;
    while (peer.left > 0) {
      // tcp(7): MSG_TRUNC drops what it would have copied.
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(peer.left, 0x7fffffff));
      const ssize_t got = recv(peer.fd, nullptr, size, MSG_TRUNC);
      if (got <= 0) return got < 0 && errno == EAGAIN;
      peer.left -= static_cast<std::uint64_t>(got);
      if (peer.left == 0) (void)!write(peer.fd, "!", 1);
    }
    return !at_end(peer);
  }

  static bool at_end(const Peer& peer) {
    char byte = 0;
    const ssize_t got = recv(peer.fd, &byte, 1, MSG_PEEK);
    return got == 0 || (got < 0 && errno != EAGAIN);
  }

  static bool shake_hands(Peer& peer) {
    if (peer.ready) return true;
    const int result = SSL_do_handshake(peer.ssl);
    peer.ready = result == 1;
    if (peer.ready) {
      // Tickets are sent, as any server would, but none may come back: every handshake is to be a full one.
      if (SSL_session_reused(peer.ssl) == 1) fail("a client resumed a session");
      return true;
    }
    const int error = SSL_get_error(peer.ssl, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }

  bool tls_echo(const Peer& peer) {
    if (!peer.ready) return true;
    for (;;) {
      const int got = SSL_read(peer.ssl, buffer_.data(), static_cast<int>(buffer_.size()));
      if (got <= 0) return SSL_get_error(peer.ssl, got) == SSL_ERROR_WANT_READ;
      if (SSL_write(peer.ssl, buffer_.data(), got) != got) return false;
    }
  }

  bool tls_source(Peer& peer) {
    if (!peer.ready) return true;
    while (peer.left > 0) {
      const auto data = next_of_pattern(peer.left, 16 * 1024);
      const int sent = SSL_write(peer.ssl, data.data(), static_cast<int>(data.size()));
      if (sent <= 0) return SSL_get_error(peer.ssl, sent) == SSL_ERROR_WANT_WRITE;
      peer.left -= static_cast<std::uint64_t>(sent);
    }
    char byte = 0;
    const int got = SSL_read(peer.ssl, &byte, 1);
    return got > 0 || SSL_get_error(peer.ssl, got) == SSL_ERROR_WANT_READ;
  }

  int epoll_ = -1;
  SSL_CTX* tls_ = nullptr;
  std::vector<char> buffer_;
  std::vector<char> pattern_;
  std::size_t offset_ = 0;
};

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  Server server;
  server.open(Service::echo, "echo", kServerAddresses);
  server.open(Service::source, "source");
  server.open(Service::sink, "sink");
  server.open(Service::udp, "udp");
  server.open(Service::tls_echo, "tls_echo", kServerAddresses);
  server.open(Service::tls_source, "tls_source");
  server.run();
}
