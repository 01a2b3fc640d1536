#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "os/sim_address.hpp"
#include "socketcore/os.hpp"

/// The insides of SimOs: sockets, and what is on its way between them.
namespace socketcore::sim {

/// Names a socket, also after its descriptor was closed: the kernel's side of a stream lives on. 0 names none.
using SocketId = std::uint32_t;

/// When something is due. Equal times keep their order.
using EventId = std::pair<Instant, std::uint64_t>;

constexpr std::size_t kOptionCount = static_cast<std::size_t>(OsOption::v6_only) + 1;

/// The state of a stream. idle -> listening, or idle -> connecting -> open -> over; accepted ones: answering -> open ->
/// over.
enum class StreamState : std::uint8_t {
  idle,
  listening,
  connecting,  ///< SYN sent
  answering,   ///< SYN received, the handshake's last step is awaited
  open,
  over,  ///< both sides ended, or it failed
};

enum class Fin : std::uint8_t { none, queued, sent, acknowledged };

struct Segment {
  enum class Kind : std::uint8_t { answer, confirm, data, fin, ack, reset };
  Kind kind = Kind::ack;
  std::vector<std::byte> bytes{};
  std::uint64_t acknowledged = 0;  ///< how much of the other's bytes has arrived
  std::uint64_t limit = 0;         ///< up to where the other may send
  bool fin_acknowledged = false;
};

struct Stream {
  StreamState state = StreamState::idle;
  SocketId other = 0;
  bool outcome_told = false;  ///< a call of connect() has answered that it succeeded

  std::size_t backlog = 0;
  std::deque<SocketId> accepted;  ///< connections that wait for accept()
  SocketId listener = 0;
  std::optional<EventId> syn;  ///< on its way, or to be sent again

  // Sending. Positions count the stream's bytes from its start.
  std::deque<std::byte> outgoing;  ///< from `acknowledged` on
  std::size_t never_acknowledged = 0;  ///< of a stream that was reset
  std::uint64_t acknowledged = 0;
  std::uint64_t sent = 0;
  std::uint64_t limit = 0;
  Fin fin = Fin::none;
  bool ended_first = false;
  bool wants_space = false;         ///< a call, or wait(), has found no space: space is an edge
  std::deque<std::uint64_t> marks;  ///< ends of send() calls, for acknowledgement notices
  std::size_t notices = 0;
  Instant waits_since{};  ///< for an acknowledgement

  // Receiving.
  std::deque<std::byte> incoming;
  std::uint64_t received = 0;
  std::uint64_t advertised = 0;  ///< the highest limit that the other was told
  bool fin_received = false;
  Instant heard_at{};

  // The path towards this end.
  Instant last_arrival{};    ///< segments do not overtake each other
  std::deque<Segment> held;  ///< arrived while the path was cut
  std::optional<EventId> give_up;
};

struct Datagram {
  Endpoint from;
  std::vector<std::byte> bytes;
};

struct Socket {
  SocketId id = 0;
  int fd = -1;
  bool orphan = false;  ///< its descriptor was closed: only the kernel's side is left
  Family family = Family::v4;
  SocketKind kind = SocketKind::stream;
  int protocol = 0;
  std::optional<Endpoint> local;  ///< as packets carry it: never a mapped address
  std::optional<Endpoint> peer;
  std::array<int, kOptionCount> options{};
  int error = 0;
  std::size_t receive_capacity = 65536;
  std::size_t send_capacity = 65536;
  std::optional<std::uint64_t> key;
  Interest interest = Interest::input_and_output;
  bool ready = false;  ///< in the list of edges
  Stream stream;
  std::deque<Datagram> inbox;
  std::size_t inbox_bytes = 0;

  [[nodiscard]] int option(OsOption which) const noexcept { return options[static_cast<std::size_t>(which)]; }
  /// As the owner of an IPv6 socket sees an address.
  [[nodiscard]] Endpoint shown(Endpoint endpoint) const noexcept {
    if (family == Family::v6) endpoint.address = mapped(endpoint.address);
    return endpoint;
  }
};

/// A packet that is no part of a stream.
struct Packet {
  Endpoint from;
  Endpoint to;
  int protocol = 0;
  std::vector<std::byte> payload;
  SocketId sender = 0;
};

/// What is left of a connection at the side that ended it first: the port is not free yet.
struct TimeWait {
  Endpoint local;
  bool reuse = false;
  Instant until;
};

class Network {
 public:
  explicit Network(std::uint64_t seed);

  // sim_network.cpp: time, sockets, names, readiness.
  [[nodiscard]] Instant now() const noexcept { return now_; }
  void advance(Duration by);
  /// Moves on to what happens next, unless that is after `limit`; then to `limit`. False if nothing happened.
  bool step(std::optional<Instant> limit);
  void run_due();

  Socket& create(Family family, SocketKind kind);
  int give_descriptor(Socket& socket);
  void close(Socket& socket);
  [[nodiscard]] Socket* by_fd(int fd) noexcept;
  [[nodiscard]] std::size_t descriptors() const noexcept { return descriptors_.size(); }

  [[nodiscard]] int bind(Socket& socket, const Endpoint& local);
  void watch(Socket& socket, std::uint64_t key, Interest interest);
  std::size_t collect(std::span<ReadyEvent> into);

