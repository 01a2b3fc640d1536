#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device/core.hpp"
#include "os/sim.hpp"
#include "sim/allocations.hpp"
#include "sim/checked_device.hpp"
#include "sim/meddling_os.hpp"
#include "sim/peers.hpp"
#include "sim/print.hpp"
#include "sim/scripted_resolver.hpp"
#include "socketcore/socketcore.hpp"

namespace socketcore::test {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

/// Keeps the engine's lines.
class KeptLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view line) noexcept override {
    const Plenty plenty;
    lines.emplace_back(line);
  }
  Lines lines;
};

/// One reactor with one watched device on SimOs, and helpers that read like a script.
class World {
 public:
  World() : reactor(os, &log, make_resolver()), device(make_device(options)) {
    resolver->live_on(reactor.core().loop());
    faults.go_on();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Waits until every limit of the engine is over; destroys the device. Every promise must be kept by then, and every
  /// descriptor closed.
  void finish();

  /// The device again, with other options.
  void use(const DeviceOptions& other) {
    options = other;
    device.reset();
    device = make_device(options);
  }
  void use(const Profile& profile) {
    options.profile = &profile;
    use(DeviceOptions(options));
  }
  [[nodiscard]] std::unique_ptr<CheckedDevice> make_device(const DeviceOptions& its_options) {
    return std::make_unique<CheckedDevice>(Device::create(reactor, its_options));
  }

  // ---- A script's calls.
  SocketId connect(const ConnectRequest& request);
  SocketId connect_tcp(std::string_view address = "192.0.2.1", std::uint16_t port = 80) {
    return connect({.type = SocketType::tcp, .address = address, .port = port});
  }
  SocketId connect_udp(std::string_view address = "192.0.2.1", std::uint16_t port = 80) {
    return connect({.type = SocketType::udp, .address = address, .port = port});
  }
  Err send(SocketId id, std::string_view text) { return device->send(id, bytes_of(text)); }
  std::string recv(SocketId id, std::size_t limit = 1 << 20) {
    std::string text = text_of(device->peek(id, limit));
    device->consume(id);
    return text;
  }

  /// The next message, which must come within `limit`.
  Message take(Duration limit = 1h);
  std::string take_line(Duration limit = 1h) { return line_of(take(limit)); }
  /// The next message, which must be this one.
  Message expect(std::string_view line, Duration limit = 1h);
  /// All messages that come while `time` goes by.
  Lines lines_within(Duration time);
  void expect_silence(Duration time) { EXPECT_EQ(lines_within(time), Lines{}); }
  /// Lets the time go by, and the reactor turn; messages queue.
  void sleep(Duration time) { EXPECT_EQ(device->sleep(time), Waited::timeout); }
  [[nodiscard]] Duration since(Instant start) { return sim.now() - start; }

  // ---- Both ends of a connection.
  struct Connection {
    SocketId id = -1;
    Peer peer;
  };
  /// A connection that stands, its connect_cnf taken. `window`: the peer's receive buffer.
  Connection open(int window = 0, const ConnectRequest* request = nullptr);
  struct TlsConnection {
    SocketId id = -1;
    TlsPeer peer;
  };
  TlsConnection open_tls(int window = 0);

  /// Closes, takes the answer and destroys.
  void close_in_order(SocketId id);

  KeptLog log;
  SimOs sim;           // the network and its clock
  MeddlingOs os{sim};  // what the engine sees of it
  ScriptedResolver* resolver = nullptr;
  DeviceOptions options;
  Reactor reactor;
  std::unique_ptr<CheckedDevice> device;
  std::uint16_t next_port = 5000;

 private:
  std::unique_ptr<Resolver> make_resolver() {
    auto made = std::make_unique<ScriptedResolver>();
    resolver = made.get();
    return made;
  }
};

/// A test in a world of its own.
class SimTest : public testing::Test, public World {
 protected:
  void TearDown() override { finish(); }
};

}  // namespace socketcore::test
