#include <algorithm>
#include <cerrno>

#include "os/sim_network.hpp"

namespace socketcore::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSegmentBytes = 1460;
/// Linux sends a SYN again after 1, 2, 4, 8, 16 and 32 s, and gives up 64 s later.
constexpr int kLastSyn = 6;
/// tcp(7), tcp_retries2.
constexpr Duration kRetransmissionLimit = 924s;
constexpr Duration kTimeWait = 60s;
constexpr int kKeepIdle_s = 7200;
constexpr int kKeepInterval_s = 75;
constexpr int kKeepCount = 9;

int option_or(const Socket& socket, OsOption option, int otherwise) noexcept {
  const int value = socket.option(option);
  return value != 0 ? value : otherwise;
}

std::uint64_t window_limit(const Socket& socket) noexcept {
  const std::size_t used = socket.stream.incoming.size();
  return socket.stream.received + (used < socket.receive_capacity ? socket.receive_capacity - used : 0);
}

std::uint64_t end_of_outgoing(const Stream& stream) noexcept {
  return stream.acknowledged + stream.outgoing.size();
}

}  // namespace

int Network::connect_stream(Socket& socket, const Endpoint& endpoint) {
  Stream& stream = socket.stream;
  switch (stream.state) {
    case StreamState::idle:
      break;
    case StreamState::connecting:
      return EALREADY;
    case StreamState::open:
      return std::exchange(stream.outcome_told, true) ? EISCONN : 0;
    case StreamState::over:
      return socket.error != 0 ? take_error(socket) : ECONNABORTED;
    default:
      return EISCONN;
  }
  Endpoint peer = endpoint;
  if (const int error = resolve(socket, peer)) return error;
  if (is_any(peer.address)) peer.address = loopback_address(peer.address.family);
  if (peer.address.is_multicast() || is_broadcast(peer.address)) return ENETUNREACH;
  if (const int error = bind_any(socket)) return error;
  if (is_any(socket.local->address)) socket.local->address = source_for(peer.address);
  socket.peer = peer;
  stream.state = StreamState::connecting;
  stream.advertised = window_limit(socket);
  send_syn(socket.id, 0);
  return EINPROGRESS;
}

void Network::send_syn(SocketId id, int attempt) {
  Socket& socket = *find(id);
  socket.stream.syn =
      at(now_ + latency(socket.local->address, socket.peer->address), [this, id, attempt] { take_syn(id, attempt); });
}

void Network::take_syn(SocketId id, int attempt) {
  Socket& client = *find(id);
  const Duration back = latency(client.local->address, client.peer->address);
  const auto end_with = [&](int error) {
    client.stream.syn = at(now_ + back, [this, id, error] { fail(*find(id), error); });
  };
  const bool lost = cut(client);
  if (lost && cut_error(client) == EHOSTUNREACH) return end_with(EHOSTUNREACH);
  Socket* listener = lost ? nullptr : listener_for(*client.peer);
  if (!lost && listener == nullptr) return end_with(ECONNREFUSED);
  if (lost || listener->stream.accepted.size() > listener->stream.backlog) {
    client.stream.syn = at(now_ + 1s * (1 << attempt), [this, id, attempt] {
      if (attempt == kLastSyn) return fail(*find(id), ETIMEDOUT);
      send_syn(id, attempt + 1);
    });
    return;
  }
  client.stream.syn.reset();
  Socket& child = create(listener->family, SocketKind::stream);
  child.options = listener->options;
  child.receive_capacity = listener->receive_capacity;
  child.send_capacity = listener->send_capacity;
  child.local = client.peer;
  child.peer = client.local;
  ports_.emplace(child.local->port, child.id);
  child.stream.state = StreamState::answering;
  child.stream.listener = listener->id;
  child.stream.other = client.id;
  child.stream.limit = client.stream.advertised;
  child.stream.advertised = window_limit(child);
  client.stream.other = child.id;
  post(child, {.kind = Segment::Kind::answer, .limit = child.stream.advertised});
}

Socket* Network::listener_for(const Endpoint& to) {
  Socket* best = nullptr;
  int closest = 0;
  const auto [first, last] = ports_.equal_range(to.port);
  for (auto entry = first; entry != last; ++entry) {
    Socket& socket = *find(entry->second);
    if (socket.stream.state != StreamState::listening || closeness(socket, to) <= closest) continue;
    closest = closeness(socket, to);
    best = &socket;
  }
  return best;
}

