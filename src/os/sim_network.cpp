#include "os/sim_network.hpp"

#include <algorithm>
#include <cerrno>

namespace socketcore::sim {
namespace {

/// Far above what this process has open: a number that reaches the kernel by mistake fails there.
constexpr int kFirstDescriptor = 100'000;
constexpr std::uint16_t kFirstPort = 32768;
constexpr std::uint16_t kPortCount = 28232;
constexpr std::size_t kDatagramQueueBytes = 212'992;

bool is_wildcard_for(const Socket& socket, const Address& bound, const Address& address) noexcept {
  if (!is_any(bound)) return false;
  return bound.family == address.family || (bound.family == Family::v6 && socket.option(OsOption::v6_only) == 0);
}

bool overlap(const Socket& a, const Endpoint& at_a, const Socket& b, const Endpoint& at_b) noexcept {
  return at_a.port == at_b.port && (at_a.address == at_b.address || is_wildcard_for(a, at_a.address, at_b.address) ||
                                    is_wildcard_for(b, at_b.address, at_a.address));
}

}  // namespace

Network::Network(std::uint64_t seed)
    // Neither the clock nor the ports start at 0, where a forgotten initial value would go unseen.
    : now_(std::chrono::hours(1)), next_port_(static_cast<std::uint16_t>(seed % kPortCount)) {
  hosts_[0].bytes = {10, 0, 0, 1};
  hosts_[1] = any_address(Family::v6);
  hosts_[1].bytes[0] = 0xfd;
  hosts_[1].bytes[15] = 1;
}

EventId Network::at(Instant when, std::function<void()> action) {
  const EventId id{when, ++order_};
  events_.emplace(id, std::move(action));
  return id;
}

void Network::cancel(std::optional<EventId>& event) {
  if (event) events_.erase(*event);
  event.reset();
}

void Network::run_due() {
  while (!events_.empty() && events_.begin()->first.first <= now_) {
    auto next = events_.extract(events_.begin());
    next.mapped()();
  }
}

bool Network::step(std::optional<Instant> limit) {
  if (events_.empty() || (limit && events_.begin()->first.first > *limit)) {
    if (limit) now_ = std::max(now_, *limit);
    return false;
  }
  now_ = std::max(now_, events_.begin()->first.first);
  run_due();
  return true;
}

void Network::advance(Duration by) {
  const Instant limit = now_ + by;
  while (step(limit)) {
  }
}

Socket& Network::create(Family family, SocketKind kind) {
  const SocketId id = ++last_id_;
  Socket& socket = sockets_[id];
  socket.id = id;
  socket.family = family;
  socket.kind = kind;
  if (kind != SocketKind::stream) socket.receive_capacity = kDatagramQueueBytes;
  return socket;
}

int Network::give_descriptor(Socket& socket) {
  // The lowest free number, like Linux: what goes on using a closed descriptor soon meets its successor.
  int fd = kFirstDescriptor;
  for (auto used = descriptors_.begin(); used != descriptors_.end() && used->first == fd; ++used) ++fd;
  descriptors_[fd] = socket.id;
  return socket.fd = fd;
}

Socket* Network::find(SocketId id) noexcept {
  const auto found = sockets_.find(id);
  return found != sockets_.end() ? &found->second : nullptr;
}

Socket* Network::by_fd(int fd) noexcept {
  const auto found = descriptors_.find(fd);
  return found != descriptors_.end() ? find(found->second) : nullptr;
}

void Network::close(Socket& socket) {
  descriptors_.erase(socket.fd);
  socket.fd = -1;
  socket.key.reset();
  socket.orphan = true;
  if (socket.kind == SocketKind::stream) {
    close_stream(socket);
  } else {
    destroy(socket);
  }
}

void Network::destroy(Socket& socket) {
  cancel(socket.stream.give_up);
  cancel(socket.stream.syn);
  if (socket.local) {
    auto [first, last] = ports_.equal_range(socket.local->port);
    const auto own = std::find_if(first, last, [&](const auto& entry) { return entry.second == socket.id; });
    if (own != last) ports_.erase(own);
  }
  sockets_.erase(socket.id);
}

void Network::set_option(Socket& socket, OsOption option, int value) {
  socket.options[static_cast<std::size_t>(option)] = value;
  const auto size = static_cast<std::size_t>(std::max(value, 1));
  if (option == OsOption::receive_buffer_bytes) socket.receive_capacity = size;
  if (option == OsOption::send_buffer_bytes) socket.send_capacity = size;
  plan_give_up(socket);
}

int Network::resolve(const Socket& socket, Endpoint& endpoint) const noexcept {
  if (socket.family == Family::v4) return endpoint.address.family == Family::v4 ? 0 : EAFNOSUPPORT;
  // The kernel tells the families apart by the length of the address.
  if (endpoint.address.family == Family::v4) return EINVAL;
  endpoint.address = unmapped(endpoint.address);
  return endpoint.address.family == Family::v4 && socket.option(OsOption::v6_only) != 0 ? ENETUNREACH : 0;
}

bool Network::conflicts(const Socket& socket, const Endpoint& local) {
  const bool reuse = socket.option(OsOption::reuse_address) != 0;
  const auto [first, last] = ports_.equal_range(local.port);
  const bool taken = std::any_of(first, last, [&](const auto& entry) {
    const Socket& other = *find(entry.second);
    if (&other == &socket || other.kind != socket.kind || other.stream.state == StreamState::over) return false;
    if (!overlap(socket, local, other, *other.local)) return false;
    return !(reuse && other.option(OsOption::reuse_address) != 0 && other.stream.state != StreamState::listening);
  });
  if (taken || socket.kind != SocketKind::stream) return taken;
  std::erase_if(time_wait_, [&](const TimeWait& old) { return old.until <= now_; });
  return std::any_of(time_wait_.begin(), time_wait_.end(), [&](const TimeWait& old) {
    return overlap(socket, local, socket, old.local) && !(reuse && old.reuse);
  });
}

int Network::bind(Socket& socket, const Endpoint& endpoint) {
  Endpoint local = endpoint;
  if (const int error = resolve(socket, local)) return error;
  if (socket.local) return EINVAL;
  if (socket.kind == SocketKind::raw) {
    local.port = 0;
  } else if (local.port != 0) {
    if (conflicts(socket, local)) return EADDRINUSE;
  } else {
    for (std::uint16_t tries = 0; local.port == 0 || conflicts(socket, local); ++tries) {
      if (tries == kPortCount) return EADDRINUSE;
      local.port = static_cast<std::uint16_t>(kFirstPort + next_port_);
      next_port_ = static_cast<std::uint16_t>((next_port_ + 1) % kPortCount);
    }
  }
  socket.local = local;
  ports_.emplace(local.port, socket.id);
  return 0;
}

int Network::bind_any(Socket& socket) {
  return socket.local ? 0 : bind(socket, Endpoint{any_address(socket.family), 0});
}

int Network::closeness(const Socket& socket, const Endpoint& to) const noexcept {
  if (!socket.local || socket.local->port != to.port) return 0;
  if (socket.local->address == to.address) return 3;
  if (!is_wildcard_for(socket, socket.local->address, to.address)) return 0;
  return socket.family == to.address.family ? 2 : 1;
}

Duration Network::latency(const Address& a, const Address& b) const noexcept {
  for (const Address& end : {b, a}) {
    if (const auto own = latencies_.find(end); own != latencies_.end()) return own->second;
  }
  return latency_;
}

bool Network::cut(const Endpoint& a, const Endpoint& b) const noexcept {
  return !cut_.empty() && (cut_.contains(a.address) || cut_.contains(b.address));
}

bool Network::cut(const Socket& socket) const noexcept {
  return socket.local && socket.peer && cut(*socket.local, *socket.peer);
}

int Network::cut_error(const Socket& socket) const noexcept {
  for (const Address& end : {socket.local->address, socket.peer->address}) {
    if (const auto mark = cut_.find(end); mark != cut_.end() && mark->second) return EHOSTUNREACH;
  }
  return ETIMEDOUT;
}

void Network::set_cut(const Address& address, bool reported, bool on) {
  if (on) {
    cut_[address] = reported;
  } else {
    cut_.erase(address);
  }
  for (auto& [id, socket] : sockets_) {
    if (socket.kind != SocketKind::stream || !socket.local || !socket.peer) continue;
    if (socket.local->address != address && socket.peer->address != address) continue;
    plan_give_up(socket);
    if (cut(socket) || socket.stream.held.empty()) continue;
    const Instant next = now_ + latency(socket.local->address, socket.peer->address);
    socket.stream.last_arrival = std::max(socket.stream.last_arrival, next);
    at(socket.stream.last_arrival, [this, id = id] { release_held(id); });
  }
}

Address Network::source_for(const Address& destination) const noexcept {
  if (is_loopback(destination)) return loopback_address(destination.family);
  return hosts_[destination.family == Family::v6];
}

bool Network::is_own(const Address& address) const noexcept {
  return is_loopback(address) || address == hosts_[address.family == Family::v6];
}

bool Network::is_broadcast(const Address& address) const noexcept {
  return address.is_limited_broadcast() || broadcasts_.contains(address);
}

void Network::watch(Socket& socket, std::uint64_t key, Interest interest) {
  socket.key = key;
  socket.interest = interest;
  touch(socket);
}

void Network::touch(Socket& socket) {
  if (!socket.key || socket.ready) return;
  socket.ready = true;
  ready_.push_back(socket.id);
}

std::size_t Network::collect(std::span<ReadyEvent> into) {
  std::size_t count = 0;
  while (count < into.size() && !ready_.empty()) {
    Socket* socket = find(ready_.front());
    ready_.pop_front();
    if (socket == nullptr || !socket->key) continue;
    socket->ready = false;
    // Like epoll, an edge reports all that holds now, and nothing if what made it is over already.
    Readiness what = readiness(*socket);
    what.writable = what.writable && socket->interest == Interest::input_and_output;
    if (what.readable || what.writable || what.ended || what.hangup || what.error) into[count++] = {*socket->key, what};
  }
  return count;
}

Readiness Network::readiness(Socket& socket) noexcept {
  if (socket.kind != SocketKind::stream) {
    return {.readable = !socket.inbox.empty(), .writable = true, .error = socket.error != 0};
  }
  Stream& stream = socket.stream;
  if (stream.state == StreamState::listening) return {.readable = !stream.accepted.empty()};
  const bool over = stream.state == StreamState::over;
  Readiness what;
  what.ended = over || stream.fin_received;
  what.hangup = over || stream.state == StreamState::idle || (stream.fin_received && stream.fin != Fin::none);
  what.error = socket.error != 0 || stream.notices > 0;
  what.readable = what.ended;
  if (stream.state == StreamState::connecting) return what;
  what.readable |= !stream.incoming.empty();
  // Linux calls a buffer writable while no more than two thirds of it are in use.
  what.writable = over || stream.fin != Fin::none || stream.outgoing.size() * 3 <= socket.send_capacity * 2;
  if (!what.writable) stream.wants_space = true;
  return what;
}

}  // namespace socketcore::sim
