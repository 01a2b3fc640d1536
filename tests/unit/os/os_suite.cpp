#include "unit/os/os_suite.hpp"

#include <algorithm>

namespace socketcore::test {

std::string letters(Readiness what) {
  std::string text;
  if (what.readable) text += 'R';
  if (what.writable) text += 'W';
  if (what.ended) text += 'D';
  if (what.hangup) text += 'H';
  if (what.error) text += 'E';
  return text;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

OsSuite::OsSuite() {
  if (GetParam() == Kind::linux_kernel) {
    os_ = linux_os();
  } else {
    auto simulated = std::make_unique<SimOs>();
    sim_ = simulated.get();
    os_ = std::move(simulated);
  }
}

OsSuite::~OsSuite() {
  for (const int fd : open_) os_->close(fd);
}

bool OsSuite::has_ipv6() {
  const OwnedFd probe(os(), os().open(Family::v6, SocketKind::datagram, 0).fd);
  return probe.valid() && os().bind(probe.get(), {*Address::parse("::1"), 0}).ok();
}

int OsSuite::open(Family family, SocketKind kind) {
  const OpenResult result = os().open(family, kind, 0);
  EXPECT_TRUE(result.ok()) << result.error.words();
  open_.push_back(result.fd);
  return result.fd;
}

int OsSuite::open_bound(Family family, SocketKind kind) {
  const int fd = open(family, kind);
  const Address loopback = *Address::parse(family == Family::v4 ? "127.0.0.1" : "::1");
  EXPECT_TRUE(os().bind(fd, {loopback, 0}).ok());
  return fd;
}

int OsSuite::open_listener(Family family, int backlog) {
  const int fd = open_bound(family, SocketKind::stream);
  EXPECT_TRUE(os().listen(fd, backlog).ok());
  return fd;
}

Endpoint OsSuite::local(int fd) {
  const auto endpoint = os().local_endpoint(fd);
  EXPECT_TRUE(endpoint.has_value());
  return endpoint.value_or(Endpoint{});
}

void OsSuite::close(int fd) {
  std::erase(open_, fd);
  os().close(fd);
}

OsSuite::Pair OsSuite::connected(Family family, const Prepare& prepare) {
  const int listener = open_listener(family);
  Pair pair;
  pair.client = open(family, SocketKind::stream);
  if (prepare) prepare(listener, pair.client);
  const SysError begun = os().connect(pair.client, local(listener));
  EXPECT_TRUE(begun.in_progress()) << begun.words();
  EXPECT_TRUE(until([&] {
    const OpenResult accepted = os().accept(listener, nullptr);
    pair.server = accepted.fd;
    return accepted.ok();
  }));
  open_.push_back(pair.server);
  close(listener);
  return pair;
}

OsSuite::Pair OsSuite::watched(const Prepare& prepare) {
  const Pair pair = connected(Family::v4, prepare);
  watch(pair.client, kClient);
  watch(pair.server, kServer);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_EQ(await(kServer, "W"), "W");
  return pair;
}

void OsSuite::watch(int fd, std::uint64_t key, Interest interest) {
  EXPECT_TRUE(os().watch(fd, key, interest).ok());
}

void OsSuite::pump(Duration limit) {
  std::array<ReadyEvent, 16> events;
  const std::size_t count = os().wait(events, limit);
  for (std::size_t i = 0; i < count; ++i) {
    last_[events[i].key] = letters(events[i].what);
    ++edges_[events[i].key];
  }
}

std::string OsSuite::await(std::uint64_t key, std::string_view expected) {
  until([&] { return last_[key] == expected; });
  return std::exchange(last_[key], {});
}

bool OsSuite::until(const std::function<bool()>& holds) {
  const Instant limit = os().now() + kLimit;
  while (!holds()) {
    if (os().now() >= limit) return false;
    // Short, since what a test waits for need not be an edge.
    pump(1ms);
  }
  return true;
}

bool OsSuite::quiet(std::uint64_t key) {
  const int before = edges_[key];
  const Instant limit = os().now() + 20ms;
  while (os().now() < limit) pump(limit - os().now());
  return edges_[key] == before;
}

std::size_t OsSuite::fill(int from) {
  const std::string block(16384, 'x');
  std::size_t taken = 0;
  std::size_t waiting = 0;
  // The kernel goes on moving bytes to the peer for a while after it refused some.
  EXPECT_TRUE(until([&] {
    for (;;) {
      const IoResult result = os().send(from, bytes_of(block));
      if (!result.ok()) {
        EXPECT_TRUE(result.error.would_block()) << result.error.words();
        break;
      }
      taken += result.size;
    }
    const Instant steady = os().now() + 5ms;
    waiting = os().unacknowledged(from);
    while (os().now() < steady) pump(steady - os().now());
    const bool stuck = os().unacknowledged(from) == waiting;
    return stuck && os().send(from, bytes_of("x")).error.would_block();
  }));
  return taken;
}

IoResult OsSuite::receive_once(int fd, std::size_t room) {
  std::vector<std::byte> into(room);
  return os().receive(fd, into);
}

std::string OsSuite::receive(int fd, std::size_t size) {
  std::string text;
  std::vector<std::byte> into(size);
  until([&] {
    while (text.size() < size) {
      const IoResult result = os().receive(fd, std::span(into).first(size - text.size()));
      if (!result.ok() && result.error.would_block()) return false;
      if (!result.ok() || result.size == 0) return true;
      text += text_of(std::span(into).first(result.size));
    }
    return true;
  });
  return text;
}

std::string OsSuite::receive_datagram(int fd, std::size_t room) {
  std::vector<std::byte> into(room);
  IoResult result;
  const bool came = until([&] {
    result = os().receive(fd, into);
    return result.ok();
  });
  return came ? text_of(std::span(into).first(result.size)) : "(nothing)";
}

}  // namespace socketcore::test