int Network::listen(Socket& socket, int backlog) {
  Stream& stream = socket.stream;
  if (socket.kind != SocketKind::stream) return EOPNOTSUPP;
  if (stream.state != StreamState::idle && stream.state != StreamState::listening) return EINVAL;
  if (const int error = bind_any(socket)) return error;
  if (stream.state == StreamState::idle && conflicts(socket, *socket.local)) return EADDRINUSE;
  stream.state = StreamState::listening;
  stream.backlog = static_cast<std::size_t>(std::max(backlog, 0));
  return 0;
}

Socket* Network::next_accepted(Socket& listener) {
  if (listener.stream.accepted.empty()) return nullptr;
  Socket* child = find(listener.stream.accepted.front());
  listener.stream.accepted.pop_front();
  child->stream.outcome_told = true;
  return child;
}

void Network::post(const Socket& from, Segment segment) {
  Socket* to = find(from.stream.other);
  Instant arrival = now_ + latency(from.local->address, from.peer->address);
  if (to != nullptr) arrival = to->stream.last_arrival = std::max(arrival, to->stream.last_arrival);
  at(arrival, [this, sender = from.id, receiver = from.stream.other, segment = std::move(segment)]() mutable {
    deliver(sender, receiver, std::move(segment));
  });
}

void Network::deliver(SocketId from, SocketId to, Segment segment) {
  Socket* receiver = find(to);
  Socket* sender = find(from);
  if (receiver == nullptr || receiver->stream.other != from) {
    // Only what a connection in TIME_WAIT would not take either is answered with a reset.
    const bool refused = segment.kind == Segment::Kind::data || segment.kind == Segment::Kind::answer;
    if (!refused || sender == nullptr || cut(*sender)) return;
    at(now_ + latency(sender->local->address, sender->peer->address), [this, from] {
      if (Socket* late = find(from)) fail(*late, late->stream.fin_received ? EPIPE : ECONNRESET);
    });
    return;
  }
  if (cut(*receiver) || !receiver->stream.held.empty()) {
    // A reset is never sent again.
    if (segment.kind != Segment::Kind::reset) receiver->stream.held.push_back(std::move(segment));
    if (sender != nullptr) plan_give_up(*sender);
    return;
  }
  take(*receiver, segment);
}

void Network::release_held(SocketId id) {
  for (Socket* socket = find(id); socket != nullptr && !cut(*socket) && !socket->stream.held.empty(); socket = find(id)) {
    Segment segment = std::move(socket->stream.held.front());
    socket->stream.held.pop_front();
    take(*socket, segment);
  }
}

void Network::take(Socket& socket, Segment& segment) {
  Stream& stream = socket.stream;
  stream.heard_at = now_;
  if (stream.state == StreamState::over) {
    if (segment.kind == Segment::Kind::data) post(socket, {.kind = Segment::Kind::reset});
    return;
  }
  switch (segment.kind) {
    case Segment::Kind::answer:
      stream.state = StreamState::open;
      stream.limit = segment.limit;
      post(socket, {.kind = Segment::Kind::confirm});
      return touch(socket);
    case Segment::Kind::confirm:
      return confirmed(socket);
    case Segment::Kind::data:
      if (socket.orphan) return abandon(socket);
      stream.incoming.insert(stream.incoming.end(), segment.bytes.begin(), segment.bytes.end());
      stream.received += segment.bytes.size();
      acknowledge(socket);
      return touch(socket);
    case Segment::Kind::fin:
      stream.fin_received = true;
      acknowledge(socket);
      if (stream.fin == Fin::acknowledged) return finish(socket);
      return touch(socket);
    case Segment::Kind::ack:
      return take_ack(socket, segment);
    case Segment::Kind::reset:
      return fail(socket, stream.fin_received ? EPIPE : ECONNRESET);
  }
}

void Network::confirmed(Socket& child) {
  Socket* listener = find(child.stream.listener);
  child.stream.state = StreamState::open;
  if (listener == nullptr) return abandon(child);
  listener->stream.accepted.push_back(child.id);
  touch(*listener);
}

void Network::acknowledge(Socket& socket) {
  Stream& stream = socket.stream;
  stream.advertised = std::max(stream.advertised, window_limit(socket));
  post(socket, {.kind = Segment::Kind::ack,
                .acknowledged = stream.received,
                .limit = stream.advertised,
                .fin_acknowledged = stream.fin_received});
}

