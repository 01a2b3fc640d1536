// The limit: what the benchmarks' work costs with nothing between it and the kernel. Edge-triggered epoll, one call per
// thing that has to be done; OpenSSL where the work is TLS.

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
#include <vector>

#include "client.hpp"

namespace {

using bench::fail;

std::array<char, bench::kChunkBytes> buffer;

int open_socket(int type, std::uint16_t port, std::uint32_t last_part = 1) {
  const int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port);
  peer.sin_addr.s_addr = htonl(0x7f000000U | last_part);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0 && errno != EINPROGRESS) fail("connect");
  return fd;
}

class Poll {
 public:
  Poll() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}
  void add(int fd, std::uint32_t slot, std::uint32_t what = EPOLLIN | EPOLLOUT) const {
    epoll_event event{};
    event.events = what | EPOLLET;
    event.data.u32 = slot;
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }
  template <typename Visit>
  void wait(Visit visit) {
    const int count = epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      visit(event.data.u32, event.events);
    }
  }

 private:
  int fd_;
  std::array<epoll_event, 256> events_;
};

// ---- Echoes.

void send_ping(int fd) {
  if (send(fd, buffer.data(), bench::kPingBytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bench::kPingBytes)) fail("send");
}

// A datagram socket can always send, as good as, and says so after each datagram: nobody asks it.
double ping_pong(const bench::Order& order, int type) {
  struct Connection {
    int fd = -1;
    bool started = false;
    std::size_t got = 0;
  };
  Poll poll;
  std::vector<Connection> connections(order.connections);
  for (std::uint32_t i = 0; i < connections.size(); ++i) {
    Connection& connection = connections[i];
    connection.fd = open_socket(type, order.port);
    const int on = 1;
    if (type == SOCK_STREAM) setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    poll.add(connection.fd, i, type == SOCK_DGRAM ? EPOLLIN : EPOLLIN | EPOLLOUT);
  }
  bench::Stopwatch watch;
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  if (type == SOCK_DGRAM) {
    for (Connection& connection : connections) {
      connection.started = true;
      ++sent, send_ping(connection.fd);
    }
  }
  while (done < order.count) {
    poll.wait([&](std::uint32_t slot, std::uint32_t what) {
      Connection& connection = connections[slot];
      if (!connection.started && (what & EPOLLOUT) != 0) {
        connection.started = true;
        if (sent < order.count) ++sent, send_ping(connection.fd);
      }
      if ((what & EPOLLIN) == 0) return;
      const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) fail("recv");
      connection.got += static_cast<std::size_t>(got);
      if (connection.got < bench::kPingBytes) return;
      connection.got = 0;
      ++done;
      if (sent < order.count) ++sent, send_ping(connection.fd);
    });
  }
  return watch.lap();
}

// ---- Bulk.

void send_header(int fd, std::uint64_t bytes) {
  const auto header = bench::header(bytes);
  if (send(fd, header.data(), header.size() - 1, MSG_NOSIGNAL) < 0) fail("send");
}

double receive(const bench::Order& order) {
  Poll poll;
  const int fd = open_socket(SOCK_STREAM, order.port);
  poll.add(fd, 0);
  bench::Stopwatch watch;
  bool started = false;
  std::uint64_t left = order.count;
  while (left > 0) {
    poll.wait([&](std::uint32_t, std::uint32_t what) {
      if (!started && (what & EPOLLOUT) != 0) {
        started = true;
        send_header(fd, order.count);
      }
      if ((what & EPOLLIN) == 0) return;
      for (;;) {
        const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) fail("recv");
        left -= static_cast<std::uint64_t>(got);
        if (got < static_cast<ssize_t>(buffer.size())) return;
      }
    });
  }
  return watch.lap();
}

double transmit(const bench::Order& order) {
  Poll poll;
  const int fd = open_socket(SOCK_STREAM, order.port);
  poll.add(fd, 0);
  bench::Stopwatch watch;
  bool started = false;
  bool answered = false;
  std::uint64_t left = order.count;
  while (!answered) {
    poll.wait([&](std::uint32_t, std::uint32_t what) {
      if (!started && (what & EPOLLOUT) != 0) {
        started = true;
        send_header(fd, order.count);
      }
      while (started && left > 0) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
        const ssize_t sent = send(fd, buffer.data(), size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0) fail("send");
        left -= static_cast<std::uint64_t>(sent);
      }
      char byte = 0;
      answered = (what & EPOLLIN) != 0 && recv(fd, &byte, 1, 0) == 1;
    });
  }
  return watch.lap();
}