  void set_latency(Duration latency) { latency_ = latency; }
  void set_latency(const Address& address, Duration latency) { latencies_[address] = latency; }
  void set_cut(const Address& address, bool reported, bool on);
  void set_option(Socket& socket, OsOption option, int value);
  void add_broadcast(const Address& address) { broadcasts_.insert(address); }
  void set_host(const Address& address) { hosts_[address.family == Family::v6] = address; }
  void allow_raw(bool allowed) noexcept { raw_allowed_ = allowed; }
  [[nodiscard]] bool raw_allowed() const noexcept { return raw_allowed_; }
  void limit_io(std::size_t bytes) noexcept { io_limit_ = bytes; }

  // sim_stream.cpp
  [[nodiscard]] int connect_stream(Socket& socket, const Endpoint& peer);
  [[nodiscard]] int listen(Socket& socket, int backlog);
  [[nodiscard]] Socket* next_accepted(Socket& listener);
  [[nodiscard]] IoResult send_stream(Socket& socket, std::span<const std::byte> data);
  /// Without `into`: drops all that is there.
  [[nodiscard]] IoResult receive_stream(Socket& socket, std::optional<std::span<std::byte>> into);
  [[nodiscard]] int shutdown_send(Socket& socket);
  [[nodiscard]] std::size_t unacknowledged(const Socket& socket) const noexcept;
  void take_notices(Socket& socket);
  void reset_connection(Socket& socket);
  /// Plans when a stream whose path is cut fails; forgets the plan of one whose path is not.
  void plan_give_up(Socket& socket);

  // sim_datagram.cpp
  [[nodiscard]] int connect_datagram(Socket& socket, const Endpoint& peer);
  [[nodiscard]] IoResult send_datagram(Socket& socket, std::span<const std::byte> data, const std::optional<Endpoint>& to);
  [[nodiscard]] IoResult receive_datagram(Socket& socket, std::span<std::byte> into, Endpoint* from);

 private:
  EventId at(Instant when, std::function<void()> action);
  void cancel(std::optional<EventId>& event);
  [[nodiscard]] Socket* find(SocketId id) noexcept;
  void destroy(Socket& socket);
  /// Notes an edge: the next wait() looks at the socket.
  void touch(Socket& socket);
  [[nodiscard]] Readiness readiness(Socket& socket) noexcept;
  [[nodiscard]] Duration latency(const Address& a, const Address& b) const noexcept;
  [[nodiscard]] bool cut(const Endpoint& a, const Endpoint& b) const noexcept;
  [[nodiscard]] bool cut(const Socket& socket) const noexcept;
  /// How a stream whose path is cut fails in the end.
  [[nodiscard]] int cut_error(const Socket& socket) const noexcept;
  [[nodiscard]] Address source_for(const Address& destination) const noexcept;
  [[nodiscard]] bool is_own(const Address& address) const noexcept;
  [[nodiscard]] bool is_broadcast(const Address& address) const noexcept;
  /// The error of naming `endpoint` on this socket; gives its form on the wire.
  [[nodiscard]] int resolve(const Socket& socket, Endpoint& endpoint) const noexcept;
  [[nodiscard]] int bind_any(Socket& socket);
  [[nodiscard]] bool conflicts(const Socket& socket, const Endpoint& local);
  /// Whether packets to `address` may be for this socket: 0 no, more for a closer match.
  [[nodiscard]] int closeness(const Socket& socket, const Endpoint& to) const noexcept;
  int take_error(Socket& socket) noexcept { return std::exchange(socket.error, 0); }

  void transmit(Socket& socket);
  void post(const Socket& from, Segment segment);
  void deliver(SocketId from, SocketId to, Segment segment);
  void take(Socket& socket, Segment& segment);
  void take_ack(Socket& socket, const Segment& segment);
  void acknowledge(Socket& socket);
  void offer_space(Socket& socket);
  void send_syn(SocketId id, int attempt);
  void take_syn(SocketId id, int attempt);
  void confirmed(Socket& child);
  void fail(Socket& socket, int error);
  void finish(Socket& socket);
  void end_sending(Socket& socket);
  void abandon(Socket& socket);
  void close_stream(Socket& socket);
  void release_held(SocketId id);
  [[nodiscard]] Socket* listener_for(const Endpoint& to);

  void deliver_udp(const Packet& packet);
  void deliver_raw(const Packet& packet);
  void answer_echo(const Packet& packet);
  [[nodiscard]] IoResult send_raw(const Socket& socket, std::span<const std::byte> data, Packet packet);
  void put(Socket& socket, Datagram datagram);
  void send_packet(Packet packet);

  Instant now_{};
  std::uint64_t order_ = 0;
  std::map<EventId, std::function<void()>> events_;
  std::map<SocketId, Socket> sockets_;
  SocketId last_id_ = 0;
  std::map<int, SocketId> descriptors_;
  std::multimap<std::uint16_t, SocketId> ports_;
  std::vector<TimeWait> time_wait_;
  std::uint16_t next_port_;
  std::deque<SocketId> ready_;
  Duration latency_ = std::chrono::microseconds(50);
  std::map<Address, Duration, AddressOrder> latencies_;
  std::map<Address, bool, AddressOrder> cut_;  ///< whether the network says so
  std::set<Address, AddressOrder> broadcasts_;
  std::array<Address, 2> hosts_;
  std::size_t io_limit_ = 0;
  std::uint16_t packet_number_ = 0;
  bool raw_allowed_ = false;
};

}  // namespace socketcore::sim
