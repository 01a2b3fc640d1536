// The limit that bench/scale.py and bench/latency.py compare with: their works on plain edge-triggered epoll.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "scale.hpp"

namespace {

using bench::fail;

class Client {
 public:
  explicit Client(const bench::ScaleOrder& order)
      : order_(order), epoll_(epoll_create1(EPOLL_CLOEXEC)), sockets_(order.sockets), events_(256) {
    if (epoll_ < 0) fail("epoll_create1");
  }

  /// All connections stand; with `ping`, each has echoed once.
  void open(bool ping) {
    std::uint32_t started = 0;
    std::uint32_t done = 0;
    while (done < order_.sockets) {
      for (; started < order_.sockets && started - done < bench::kConnectsAtOnce; ++started) connect_next(started, ping);
      wait([&](std::uint32_t slot, std::uint32_t what) {
        Socket& socket = sockets_[slot];
        if (!socket.connected && (what & EPOLLOUT) != 0) {
          socket.connected = true;
          if (ping) send_ping(slot);
          if (!ping) ++done;
        }
        if ((what & EPOLLIN) != 0 && receive(slot)) ++done;
      });
    }
  }

  void echo(std::uint64_t count) {
    std::uint64_t sent = 0;
    for (; sent < std::min<std::uint64_t>(count, order_.window); ++sent) send_ping(static_cast<std::uint32_t>(sent));
    for (std::uint64_t done = 0; done < count;) {
      wait([&](std::uint32_t slot, std::uint32_t what) {
        if ((what & EPOLLIN) == 0 || !receive(slot)) return;
        ++done;
        if (sent < count) ++sent, send_ping(order_.after(slot));
      });
    }
  }

  /// Sends back what comes, until the peer has had enough.
  void reflect() {
    for (bool over = false; !over;) {
      wait([&](std::uint32_t slot, std::uint32_t what) {
        if ((what & EPOLLIN) == 0) return;
        const ssize_t got = recv(sockets_[slot].fd, buffer_.data(), buffer_.size(), 0);
        if (got <= 0) {
          over = true;
        } else if (send(sockets_[slot].fd, buffer_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got && !over) {
          fail("send");
        }
      });
    }
  }

 private:
  struct Socket {
    int fd = -1;
    bool connected = false;
    std::size_t got = 0;
  };

  void connect_next(std::uint32_t slot, bool no_delay) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    const int on = 1;
    if (no_delay) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(order_.port);
    peer.sin_addr.s_addr = htonl(0x7f000001U + slot % bench::kServerAddresses);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0 && errno != EINPROGRESS) fail("connect");
    sockets_[slot].fd = fd;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u32 = slot;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }

  void send_ping(std::uint32_t slot) {
    if (send(sockets_[slot].fd, buffer_.data(), bench::kPingBytes, MSG_NOSIGNAL) != bench::kPingBytes) fail("send");
  }

  /// True: a whole ping has come back.
  bool receive(std::uint32_t slot) {
    Socket& socket = sockets_[slot];
    const ssize_t got = recv(socket.fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) fail("recv");
    socket.got += static_cast<std::size_t>(got);
    if (socket.got < bench::kPingBytes) return false;
    socket.got = 0;
    return true;
  }

  template <typename Visit>
  void wait(Visit visit) {
    const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      visit(event.data.u32, event.events);
    }
  }

  const bench::ScaleOrder& order_;
  int epoll_;
  std::vector<Socket> sockets_;
  std::vector<epoll_event> events_;
  std::array<char, bench::kChunkBytes> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const bench::ScaleOrder order = bench::read_scale_order(argc, argv);
  Client client(order);
  bench::Meter meter;
  if (order.work == "open") {
    client.open(false);
  } else if (order.work == "reflect") {
    client.open(false);
    meter.lap();
    client.reflect();
  } else if (order.work == "echo") {
    client.open(true);
    client.echo(order.warm_up());
    meter.lap();
    client.echo(order.echoes);
  } else {
    std::fprintf(stderr, "no such work: %.*s\n", static_cast<int>(order.work.size()), order.work.data());
    return 2;
  }
  bench::report(meter.lap());
  return 0;
}