void Network::take_ack(Socket& socket, const Segment& segment) {
  Stream& stream = socket.stream;
  if (segment.acknowledged > stream.acknowledged) {
    const auto count = static_cast<std::ptrdiff_t>(segment.acknowledged - stream.acknowledged);
    stream.outgoing.erase(stream.outgoing.begin(), stream.outgoing.begin() + count);
    stream.acknowledged = segment.acknowledged;
    stream.waits_since = now_;
    const bool noticed = !stream.marks.empty() && stream.marks.front() <= stream.acknowledged;
    while (!stream.marks.empty() && stream.marks.front() <= stream.acknowledged) stream.marks.pop_front();
    // Linux charges notices to the receive buffer and drops them while it is full.
    if (noticed && stream.incoming.size() < socket.receive_capacity) {
      ++stream.notices;
      touch(socket);
    }
  }
  stream.limit = std::max(stream.limit, segment.limit);
  offer_space(socket);
  if (stream.fin == Fin::sent && segment.fin_acknowledged) {
    stream.fin = Fin::acknowledged;
    if (stream.fin_received) return finish(socket);
    touch(socket);
  }
  transmit(socket);
  plan_give_up(socket);
}

void Network::offer_space(Socket& socket) {
  Stream& stream = socket.stream;
  if (!stream.wants_space || stream.outgoing.size() * 3 > socket.send_capacity * 2) return;
  stream.wants_space = false;
  touch(socket);
}

IoResult Network::send_stream(Socket& socket, std::span<const std::byte> data) {
  Stream& stream = socket.stream;
  if (stream.state == StreamState::connecting) return {0, SysError(EAGAIN)};
  if (stream.state != StreamState::open || stream.fin != Fin::none) {
    return {0, SysError(socket.error != 0 ? take_error(socket) : EPIPE)};
  }
  if (data.empty()) return {};
  const std::size_t used = stream.outgoing.size();
  const std::size_t space = used < socket.send_capacity ? socket.send_capacity - used : 0;
  std::size_t size = std::min(data.size(), space);
  if (size < data.size()) stream.wants_space = true;
  if (size == 0) return {0, SysError(EAGAIN)};
  if (io_limit_ != 0 && size > io_limit_) {
    size = io_limit_;
    at(now_ + latency_, [this, id = socket.id] {
      if (Socket* late = find(id)) touch(*late);
    });
  }
  if (used == 0) stream.waits_since = now_;
  stream.outgoing.insert(stream.outgoing.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size));
  if (socket.option(OsOption::ack_notices) != 0) stream.marks.push_back(end_of_outgoing(stream));
  transmit(socket);
  plan_give_up(socket);
  return {size, SysError()};
}

void Network::transmit(Socket& socket) {
  Stream& stream = socket.stream;
  const std::uint64_t end = end_of_outgoing(stream);
  while (stream.sent < std::min(end, stream.limit)) {
    const std::uint64_t size = std::min<std::uint64_t>(kSegmentBytes, std::min(end, stream.limit) - stream.sent);
    const auto first = stream.outgoing.begin() + static_cast<std::ptrdiff_t>(stream.sent - stream.acknowledged);
    stream.sent += size;
    post(socket, {.kind = Segment::Kind::data, .bytes = {first, first + static_cast<std::ptrdiff_t>(size)}});
  }
  if (stream.fin == Fin::queued && stream.sent == end) {
    stream.fin = Fin::sent;
    post(socket, {.kind = Segment::Kind::fin});
  }
}

IoResult Network::receive_stream(Socket& socket, std::optional<std::span<std::byte>> into) {
  Stream& stream = socket.stream;
  if (!stream.incoming.empty()) {
    std::size_t size = into ? std::min(stream.incoming.size(), into->size()) : stream.incoming.size();
    if (into && io_limit_ != 0 && size > io_limit_) {
      size = io_limit_;
      touch(socket);
    }
    const auto last = stream.incoming.begin() + static_cast<std::ptrdiff_t>(size);
    if (into) std::copy(stream.incoming.begin(), last, into->begin());
    stream.incoming.erase(stream.incoming.begin(), last);
    // RFC 9293, 3.8.6.2.2: a window that grew by little is not worth a segment.
    const std::uint64_t worth_telling = std::min(std::max<std::size_t>(socket.receive_capacity / 2, 1), kSegmentBytes);
    if (stream.state == StreamState::open && window_limit(socket) >= stream.advertised + worth_telling) acknowledge(socket);
    return {size, SysError()};
  }
  if (stream.fin_received) return {};
  if (socket.error != 0) return {0, SysError(take_error(socket))};
  switch (stream.state) {
    case StreamState::over:
      return {};
    case StreamState::idle:
    case StreamState::listening:
      return {0, SysError(ENOTCONN)};
    default:
      return {0, SysError(EAGAIN)};
  }
}

