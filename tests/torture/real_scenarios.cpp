// What the engine does on this machine's kernel, in ways that end well whatever is split, late or interrupted: where only
// that happens to a call, all must come through.
#include <thread>

#include "device/core.hpp"
#include "dns/cares_resolver.hpp"
#include "real/loopback.hpp"
#include "torture/kernel.hpp"
#include "unit/dns/name_server.hpp"

namespace socketcore::test {
namespace {

std::size_t offer(Peer& peer, std::string_view text) { return peer.offer(text); }
std::size_t offer(TlsPeer& peer, std::string_view text) {
  (void)peer.pump();
  return text.empty() ? 0 : peer.stream().write(bytes_of(text)).size;
}

class OnLinux : public Loopback {
 protected:
  explicit OnLinux(const Profile& profile = host_profile(), std::unique_ptr<Resolver> resolver = nullptr)
      : Loopback(profile, std::move(resolver)) {}

  /// How long something that has to come may take on a machine that has other work. Without memory, nothing has to come.
  [[nodiscard]] static Duration limit() { return kernel->has_memory() ? Duration(20s) : Duration(300ms); }

  /// One message of an exchange.
  void hear(const Message& message, std::string& back) {
    if (message.kind == MessageKind::send_cnf) {
      if (message.error == Err::ok) confirmed_ += message.size;
      broken_ |= message.error != Err::ok && message.error != Err::enomem;
    } else if (message.kind == MessageKind::receive_ind) {
      back += recv(message.socket, message.size);
    } else {
      broken_ = true;
    }
  }

