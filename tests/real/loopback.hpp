#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "real/descriptors.hpp"
#include "sim/checked_device.hpp"
#include "sim/peers.hpp"
#include "socketcore/socketcore.hpp"

namespace socketcore::test {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

/// A device on this machine's kernel, its peers moved by hand between two turns.
class Loopback : public testing::Test {
 protected:
  explicit Loopback(const Profile& profile = host_profile(), std::unique_ptr<Resolver> resolver = nullptr)
      : os(linux_os()),
        reactor(*os, nullptr, std::move(resolver)),
        options{.profile = &profile},
        device(make_device()) {
    faults.go_on();
  }
  void TearDown() override {
    const PromisesChecked promises;
    faults.pause();
    if (tortured) settle();
    if (device) device->check_answered(false);
    device.reset();
    EXPECT_TRUE(reactor.drain());
  }
  [[nodiscard]] std::unique_ptr<CheckedDevice> make_device() {
    return std::make_unique<CheckedDevice>(Device::create(reactor, options));
  }

  SocketId connect(const ConnectRequest& request) {
    const Opened opened = device->connect(request);
    EXPECT_EQ(opened.error, Err::ok);
    return opened.id;
  }
  Err send(SocketId id, std::string_view text) { return device->send(id, bytes_of(text)); }
  std::string recv(SocketId id, std::size_t limit = 1 << 20) {
    std::string text = text_of(device->peek(id, limit));
    device->consume(id);
    return text;
  }
  Message expect(std::string_view line, Duration limit = 10s) {
    Message message;
    const Waited waited = receive(message, std::min(limit, patience()));
    EXPECT_EQ(waited, Waited::message) << "instead of " << line;
    if (waited == Waited::message) {
      EXPECT_EQ(line_of(message), line) << message.reason;
    }
    return message;
  }
  /// device->receive(), on and on where a fault cuts it short.
  Waited receive(Message& message, Duration limit) {
    const Instant end = later(os->now(), limit);
    for (;;) {
      const Waited waited = device->receive(message, std::max(Duration::zero(), end - os->now()));
      if (waited != Waited::interrupted || !tortured) return waited;
    }
  }
  /// How long a test waits for what it expects. With a fault at work it may never come.
  [[nodiscard]] static Duration patience() { return disturbed ? Duration(300ms) : Duration(10s); }
  /// A test that was left early has not heard all of its answers.
  void settle() {
    Message message;
    const Instant end = os->now() + 20s;
    while (device && !device->answered() && os->now() < end) (void)device->receive(message, 20ms);
  }
  Lines lines_within(Duration time) {
    Lines lines;
    Message message;
    const Instant end = os->now() + time;
    while (device->receive(message, end - os->now()) == Waited::message) lines.push_back(line_of(message));
    return lines;
  }
  [[nodiscard]] double seconds_since(Instant start) { return std::chrono::duration<double>(os->now() - start).count(); }

  struct Connection {
    SocketId id = -1;
    Peer peer;
  };
  Connection open(int window = 0, std::string_view address = "127.0.0.1", SocketType type = SocketType::tcp) {
    Listener listener(*os, at(address, 0), 16, window);
    const SocketId id = connect({.type = type, .address = address, .port = os->local_endpoint(listener.fd())->port});
    expect("connect_cnf " + std::to_string(id));
    return {id, listener.accept()};
  }
  /// A port where nobody listens.
  std::uint16_t free_port() {
    const Listener listener(*os, at("127.0.0.1", 0));
    return os->local_endpoint(listener.fd())->port;
  }
  /// What the peer gets until it has so much, or its connection ends, or ten seconds are over; the reactor turns meanwhile.
  std::string read_peer(Peer& peer, std::size_t size) {
    std::string all;
    const Instant end = os->now() + patience();
    while (all.size() < size && os->now() < end && !peer.ended() && peer.error().ok()) {
      const std::string more = peer.read();
      all += more;
      if (more.empty()) (void)device->sleep(1ms);
    }
    return all;
  }

  std::unique_ptr<Os> os;
  Reactor reactor;
  DeviceOptions options;
  std::unique_ptr<CheckedDevice> device;
};

}  // namespace socketcore::test
