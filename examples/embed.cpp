// The engine in a C++ program, without Lua.
//
//   embed HOST PORT         an echo server over TCP, for example that of `socketcore echo`
//
// First one device, used like a script uses it: call, then wait for the next message. Then several devices on one reactor,
// which is turned by hand: it says which of them have messages, so that one thread serves them all.

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <socketcore/socketcore.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;
using socketcore::Device;
using socketcore::Err;
using socketcore::Message;
using socketcore::MessageKind;
using socketcore::SocketId;

namespace {

struct Server {
  std::string_view host;
  std::uint16_t port = 0;
};

SocketId connect(Device& device, const Server& server) {
  socketcore::ConnectRequest request;
  request.type = socketcore::SocketType::tcp;
  request.address = server.host;
  request.port = server.port;
  return device.connect(request).id;  // -1 where there is none; Opened::error says why
}

/// Sends one line, waits for its echo, closes. Fed with the messages of its device, one by one.
class Conversation {
 public:
  Conversation(Device& device, const Server& server, std::string line)
      : device_(device), line_(std::move(line)), socket_(connect(device, server)) {
    if (socket_ < 0) state_ = State::failed;
  }

  [[nodiscard]] bool over() const { return state_ != State::talking; }
  [[nodiscard]] bool good() const { return state_ == State::done; }

  void on(const Message& message) {
    if (message.error != Err::ok) {
      std::fprintf(stderr, "%s\n", message.reason.c_str());
      state_ = State::failed;
      return;
    }
    switch (message.kind) {
      case MessageKind::connect_cnf:
        // A refusal would come as a failed send_cnf too, so the return value may be left alone.
        (void)device_.send(socket_, std::as_bytes(std::span(line_)));
        break;
      case MessageKind::receive_ind:
        receive(message.size);
        break;
      case MessageKind::close_ind:
        std::fprintf(stderr, "the server has closed the connection\n");
        state_ = State::failed;
        break;
      case MessageKind::close_cnf:
        device_.destroy(socket_);
        state_ = echo_ == line_ ? State::done : State::failed;
        break;
      case MessageKind::send_cnf:
      case MessageKind::timer:
      case MessageKind::event:
        break;
    }
  }

 private:
  enum class State { talking, done, failed };

  void receive(std::size_t size) {
    // The bytes stay the engine's; consume() lets go of them.
    const std::span<const std::byte> bytes = device_.peek(socket_, size);
    echo_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    device_.consume(socket_);
    if (echo_.size() >= line_.size()) device_.close(socket_);
  }

  Device& device_;
  std::string line_;
  std::string echo_;
  State state_ = State::talking;
  SocketId socket_;
};

bool one_device(socketcore::Reactor& reactor, const Server& server) {
  const std::unique_ptr<Device> device = Device::create(reactor);
  Conversation conversation(*device, server, "a line from one device");
  Message message;
  while (!conversation.over()) {
    if (device->receive(message, 10s) != socketcore::Waited::message) return false;
    conversation.on(message);
  }
  std::printf("one device: %s\n", conversation.good() ? "echoed and closed" : "failed");
  return conversation.good();
}

bool several_devices(socketcore::Reactor& reactor, const Server& server) {
  struct Unit {
    std::unique_ptr<Device> device;
    std::unique_ptr<Conversation> conversation;
  };
  std::map<std::uint64_t, Unit> units;  // by the device's key
  constexpr int kUnits = 5;
  for (int i = 1; i <= kUnits; ++i) {
    Unit unit;
    unit.device = Device::create(reactor);
    unit.conversation = std::make_unique<Conversation>(*unit.device, server, "a line from device " + std::to_string(i));
    units.emplace(unit.device->key().value, std::move(unit));
  }

  int good = 0;
  Message message;
  const socketcore::Instant limit = reactor.os().now() + 10s;
  while (!units.empty() && reactor.os().now() < limit) {
    // Many turns have nothing for us. A device whose queue has become non-empty is named once: take all that it has.
    for (const socketcore::DeviceKey key : reactor.turn(1s)) {
      const auto found = units.find(key.value);
      if (found == units.end()) continue;
      Unit& unit = found->second;
      while (unit.device->next(message)) unit.conversation->on(message);
      if (!unit.conversation->over()) continue;
      good += unit.conversation->good() ? 1 : 0;
      units.erase(found);
    }
  }
  std::printf("%d of %d devices: echoed and closed\n", good, kUnits);
  return good == kUnits;
}

}  // namespace

int main(int argc, char** argv) {
  Server server;
  const std::string_view port = argc == 3 ? argv[2] : "";
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
  if (argc != 3 || error != std::errc() || end != port.data() + port.size()) {
    std::fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
    return 2;
  }
  server.host = argv[1];

  // What outlives what: the Os the Reactor, the Reactor its Devices.
  const std::unique_ptr<socketcore::Os> os = socketcore::linux_os();
  if (!os) {
    std::fprintf(stderr, "no epoll instance\n");
    return 1;
  }
  socketcore::Reactor reactor(*os);
  const bool good = one_device(reactor, server) && several_devices(reactor, server);
  // Whatever destroyed devices had still to deliver.
  reactor.drain();
  return good ? 0 : 1;
}