  /// Sends `data` both ways at once, and closes: all of it arrives, or the script hears that it does not.
  template <typename AnyPeer>
  void exchange(SocketId id, AnyPeer& peer, const std::string& data) {
    std::string there;
    std::string back;
    std::size_t sent = 0;
    std::size_t offered = 0;
    std::size_t moved = 0;
    int refusals = 0;
    broken_ = false;
    confirmed_ = 0;
    Message message;
    Instant last = os->now();
    const auto whole = [&] { return there.size() + back.size() + confirmed_ == 3 * data.size(); };
    while (!broken_ && !whole() && os->now() - last < limit() && refusals < 100) {
      if (const std::size_t part = std::min({device->send_space(id), data.size() - sent, std::size_t{20'000}}); part > 0) {
        const Err error = send(id, std::string_view(data).substr(sent, part));
        if (error == Err::ok) sent += part;
        if (error != Err::ok) ++refusals;
      }
      offered += offer(peer, std::string_view(data).substr(offered, 30'000));
      there += peer.read();
      Duration wait = 0ms;
      if (const std::size_t now = there.size() + back.size() + confirmed_ + sent + offered; now != moved) {
        moved = now;
        last = os->now();
      } else {
        wait = 1ms;
      }
      while (receive(message, wait) == Waited::message) {
        hear(message, back);
        wait = 0ms;
      }
    }
    const PromisesChecked promises;
    EXPECT_TRUE(data.starts_with(there)) << "other bytes came than were sent";
    EXPECT_TRUE(data.starts_with(back)) << "other bytes came than the peer has sent";
    EXPECT_TRUE(whole() || broken_ || !kernel->has_memory())
        << "it stands still without a word: " << there.size() << ", " << back.size() << " of " << data.size();
    if (kernel->harmless()) {
      EXPECT_TRUE(whole() && !broken_) << "nothing had happened to it";
    }
    const bool was_broken = broken_;
    if (const std::optional<Err> closed = close(id, peer, there, back); closed == Err::ok && !was_broken) {
      EXPECT_EQ(there.size(), sent) << "closed in order, and bytes are missing";
      EXPECT_TRUE(peer.ended() || !kernel->harmless());  // a goodbye that fails loses nothing
    }
  }

  template <typename AnyPeer>
  std::optional<Err> close(SocketId id, AnyPeer& peer, std::string& there, std::string& back) {
    if (!device->close(id)) return std::nullopt;
    const Instant start = os->now();
    Message message;
    while (os->now() - start < limit()) {
      there += peer.read();
      if (receive(message, 1ms) != Waited::message) continue;
      if (message.kind != MessageKind::close_cnf) {
        hear(message, back);
        continue;
      }
      there += peer.read();
      return message.error;
    }
    EXPECT_FALSE(kernel->has_memory()) << "no close_cnf";
    return std::nullopt;
  }

 private:
  bool broken_ = false;
  std::size_t confirmed_ = 0;
};

class OnLinuxAsAir724u : public OnLinux {
 protected:
  OnLinuxAsAir724u() : OnLinux(air724u_profile()) {}
};

TEST_F(OnLinux, BytesBothWays) {
  auto [id, peer] = open(20'000);
  exchange(id, peer, pattern(300'000));
}

TEST_F(OnLinux, BytesBothWaysWithoutEpollPwait2) {
  kernel->age();
  auto [id, peer] = open(20'000, "::1");
  exchange(id, peer, pattern(100'000));
}

TEST_F(OnLinuxAsAir724u, BytesBothWaysConfirmedByThePeer) {
  auto [id, peer] = open();
  exchange(id, peer, pattern(20'000));
}

TEST_F(OnLinux, BytesBothWaysOverTls) {
  Listener listener(*os, at("127.0.0.1", 0), 16, 20'000);
  const SocketId id = connect({.type = SocketType::ssl,
                               .address = "127.0.0.1",
                               .port = os->local_endpoint(listener.fd())->port,
                               .tls = {.host_name = "tls.test", .ca_cert = tls_ca()}});
  TlsPeer peer;
  Message message;
  const Instant end = os->now() + patience();
  Waited waited = Waited::timeout;
  while (waited != Waited::message && os->now() < end) {
    if (!peer.valid()) {
      if (Peer accepted = listener.try_accept(); accepted.valid()) peer = TlsPeer(std::move(accepted), tls_server());
    }
    (void)peer.pump();
    waited = receive(message, 1ms);
  }
  ASSERT_EQ(line_of(message), "connect_cnf " + std::to_string(id)) << message.reason;
  exchange(id, peer, pattern(60'000));
}

TEST_F(OnLinux, CloseDropsWhatAPeerStillSends) {
  auto [id, peer] = open(5000);
  const std::string data = pattern(300'000);
  ASSERT_EQ(send(id, data), Err::ok);
  std::string there;
  std::string back;
  ASSERT_TRUE(device->close(id));
  const Instant start = os->now();
  Message message;
  Waited waited = Waited::timeout;
  while (waited != Waited::message && os->now() - start < limit()) {
    (void)peer.offer(std::string_view(data).substr(0, there.size() < data.size() / 2 ? 50'000 : 0));
    there += peer.read();
    waited = receive(message, 1ms);
  }
  there += peer.read();
  const PromisesChecked promises;
  EXPECT_TRUE(data.starts_with(there));
  EXPECT_TRUE(waited == Waited::message || !kernel->has_memory()) << "no close_cnf";
  if (waited == Waited::message && message.error == Err::ok) {
    EXPECT_EQ(there.size(), data.size()) << "closed in order, and bytes are missing";
  }
  if (kernel->harmless()) {
    EXPECT_EQ(message.error, Err::ok);
  }
}

TEST_F(OnLinux, WhatADeviceLeavesBehindIsDelivered) {
  auto [id, peer] = open(5000);
  const std::string data = pattern(200'000);
  ASSERT_EQ(send(id, data), Err::ok);
  device.reset();
  std::string there;
  const Instant start = os->now();
  while (reactor.lingering() > 0 && os->now() - start < limit()) {
    {
      const Scarcity scarcity;
      (void)reactor.turn(1ms);
    }
    there += peer.read();
  }
  there += peer.read();
  const PromisesChecked promises;
  EXPECT_EQ(reactor.lingering(), 0U);
  EXPECT_TRUE(data.starts_with(there));
  EXPECT_TRUE(!peer.ended() || there.size() == data.size()) << "it looks whole, and is not";
  if (kernel->harmless()) {
    EXPECT_EQ(there.size(), data.size());
  }
}

/// Each of `got` is one of `sent`, in its order.
bool in_order(const Lines& got, const Lines& sent) {
  auto next = sent.begin();
  for (const std::string& text : got) {
    next = std::find(next, sent.end(), text);
    if (next == sent.end()) return false;
    ++next;
  }
  return true;
}

TEST_F(OnLinux, DatagramsBothWays) {
  DatagramPeer peer(*os, at("127.0.0.1", 0));
  const SocketId id = connect({.type = SocketType::udp, .address = "127.0.0.1", .port = peer.port()});
  expect("connect_cnf " + std::to_string(id));
  Lines sent;
  Lines there;
  Lines echoed;
  Lines back;
  Message message;
  const auto hear = [&] {
    while (receive(message, 0ms) == Waited::message) {
      if (message.kind == MessageKind::receive_ind) back.push_back(recv(id));
    }
  };
  for (std::size_t i = 0; i < 30; ++i) {
    const std::string text = pattern(1 + i * i * 40, i * 7);
    if (send(id, text) == Err::ok) sent.push_back(text);
    hear();
    for (std::string got = peer.read(); got != "nothing"; got = peer.read()) {
      there.push_back(got);
      peer.send_to(peer.last_sender(), got);
      echoed.push_back(got);
    }
    hear();
  }
  const Instant start = os->now();
  while (kernel->harmless() && back.size() < 30 && os->now() - start < limit()) {
    (void)device->sleep(1ms);
    for (std::string got = peer.read(); got != "nothing"; got = peer.read()) {
      there.push_back(got);
      peer.send_to(peer.last_sender(), got);
      echoed.push_back(got);
    }
    hear();
  }
  const PromisesChecked promises;
  EXPECT_TRUE(in_order(there, sent)) << "a datagram that was not sent, or twice, or late";
  EXPECT_TRUE(in_order(back, echoed)) << "a datagram that the peer has not sent, or twice, or late";
  if (kernel->harmless()) {
    EXPECT_EQ(there.size(), 30U);
    EXPECT_EQ(back.size(), 30U);
  }
}

TEST_F(OnLinux, ARawSocketPings) {
  const OpenResult probe = os->open(Family::v4, SocketKind::raw, 1);
  if (!probe.ok()) GTEST_SKIP() << "raw sockets: " << probe.error.words();
  os->close(probe.fd);
  const SocketId id = connect({.type = SocketType::raw, .address = "127.0.0.1", .port = 0});
  expect("connect_cnf " + std::to_string(id));
  // RFC 792: an echo request with a checksum that fits.
  std::string request("\x08\x00\x00\x00", 4);
  request += std::string("\x00\x00\xf7\xff", 4);
  Message message;
  EXPECT_EQ(send(id, request), Err::ok);
  (void)receive(message, 20ms);
  (void)receive(message, 20ms);
}

TEST_F(OnLinux, TimersComeInOrderAndNeverEarly) {
  const Instant start = os->now();
  const std::vector<int> times{1, 3, 5, 8};
  for (const int ms : times) ASSERT_TRUE(device->start_timer(ms, ms));
  Message message;
  const PromisesChecked promises;
  for (const int ms : times) {
    const Waited waited = receive(message, limit());
    if (waited != Waited::message && !kernel->has_memory()) return;
    ASSERT_EQ(waited, Waited::message);
    EXPECT_EQ(line_of(message), "timer " + std::to_string(ms));
    EXPECT_GE(os->now() - start, std::chrono::milliseconds(ms));
  }
}

TEST_F(OnLinux, AWakeFromAnotherThreadEndsAWait) {
  std::thread waker([this] { reactor.wake(); });
  // It is there before anything can fail.
  waker.join();
  Message message;
  const Waited waited = device->receive(message, limit());
  const PromisesChecked promises;
  EXPECT_EQ(waited, Waited::interrupted);
  EXPECT_EQ(receive(message, 1ms), Waited::timeout) << "it was woken once";
}

TEST_F(OnLinux, EveryOptionOfASocket) {
  Listener listener(*os, at("127.0.0.1", 0));
  const std::uint16_t local = free_port();
  const SocketId id = connect({.address = "127.0.0.1",
                               .port = os->local_endpoint(listener.fd())->port,
                               .receive_buffer_bytes = 10'000,
                               .local_port = local});
  const auto set = [&](SocketOption option, int value) {
    const Scarcity scarcity;
    return device->set_option(id, option, value);
  };
  EXPECT_TRUE(set(SocketOption::reuse_address, 1));
  EXPECT_TRUE(set(SocketOption::keep_alive, 1));
  EXPECT_TRUE(set(SocketOption::keep_idle_s, 10));
  EXPECT_TRUE(set(SocketOption::keep_interval_s, 10));
  EXPECT_TRUE(set(SocketOption::keep_count, 3));
  expect("connect_cnf " + std::to_string(id));
  Peer peer = listener.accept();
  const bool before = kernel->struck();
  const bool taken = set(SocketOption::keep_idle_s, 20);
  {
    const PromisesChecked promises;
    EXPECT_EQ(taken, kernel->struck() == before) << "refused by the kernel, and nobody says so";
  }
  exchange(id, peer, "a few bytes");
}

/// A resolver on the reactor's own loop, which is made later.
class LateResolver final : public Resolver {
 public:
  void resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer) override {
    inner->resolve(name, family, std::move(answer));
  }
  std::unique_ptr<Resolver> inner;
};

class OnLinuxWithNames : public OnLinux {
 protected:
  OnLinuxWithNames() : OnLinuxWithNames(std::make_unique<LateResolver>()) {}
  explicit OnLinuxWithNames(std::unique_ptr<LateResolver> resolver) : OnLinuxWithNames(*resolver, resolver) {}
  OnLinuxWithNames(LateResolver& late, std::unique_ptr<LateResolver>& resolver)
      : OnLinux(host_profile(), std::move(resolver)) {
    CaresOptions asking{.servers_csv = server.text(), .timeout_ms = 100, .tries = 3};
    asking.resolv_conf_path = "/dev/null";
    late.inner = std::make_unique<CaresResolver>(reactor.core().loop(), nullptr, asking);
  }
  /// The next message, while the server is at work.
  Waited ask(Message& message) {
    const Instant start = os->now();
    Waited waited = Waited::timeout;
    while (waited != Waited::message && os->now() - start < limit()) {
      (void)server_loop.turn(0ms);
      waited = receive(message, 1ms);
    }
    return waited;
  }
  void connect_by_name(std::string_view name) {
    Listener listener(*os, at("127.0.0.1", 0));
    const SocketId id = connect({.address = name, .port = os->local_endpoint(listener.fd())->port});
    Message message;
    const Waited waited = ask(message);
    {
      const PromisesChecked promises;
      EXPECT_TRUE(waited == Waited::message || !kernel->has_memory()) << "no answer";
      if (kernel->harmless()) {
        EXPECT_EQ(line_of(message), "connect_cnf " + std::to_string(id)) << message.reason;
      }
    }
    EXPECT_EQ(message.error, Err::ok);
    Peer peer = listener.accept();
    exchange(id, peer, "a few bytes");
  }

  std::unique_ptr<Os> server_os = linux_os();
  Loop server_loop{*server_os};
  NameServer server{server_loop, *server_os};
};

TEST_F(OnLinuxWithNames, ANameLeadsThere) {
  server.script = [](const Query& query) -> std::vector<Bytes> {
    Reply reply(query);
    if (query.type == kA) reply.a("127.0.0.1");
    return {reply.bytes()};
  };
  connect_by_name("one.test");
  connect_by_name("two.test");
}

TEST_F(OnLinuxWithNames, ALongAnswerComesOverTcp) {
  server.script = [](const Query& query) -> std::vector<Bytes> {
    Reply reply(query);
    if (!query.stream) return {reply.truncated().bytes()};
    if (query.type == kA) reply.a("127.0.0.1");
    return {reply.bytes()};
  };
  connect_by_name("long.test");
}

}  // namespace
}  // namespace socketcore::test
