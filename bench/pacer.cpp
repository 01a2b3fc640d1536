// The other end of bench/latency.py: sends pings at times that are fixed beforehand and measures how long each takes to
// come back. The client, which only sends back what comes, is what is measured; the clock stands here, the same for all
// clients.
//   pacer CONNECTIONS RATE COUNT
// Prints its port; begins when so many connections stand. Connections take turns. With RATE 0 each has one ping under
// way at all times; else pings are due RATE times a second whatever becomes of those before, and a ping's time counts from
// when it was due. A tenth of COUNT comes before the measure. Then prints the outcome and ends, which closes the
// connections.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <vector>

#include "client.hpp"
#include "distribution.hpp"

namespace {

using bench::fail;
using Clock = std::chrono::steady_clock;

class Pacer {
 public:
  Pacer(std::size_t connections, std::uint64_t rate, std::uint64_t count)
      : connections_(connections), rate_(rate), warm_up_(count / 10), count_(count + warm_up_), events_(256) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) fail("epoll_create1");
    times_.reserve(count);
  }

  void accept_all() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    // All addresses of the loopback interface: the clients spread their connections over them.
    if (setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) != 0) fail("loopback");
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(listener, 4096) != 0)
      fail("listen");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) fail("accept");
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLET;
      event.data.u32 = slot;
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
      connections_[slot].fd = fd;
    }
    close(listener);
  }

  void run() {
    const auto start = Clock::now();
    if (rate_ == 0) {
      for (Connection& connection : connections_) ping(connection, Clock::now());
    }
    while (done_ < count_) {
      if (rate_ > 0) send_due(start);
      const int ready = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), rate_ > 0 ? 0 : -1);
      for (int i = 0; i < ready; ++i) receive(connections_[events_[static_cast<std::size_t>(i)].data.u32]);
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - first_).count();
  }

  void print() const {
    std::printf("{\"rate\": %.0f, ", static_cast<double>(times_.size()) / seconds_);
    bench::Distribution(times_).print("echo");
    std::printf("}\n");
  }

 private:
  struct Connection {
    int fd = -1;
    std::size_t got = 0;
    std::deque<Clock::time_point> due;  // of the pings that are under way
  };

  void ping(Connection& connection, Clock::time_point due) {
    if (send(connection.fd, ping_.data(), ping_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(ping_.size())) fail("send");
    connection.due.push_back(due);
    ++sent_;
  }

  void send_due(Clock::time_point start) {
    // A few at a time, so that answers are not left to lie while it catches up.
    for (int i = 0; i < 16 && sent_ < count_; ++i) {
      const auto due = start + std::chrono::nanoseconds(sent_ * 1'000'000'000 / rate_);
      if (due > Clock::now()) return;
      ping(connections_[sent_ % connections_.size()], due);
    }
  }

  void receive(Connection& connection) {
    const ssize_t got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) fail("recv");
    const auto now = Clock::now();
    connection.got += static_cast<std::size_t>(got);
    for (; connection.got >= bench::kPingBytes; connection.got -= bench::kPingBytes) {
      const auto due = connection.due.front();
      connection.due.pop_front();
      if (++done_ == warm_up_) first_ = now;
      if (done_ > warm_up_ && done_ <= count_) times_.push_back(now - due);
      if (rate_ == 0 && sent_ < count_) ping(connection, Clock::now());
    }
  }

  std::vector<Connection> connections_;
  std::uint64_t rate_;
  std::uint64_t warm_up_;
  std::uint64_t count_;
  std::vector<epoll_event> events_;
  int epoll_ = -1;
  std::uint64_t sent_ = 0;
  std::uint64_t done_ = 0;
  Clock::time_point first_ = Clock::now();
  double seconds_ = 0;
  std::vector<std::chrono::nanoseconds> times_;
  std::array<char, bench::kChunkBytes> buffer_{};
  const std::array<char, bench::kPingBytes> ping_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: pacer CONNECTIONS RATE COUNT\n", stderr), 2;
  std::signal(SIGPIPE, SIG_IGN);
  Pacer pacer(bench::number(argv[1]), bench::number(argv[2]), bench::number(argv[3]));
  pacer.accept_all();
  pacer.run();
  pacer.print();
}
