// What may be done from several threads at once: reactors of their own, and waking somebody else's. The thread sanitizer
// watches (preset tsan).
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "sim/peers.hpp"
#include "socketcore/socketcore.hpp"
#include "threads/echo_peer.hpp"

namespace socketcore::test {
namespace {

using namespace std::chrono_literals;

/// Counts its lines. One for each reactor, as the interface wants it.
class CountingLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view) noexcept override { ++lines; }
  std::size_t lines = 0;
};

/// A reactor, a device, and the scripts that threads run on them. EXPECTs are allowed in threads, on Linux.
class OwnReactor {
 public:
  Message expect(MessageKind kind) {
    Message message;
    do {
      const Waited waited = device->receive(message, 20s);
      if (waited == Waited::interrupted) ++interrupted;
      if (waited == Waited::timeout) {
        ADD_FAILURE() << "no message";
        return message;
      }
      if (waited == Waited::interrupted) message.kind = MessageKind::send_cnf;
    } while (message.kind == MessageKind::send_cnf);
    EXPECT_EQ(message.kind, kind) << message.reason;
    return message;
  }

  /// One connection over TLS, verified, with an echo on it.
  void tls_echo(std::uint16_t port) {
    const Opened opened = device->connect(
        {.type = SocketType::ssl, .address = "127.0.0.1", .port = port, .tls = {.host_name = "tls.test", .ca_cert = tls_ca()}});
    const Message connected = expect(MessageKind::connect_cnf);
    EXPECT_EQ(connected.verify, "ok");
    const std::string data = pattern(3000);
    EXPECT_EQ(device->send(opened.id, bytes_of(data)), Err::ok);
    std::string got;
    while (got.size() < data.size() && !testing::Test::HasFailure()) {
      expect(MessageKind::receive_ind);
      got += text_of(device->peek(opened.id, data.size()));
      device->consume(opened.id);
    }
    EXPECT_EQ(got, data);
    finish(opened.id);
  }

  /// A name that is looked up, and a refusal.
  void refusal_by_name(std::uint16_t port) {
    const Opened opened = device->connect({.address = "localhost", .port = port});
    EXPECT_EQ(expect(MessageKind::connect_cnf).error, Err::erst);
    EXPECT_TRUE(device->destroy(opened.id));
  }

  /// A datagram to itself by way of another socket of the same thread.
  void datagram() {
    DatagramPeer peer(*os, at("127.0.0.1", 0));
    const Opened opened = device->connect({.type = SocketType::udp, .address = "127.0.0.1", .port = peer.port()});
    expect(MessageKind::connect_cnf);
    EXPECT_EQ(device->send(opened.id, bytes_of("there")), Err::ok);
    EXPECT_EQ(peer.read(), "there");
    peer.send_to(peer.last_sender(), "and back");
    expect(MessageKind::receive_ind);
    EXPECT_EQ(text_of(device->peek(opened.id, 100)), "and back");
    device->consume(opened.id);
    finish(opened.id);
  }

  void finish(SocketId id) {
    EXPECT_TRUE(device->close(id));
    expect(MessageKind::close_cnf);
    EXPECT_TRUE(device->destroy(id));
  }

  CountingLog log;
  std::unique_ptr<Os> os = linux_os();
  Reactor reactor{*os, &log};
  std::unique_ptr<Device> device = Device::create(reactor);
  int interrupted = 0;
};

std::uint16_t unused_port() {
  const auto os = linux_os();
  const Listener listener(*os, at("127.0.0.1", 0));
  return os->local_endpoint(listener.fd())->port;
}

TEST(Threads, EachWithAReactorOfItsOwn) {
  TlsEchoThread server;
  const std::uint16_t nobody = unused_port();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([nobody, port = server.port()] {
      for (int round = 0; round < 5; ++round) {
        // Made anew each time: what all reactors of a process share is made, used and given back at the same time.
        OwnReactor own;
        own.tls_echo(port);
        own.refusal_by_name(nobody);
        own.datagram();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, OthersWakeAReactorAtWork) {
  TlsEchoThread server;
  OwnReactor own;
  std::atomic<bool> done = false;
  std::vector<std::thread> wakers;
  for (int i = 0; i < 2; ++i) {
    wakers.emplace_back([&own, &done] {
      while (!done) {
        own.reactor.wake();
        std::this_thread::sleep_for(100us);
      }
    });
  }
  for (int round = 0; round < 5; ++round) {
    own.tls_echo(server.port());
    own.datagram();
  }
  done = true;
  for (std::thread& waker : wakers) waker.join();
  EXPECT_GT(own.interrupted, 0);
}

TEST(Threads, WhatAWakerWroteIsSeenAfterTheWake) {
  OwnReactor own;
  Message message;
  for (int round = 0; round < 200; ++round) {
    int told = 0;  // no atomic: wake() and the wait that it ends put one after the other
    std::thread other([&] {
      told = round + 1;
      own.reactor.wake();
    });
    EXPECT_EQ(own.device->receive(message, 20s), Waited::interrupted);
    EXPECT_EQ(told, round + 1);
    other.join();
  }
}

}  // namespace
}  // namespace socketcore::test
