// The benchmarks' work done by the engine from C++: a device on the reactor of its own, messages one by one, as a program
// that embeds socketcore would.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client.hpp"
#include "socketcore/socketcore.hpp"

namespace {

using socketcore::Err;
using socketcore::Message;
using socketcore::MessageKind;
using socketcore::SocketId;
using socketcore::SocketType;

// How much of a bulk send may wait in the device: enough for the kernel never to run dry.
constexpr std::size_t kUnconfirmed = 8;

class Client {
 public:
  explicit Client(const bench::Order& order)
      : order_(order), os_(socketcore::linux_os()), reactor_(*os_), device_(socketcore::Device::create(reactor_)) {}

  double echo(SocketType type) {
    for (std::size_t i = 0; i < order_.connections; ++i) open(type);
    std::vector<std::size_t> got(order_.connections);
    bench::Stopwatch watch;
    std::uint64_t sent = 0;
    std::uint64_t done = 0;
    while (done < order_.count) {
      const Message& message = next();
      if (message.kind == MessageKind::connect_cnf) {
        if (sent < order_.count) ++sent, send(message.socket, ping_);
      } else if (message.kind == MessageKind::receive_ind) {
        std::size_t& arrived = got[static_cast<std::size_t>(message.socket)];
        arrived += receive(message);
        if (arrived < bench::kPingBytes) continue;
        arrived = 0;
        ++done;
        if (sent < order_.count) ++sent, send(message.socket, ping_);
      }
    }
    return watch.lap();
  }

  double receive_bulk(SocketType type) {
    bench::Stopwatch watch;
    open(type);
    std::uint64_t left = order_.count;
    while (left > 0) {
      const Message& message = next();
      if (message.kind == MessageKind::connect_cnf) send_header(message.socket);
      if (message.kind == MessageKind::receive_ind) left -= receive(message);
    }
    return watch.lap();
  }

  double send_bulk() {
    const std::vector<std::byte> chunk(bench::kChunkBytes);
    bench::Stopwatch watch;
    const SocketId id = open(SocketType::tcp);
    std::uint64_t left = order_.count;
    std::size_t unconfirmed = 0;
    for (;;) {
      const Message& message = next();
      if (message.kind == MessageKind::receive_ind) break;
      if (message.kind == MessageKind::connect_cnf) {
        send_header(id);
        ++unconfirmed;
      } else {
        --unconfirmed;
      }
      for (; unconfirmed < kUnconfirmed && left > 0; ++unconfirmed) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, chunk.size()));
        send(id, std::span(chunk).first(size));
        left -= size;
      }
    }
    return watch.lap();
  }

  double connects(SocketType type) {
    bench::Stopwatch watch;
    std::uint64_t opened = 0;
    for (; opened < std::min<std::uint64_t>(order_.count, bench::kConnectsAtOnce); ++opened) open(type, 1 + opened % 16);
    std::uint64_t done = 0;
    while (done < order_.count) {
      const Message& message = next();
      switch (message.kind) {
        case MessageKind::connect_cnf:
          send(message.socket, std::span(ping_).first(1));
          break;
        case MessageKind::receive_ind:
          receive(message);
          device_->close(message.socket);
          break;
        case MessageKind::close_cnf:
          device_->destroy(message.socket);
          ++done;
          if (opened < order_.count) open(type, 1 + opened++ % 16);
          break;
        default:
          break;
      }
    }
    return watch.lap();
  }

  /// Until the first connection is under way.
  double start(SocketType type) {
    bench::Stopwatch watch;
    open(type);
    return watch.lap();
  }

  void idle(SocketType type) {
    open_idle(type, 1);
    const std::uint64_t before = bench::private_dirty();
    bench::Stopwatch watch;
    open_idle(type, order_.count);
    const double seconds = watch.lap();
    bench::report_memory(before, bench::private_dirty(), seconds);
  }

 private:
  SocketId open(SocketType type, std::uint64_t last_part = 1) {
    static const std::array<std::string, bench::kServerAddresses> addresses = [] {
      std::array<std::string, bench::kServerAddresses> texts;
      for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = "127.0.0." + std::to_string(i + 1);
      return texts;
    }();
    socketcore::ConnectRequest request;
    request.type = type;
    request.address = addresses[last_part - 1];
    request.port = order_.port;
    const auto [id, error] = device_->connect(request);
    if (error != Err::ok) give_up("connect", std::string(name_of(error)));
    return id;
  }

  void open_idle(SocketType type, std::uint64_t count) {
    for (std::uint64_t done = 0, started = 0; done < count;) {
      for (; started < count && started - done < bench::kConnectsAtOnce; ++started) open(type);
      const Message& message = next();
      if (message.kind == MessageKind::connect_cnf) send(message.socket, ping_);
      if (message.kind == MessageKind::receive_ind) receive(message), ++done;
    }
  }

  const Message& next() {
    if (device_->receive(message_, std::nullopt) != socketcore::Waited::message) give_up("receive", "interrupted");
    if (message_.error != Err::ok) give_up("a message says", message_.reason);
    return message_;
  }

  void send(SocketId id, std::span<const std::byte> data) {
    if (const Err error = device_->send(id, data); error != Err::ok) give_up("send", std::string(name_of(error)));
  }

  void send_header(SocketId id) {
    const auto header = bench::header(order_.count);
    send(id, std::as_bytes(std::span(header)).first(header.size() - 1));
  }

  std::size_t receive(const Message& message) {
    const auto bytes = device_->peek(message.socket, message.size);
    const std::size_t size = bytes.size();
    device_->consume(message.socket);
    return size;
  }

  [[noreturn]] static void give_up(const char* what, const std::string& why) {
    std::fprintf(stderr, "bench client: %s: %s\n", what, why.c_str());
    std::exit(1);
  }

  const bench::Order& order_;
  std::unique_ptr<socketcore::Os> os_;
  socketcore::Reactor reactor_;
  std::unique_ptr<socketcore::Device> device_;
  Message message_;
  const std::array<std::byte, bench::kPingBytes> ping_{};
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Order order = bench::read_order(argc, argv);
  Client client(order);
  if (order.work == "tcp_echo") {
    bench::report(client.echo(SocketType::tcp));
  } else if (order.work == "udp_echo") {
    bench::report(client.echo(SocketType::udp));
  } else if (order.work == "receive") {
    bench::report(client.receive_bulk(SocketType::tcp));
  } else if (order.work == "send") {
    bench::report(client.send_bulk());
  } else if (order.work == "connects") {
    bench::report(client.connects(SocketType::tcp));
  } else if (order.work == "tls_receive") {
    bench::report(client.receive_bulk(SocketType::ssl));
  } else if (order.work == "tls_connects") {
    bench::report(client.connects(SocketType::ssl));
  } else if (order.work == "tls_start") {
    bench::report(client.start(SocketType::ssl));
  } else if (order.work == "idle") {
    client.idle(SocketType::tcp);
  } else if (order.work == "tls_idle") {
    client.idle(SocketType::ssl);
  } else {
    std::fprintf(stderr, "no such work: %.*s\n", static_cast<int>(order.work.size()), order.work.data());
    return 2;
  }
  return 0;
}