// ---- Connections that come and go.

double connects(const bench::Order& order) {
  struct Connection {
    int fd = -1;
    bool asked = false;
  };
  Poll poll;
  std::vector<Connection> connections(std::min<std::uint64_t>(bench::kConnectsAtOnce, order.count));
  std::uint32_t opened = 0;
  const auto open_next = [&](std::uint32_t slot) {
    connections[slot] = {open_socket(SOCK_STREAM, order.port, 1 + opened++ % bench::kServerAddresses), false};
    poll.add(connections[slot].fd, slot);
  };
  bench::Stopwatch watch;
  for (std::uint32_t slot = 0; slot < connections.size(); ++slot) open_next(slot);
  std::uint64_t done = 0;
  while (done < order.count) {
    poll.wait([&](std::uint32_t slot, std::uint32_t what) {
      Connection& connection = connections[slot];
      if (!connection.asked && (what & EPOLLOUT) != 0) {
        connection.asked = true;
        if (send(connection.fd, "?", 1, MSG_NOSIGNAL) != 1) fail("send");
      }
      if ((what & EPOLLIN) == 0) return;
      char byte = 0;
      if (recv(connection.fd, &byte, 1, 0) != 1) fail("recv");
      close(connection.fd);
      ++done;
      if (opened < order.count) open_next(slot);
    });
  }
  return watch.lap();
}

// ---- TLS.

SSL_CTX* tls_context() {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);  // what all clients offer; the server takes 1.3
  // No certificate is looked at, as the other clients are told too. Left alone, OpenSSL would verify it and ignore the
  // result.
  SSL_CTX_set_cert_verify_callback(
      context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  // One read takes all that fits, instead of two for each record.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

struct TlsConnection {
  int fd = -1;
  SSL* ssl = nullptr;
  bool ready = false;
};

TlsConnection open_tls(SSL_CTX* context, std::uint16_t port, std::uint32_t last_part = 1) {
  TlsConnection connection;
  connection.fd = open_socket(SOCK_STREAM, port, last_part);
  const int on = 1;
  setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection.ssl = SSL_new(context);
  SSL_set_fd(connection.ssl, connection.fd);
  SSL_set_connect_state(connection.ssl);
  return connection;
}

/// Goes on with the handshake. True when it has just been done.
bool shake_hands(TlsConnection& connection) {
  if (connection.ready) return false;
  ERR_clear_error();
  const int result = SSL_do_handshake(connection.ssl);
  if (result == 1) return connection.ready = true;
  const int error = SSL_get_error(connection.ssl, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) fail("handshake");
  return false;
}

/// How many bytes are in the buffer; 0 if none are there yet.
std::size_t tls_read(SSL* ssl) {
  ERR_clear_error();
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl, buffer.data(), buffer.size(), &got);
  if (result != 1 && SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ) fail("SSL_read");
  return got;
}

void tls_write(SSL* ssl, const char* data, std::size_t size) {
  ERR_clear_error();
  std::size_t put = 0;
  if (SSL_write_ex(ssl, data, size, &put) != 1 || put != size) fail("SSL_write");
}

double tls_receive(const bench::Order& order) {
  Poll poll;
  SSL_CTX* const context = tls_context();
  TlsConnection connection = open_tls(context, order.port);
  poll.add(connection.fd, 0);
  bench::Stopwatch watch;
  std::uint64_t left = order.count;
  while (left > 0) {
    poll.wait([&](std::uint32_t, std::uint32_t) {
      if (shake_hands(connection)) {
        const auto header = bench::header(order.count);
        tls_write(connection.ssl, header.data(), header.size() - 1);
      }
      while (connection.ready && left > 0) {
        const std::size_t got = tls_read(connection.ssl);
        if (got == 0) return;
        left -= got;
      }
    });
  }
  return watch.lap();
}

