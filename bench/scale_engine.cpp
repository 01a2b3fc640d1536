// The works of bench/scale.py and bench/latency.py done by the engine from C++: all sockets in one device, taken message by
// message ("echo"), or each in a device of its own, as the reactor names them ("devices").

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "scale.hpp"
#include "socketcore/socketcore.hpp"

namespace {

using socketcore::Device;
using socketcore::Err;
using socketcore::Message;
using socketcore::MessageKind;
using socketcore::SocketId;

[[noreturn]] void give_up(const char* what, std::string_view why) {
  std::fprintf(stderr, "scale_engine: %s: %.*s\n", what, static_cast<int>(why.size()), why.data());
  std::exit(1);
}

class Client {
 public:
  explicit Client(const bench::ScaleOrder& order)
      : order_(order), os_(socketcore::linux_os()), reactor_(*os_), got_(order.sockets) {
    const std::uint32_t devices = one_device() ? 1 : order.sockets;
    devices_.reserve(devices);
    numbers_.reserve(devices);
    for (std::uint32_t i = 0; i < devices; ++i) {
      devices_.push_back(Device::create(reactor_));
      numbers_[devices_.back()->key().value] = i;
    }
    for (std::size_t i = 0; i < bench::kServerAddresses; ++i) addresses_.push_back("127.0.0." + std::to_string(i + 1));
  }

  void open(bool ping) {
    std::uint32_t started = 0;
    std::uint32_t done = 0;
    while (done < order_.sockets) {
      for (; started < order_.sockets && started - done < bench::kConnectsAtOnce; ++started) connect_next(started);
      take([&](std::uint32_t number, const Message& message) {
        if (message.kind == MessageKind::connect_cnf) {
          if (ping) send(number, ping_);
          if (!ping) ++done;
        } else if (message.kind == MessageKind::receive_ind && receive(number, message)) {
          ++done;
        }
      });
    }
  }

  void echo(std::uint64_t count) {
    std::uint64_t sent = 0;
    for (; sent < std::min<std::uint64_t>(count, order_.window); ++sent) send(static_cast<std::uint32_t>(sent), ping_);
    for (std::uint64_t done = 0; done < count;) {
      take([&](std::uint32_t number, const Message& message) {
        if (message.kind != MessageKind::receive_ind || !receive(number, message)) return;
        ++done;
        if (sent == count) return;
        ++sent;
        send(order_.after(number), ping_);
        if (order_.after(number) != number) settle(order_.after(number));
      });
    }
  }

  void reflect() {
    // The view that peek() gives ends with the next call.
    std::vector<std::byte> copy(bench::kChunkBytes);
    for (bool over = false; !over;) {
      take([&](std::uint32_t number, const Message& message) {
        over = over || message.kind == MessageKind::close_ind;
        if (message.kind != MessageKind::receive_ind || over) return;
        const auto bytes = device_of(number).peek(message.socket, message.size);
        const std::size_t size = bytes.size();
        std::memcpy(copy.data(), bytes.data(), size);
        device_of(number).consume(message.socket);
        send(number, std::span(copy).first(size));
      });
    }
  }

  /// Deadlines as they come: in no order, far enough that none runs out.
  void arm_timers() {
    constexpr std::int32_t kHourMs = 3'600'000;
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < order_.timers; ++i) {
      const auto ms = kHourMs + static_cast<std::int32_t>(random() % kHourMs);
      if (!devices_[0]->start_timer(static_cast<std::int32_t>(i), ms)) give_up("start_timer", "refused");
    }
  }
  void stop_timers() {
    for (std::uint32_t i = 0; i < order_.timers; ++i) devices_[0]->stop_timer(static_cast<std::int32_t>(i));
  }

 private:
  [[nodiscard]] bool one_device() const { return order_.work != "devices"; }
  [[nodiscard]] Device& device_of(std::uint32_t number) { return *devices_[one_device() ? 0 : number]; }
  // A device counts its ids from 0.
  [[nodiscard]] SocketId id_of(std::uint32_t number) const { return one_device() ? static_cast<SocketId>(number) : 0; }

  void connect_next(std::uint32_t number) {
    socketcore::ConnectRequest request;
    request.address = addresses_[number % bench::kServerAddresses];
    request.port = order_.port;
    if (const auto [id, error] = device_of(number).connect(request); error != Err::ok) give_up("connect", name_of(error));
  }

  void send(std::uint32_t number, std::span<const std::byte> data) {
    if (const Err error = device_of(number).send(id_of(number), data); error != Err::ok) give_up("send", name_of(error));
  }

  /// Takes what a call has left in the queue of a device that no turn has named, as a host does that runs each device's
  /// script until there is nothing left for it. Here that is the answer to a send.
  void settle(std::uint32_t number) {
    while (!one_device() && devices_[number]->next(message_)) {
    }
  }

  bool receive(std::uint32_t number, const Message& message) {
    std::size_t& got = got_[number];
    got += device_of(number).peek(message.socket, message.size).size();
    device_of(number).consume(message.socket);
    if (got < bench::kPingBytes) return false;
    got = 0;
    return true;
  }

  /// The next message, or all that a turn has brought.
  template <typename Visit>
  void take(Visit visit) {
    const auto checked = [&](std::uint32_t number) {
      if (message_.error != Err::ok && message_.kind != MessageKind::close_ind) give_up("a message says", message_.reason);
      visit(number, message_);
    };
    if (one_device()) {
      if (devices_[0]->receive(message_, std::nullopt) != socketcore::Waited::message) give_up("receive", "interrupted");
      checked(static_cast<std::uint32_t>(message_.socket));
      return;
    }
    for (const socketcore::DeviceKey key : reactor_.turn(socketcore::Duration(-1))) {
      const std::uint32_t number = numbers_.find(key.value)->second;
      while (devices_[number]->next(message_)) checked(number);
    }
  }

  const bench::ScaleOrder& order_;
  std::unique_ptr<socketcore::Os> os_;
  socketcore::Reactor reactor_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // of the devices, by their keys
  std::vector<std::size_t> got_;
  std::vector<std::string> addresses_;
  Message message_;
  const std::array<std::byte, bench::kPingBytes> ping_{};
};

}  // namespace

int main(int argc, char** argv) {
  const bench::ScaleOrder order = bench::read_scale_order(argc, argv);
  Client client(order);
  bench::Meter meter;
  if (order.work == "open") {
    client.open(false);
    bench::report(meter.lap());
  } else if (order.work == "reflect") {
    client.open(false);
    meter.lap();
    client.reflect();
    bench::report(meter.lap());
  } else if (order.work == "echo" || order.work == "devices") {
    client.open(true);
    client.echo(order.warm_up());
    meter.lap();
    client.echo(order.echoes);
    bench::report(meter.lap());
  } else if (order.work == "timers") {
    client.open(true);
    const std::uint64_t before = bench::private_dirty();
    meter.lap();
    client.arm_timers();
    const auto first = meter.lap();
    const std::uint64_t bytes = bench::private_dirty() - before;
    meter.lap();
    client.arm_timers();
    const auto again = meter.lap();
    client.echo(order.warm_up());
    meter.lap();
    client.echo(order.echoes);
    const auto echoes = meter.lap();
    client.stop_timers();
    const auto stopped = meter.lap();
    bench::report_timers(first, again, stopped, bytes, echoes);
  } else {
    std::fprintf(stderr, "no such work: %.*s\n", static_cast<int>(order.work.size()), order.work.data());
    return 2;
  }
  return 0;
}