int Network::shutdown_send(Socket& socket) {
  Stream& stream = socket.stream;
  // Linux wakes whoever waits on the socket, also where the call fails.
  touch(socket);
  if (stream.state == StreamState::idle || stream.state == StreamState::over) return ENOTCONN;
  if (stream.state == StreamState::open) end_sending(socket);
  if (stream.state == StreamState::connecting) {
    cancel(stream.syn);
    stream = {};
    socket.peer.reset();
  }
  return 0;
}

void Network::end_sending(Socket& socket) {
  Stream& stream = socket.stream;
  if (stream.fin != Fin::none) return;
  if (stream.outgoing.empty()) stream.waits_since = now_;
  stream.fin = Fin::queued;
  stream.ended_first = !stream.fin_received;
  transmit(socket);
  plan_give_up(socket);
}

std::size_t Network::unacknowledged(const Socket& socket) const noexcept {
  const Stream& stream = socket.stream;
  if (stream.state != StreamState::open) return stream.never_acknowledged;
  const bool fin_waits = stream.fin == Fin::queued || stream.fin == Fin::sent;
  return stream.outgoing.size() + (fin_waits ? 1 : 0);
}

void Network::take_notices(Socket& socket) {
  // Taking one of several makes Linux report the next.
  if (std::exchange(socket.stream.notices, 0) > 1) touch(socket);
}

void Network::finish(Socket& socket) {
  socket.stream.state = StreamState::over;
  cancel(socket.stream.give_up);
  if (socket.stream.ended_first) {
    time_wait_.push_back({*socket.local, socket.option(OsOption::reuse_address) != 0, now_ + kTimeWait});
  }
  if (socket.orphan) return destroy(socket);
  touch(socket);
}

void Network::fail(Socket& socket, int error) {
  Stream& stream = socket.stream;
  if (stream.state == StreamState::over) return;
  cancel(stream.give_up);
  if (socket.orphan || stream.state == StreamState::answering) return destroy(socket);
  stream.never_acknowledged = unacknowledged(socket);
  stream.state = StreamState::over;
  stream.syn.reset();
  stream.outgoing.clear();
  stream.marks.clear();
  stream.held.clear();
  socket.error = error;
  touch(socket);
}

void Network::abandon(Socket& socket) {
  post(socket, {.kind = Segment::Kind::reset});
  destroy(socket);
}

void Network::reset_connection(Socket& socket) {
  Socket* other = find(socket.stream.other);
  fail(socket, ECONNRESET);
  if (other != nullptr) fail(*other, ECONNRESET);
}

void Network::close_stream(Socket& socket) {
  Stream& stream = socket.stream;
  if (stream.state == StreamState::listening) {
    for (const SocketId waiting : stream.accepted) abandon(*find(waiting));
  }
  if (stream.state != StreamState::open) return destroy(socket);
  if (socket.option(OsOption::abort_on_close) != 0 || !stream.incoming.empty()) return abandon(socket);
  end_sending(socket);
}

void Network::plan_give_up(Socket& socket) {
  Stream& stream = socket.stream;
  cancel(stream.give_up);
  if (stream.state != StreamState::open || !cut(socket)) return;
  Instant due;
  if (unacknowledged(socket) > 0) {
    due = stream.waits_since + kRetransmissionLimit;
  } else if (socket.option(OsOption::keep_alive) != 0) {
    const auto idle = std::chrono::seconds(option_or(socket, OsOption::keep_idle_s, kKeepIdle_s));
    const auto interval = std::chrono::seconds(option_or(socket, OsOption::keep_interval_s, kKeepInterval_s));
    due = std::max(now_, stream.heard_at + idle) + interval * option_or(socket, OsOption::keep_count, kKeepCount);
  } else {
    return;
  }
  stream.give_up = at(std::max(now_, due), [this, id = socket.id] {
    Socket& late = *find(id);
    late.stream.give_up.reset();
    fail(late, cut_error(late));
  });
}

}  // namespace socketcore::sim