double tls_connects(const bench::Order& order) {
  Poll poll;
  SSL_CTX* const context = tls_context();
  std::vector<TlsConnection> connections(std::min<std::uint64_t>(bench::kConnectsAtOnce, order.count));
  std::uint32_t opened = 0;
  const auto open_next = [&](std::uint32_t slot) {
    connections[slot] = open_tls(context, order.port, 1 + opened++ % bench::kServerAddresses);
    poll.add(connections[slot].fd, slot);
  };
  bench::Stopwatch watch;
  for (std::uint32_t slot = 0; slot < connections.size(); ++slot) open_next(slot);
  std::uint64_t done = 0;
  while (done < order.count) {
    poll.wait([&](std::uint32_t slot, std::uint32_t) {
      TlsConnection& connection = connections[slot];
      if (shake_hands(connection)) tls_write(connection.ssl, "?", 1);
      if (!connection.ready || tls_read(connection.ssl) == 0) return;
      SSL_shutdown(connection.ssl);
      SSL_free(connection.ssl);
      close(connection.fd);
      ++done;
      if (opened < order.count) open_next(slot);
    });
  }
  return watch.lap();
}

/// Until the first connection is under way.
double tls_start(const bench::Order& order) {
  bench::Stopwatch watch;
  const Poll poll;
  const TlsConnection connection = open_tls(tls_context(), order.port);
  poll.add(connection.fd, 0);
  return watch.lap();
}

// ---- Idle connections: each has echoed once.

void idle(const bench::Order& order, bool tls) {
  Poll poll;
  SSL_CTX* const context = tls ? tls_context() : nullptr;
  std::vector<TlsConnection> connections;
  connections.reserve(order.count + 1);
  const auto open_more = [&](std::uint64_t count) {
    for (std::uint64_t done = 0, started = 0; done < count;) {
      for (; started < count && started - done < bench::kConnectsAtOnce; ++started) {
        const auto slot = static_cast<std::uint32_t>(connections.size());
        connections.push_back(tls ? open_tls(context, order.port) : TlsConnection{open_socket(SOCK_STREAM, order.port)});
        poll.add(connections.back().fd, slot);
      }
      poll.wait([&](std::uint32_t slot, std::uint32_t what) {
        TlsConnection& connection = connections[slot];
        if (tls) {
          if (shake_hands(connection)) tls_write(connection.ssl, buffer.data(), bench::kPingBytes);
          if (connection.ready && tls_read(connection.ssl) > 0) ++done;
          SSL_free_buffers(connection.ssl);
          return;
        }
        if (!connection.ready && (what & EPOLLOUT) != 0) {
          connection.ready = true;
          send_ping(connection.fd);
        }
        if ((what & EPOLLIN) != 0 && recv(connection.fd, buffer.data(), buffer.size(), 0) > 0) ++done;
      });
    }
  };
  open_more(1);
  const std::uint64_t before = bench::private_dirty();
  bench::Stopwatch watch;
  open_more(order.count);
  const double seconds = watch.lap();
  bench::report_memory(before, bench::private_dirty(), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const bench::Order order = bench::read_order(argc, argv);
  if (order.work == "tcp_echo") {
    bench::report(ping_pong(order, SOCK_STREAM));
  } else if (order.work == "udp_echo") {
    bench::report(ping_pong(order, SOCK_DGRAM));
  } else if (order.work == "receive") {
    bench::report(receive(order));
  } else if (order.work == "send") {
    bench::report(transmit(order));
  } else if (order.work == "connects") {
    bench::report(connects(order));
  } else if (order.work == "tls_receive") {
    bench::report(tls_receive(order));
  } else if (order.work == "tls_connects") {
    bench::report(tls_connects(order));
  } else if (order.work == "tls_start") {
    bench::report(tls_start(order));
  } else if (order.work == "idle") {
    idle(order, false);
  } else if (order.work == "tls_idle") {
    idle(order, true);
  } else {
    std::fprintf(stderr, "no such work: %.*s\n", static_cast<int>(order.work.size()), order.work.data());
    return 2;
  }
  return 0;
}
