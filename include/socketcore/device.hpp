#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "socketcore/message.hpp"
#include "socketcore/options.hpp"
#include "socketcore/reactor.hpp"

namespace socketcore {

enum class SocketType : std::uint8_t { tcp = 0, udp = 1, ssl = 2, raw = 3 };

/// PEM texts and names for an SSL socket. The views need to live through the call of connect() only.
struct TlsRequest {
  std::string_view host_name{};                      ///< the name that the certificate must bear; empty: the address
  std::string_view ca_cert{};                        ///< empty: no verification, unless the device is strict
  std::string_view client_cert{};                    ///< empty: none
  std::string_view client_key{};                     ///< empty: none
  std::optional<std::string_view> client_password{}; ///< for an encrypted client_key
};

struct ConnectRequest {
  SocketType type = SocketType::tcp;
  std::string_view address{};                       ///< a literal or a name, 1..253 characters, no NUL
  std::uint16_t port = 0;                           ///< RAW: the IP protocol number; 0 is ICMP or ICMPv6
  TlsRequest tls{};                                 ///< SSL only
  bool insist = true;                               ///< SSL: connect even if the certificate does not verify
  std::optional<bool> send_server_name{};           ///< SSL: SNI; nothing: as the device's options say
  std::size_t receive_buffer_bytes = 0;             ///< TCP, UDP; 0: the system's default
  std::uint16_t local_port = 0;                     ///< TCP, UDP; 0: any
};

enum class SocketOption : std::uint8_t { reuse_address, keep_alive, keep_idle_s, keep_interval_s, keep_count };

/// DeviceApi::ticks() of a second, as on the device.
inline constexpr std::int64_t kTicksPerSecond = 16384;

/// A socket id, or why there is none.
struct Opened {
  SocketId id = -1;
  Err error = Err::ok;
};

enum class Waited : std::uint8_t {
  message,      ///< one message was taken from the queue
  timeout,      ///< none came in time
  interrupted,  ///< Reactor::wake() or a signal cut the wait short
  idle,         ///< nothing can ever come: no message, no timer, no socket (only if asked for)
};

/// The upper seam: all that a script can observe, call by call. The contract in docs/contract.md is its specification.
///
/// Reactor's thread only. No call throws, blocks (but receive() and sleep()) or calls back. Ids that name no socket are
/// answered, never a fault. Views that are passed in need to live through the call only.
class DeviceApi {
 public:
  virtual ~DeviceApi() = default;

  /// Starts a connection; one connect_cnf follows, unless close() comes first. Nothing is sent before the next turn, so
  /// options set right after apply. Errors: earg (address, port > 255 for RAW), enobufs (profile's limit, descriptors),
  /// ssl_einit (PEM, key or password unusable), enomem.
  [[nodiscard]] virtual Opened connect(const ConnectRequest& request) noexcept = 0;

  /// Accepts all of `data` or none of it; copies what the kernel does not take at once. Exactly one send_cnf per call, in
  /// call order, accepted or not, also for an id not in use (none between close() and its close_cnf).
  /// Errors: enobufs (longer than send_space()), enotconn, eclsd (after close_ind), earg (no such id, or longer than a
  /// datagram carries), enomem.
  [[nodiscard]] virtual Err send(SocketId id, std::span<const std::byte> data) noexcept = 0;

  /// Free bytes of the send buffer: its capacity less what was accepted and not handed to the network. 0: no such id.
  [[nodiscard]] virtual std::size_t send_space(SocketId id) const noexcept = 0;

  /// What consume() would take: up to `limit` bytes of what has arrived, empty if nothing has. A datagram socket shows
  /// one datagram at most. The view lives until the next call of any device of the same reactor, or of the reactor itself.
  [[nodiscard]] virtual std::span<const std::byte> peek(SocketId id, std::size_t limit) noexcept = 0;
  /// Takes the bytes of the last peek(), if that was of this id; of a datagram, the rest goes with them, and after a limit
  /// of 0 only an empty one is taken. To be called right after it, once the bytes are safe. Without a peek() it takes
  /// nothing.
  virtual void consume(SocketId id) noexcept = 0;

  /// Delivers what was accepted, then one close_cnf. Messages still queued for the id are dropped. False if it was not in
  /// use (a failed close_cnf follows) or is being closed (nothing follows).
  virtual bool close(SocketId id) noexcept = 0;

  /// Frees the id: true once close_cnf or a failed connect_cnf was taken from the queue, else false and nothing happens.
  virtual bool destroy(SocketId id) noexcept = 0;

  /// Values: switches 0 or not 0; keep_idle_s and keep_interval_s 1..32767 seconds; keep_count 1..127. False: not in use,
  /// not of this type of socket, out of range, or refused by the kernel.
  virtual bool set_option(SocketId id, SocketOption option, int value) noexcept = 0;

  /// Starts a one-shot timer of 1..2^31-1 ms, or starts it again: a queued message of the old run is dropped. False:
  /// out of range or out of memory.
  virtual bool start_timer(TimerId id, std::int32_t ms) noexcept = 0;
  /// Stops it; its message will not come, even if it was queued. True also if it was not running; false: out of range.
  virtual bool stop_timer(TimerId id) noexcept = 0;

  /// Takes the next message from the queue, without a turn of the reactor. False: none.
  [[nodiscard]] virtual bool next(Message& into) noexcept = 0;
  /// Takes the next message; turns the reactor until one is there or `timeout` is over (nothing: no limit; zero or less:
  /// polls). With `stop_when_idle`, a wait without a limit ends where nothing can ever come.
  [[nodiscard]] virtual Waited receive(Message& into, std::optional<Duration> timeout, bool stop_when_idle = false) noexcept = 0;
  /// Turns the reactor for `time`; messages queue. timeout: it is over; interrupted: cut short.
  [[nodiscard]] virtual Waited sleep(Duration time) noexcept = 0;

  /// Monotonic since the device was made, kTicksPerSecond.
  [[nodiscard]] virtual std::uint64_t ticks() noexcept = 0;
  /// Time of day.
  [[nodiscard]] virtual WallTime wall_clock() noexcept = 0;
  /// Fills `into` with bytes that nobody can guess.
  virtual void random(std::span<std::byte> into) noexcept = 0;
};

/// The sockets, timers and message queue of one virtual device. Its destructor never blocks: sockets that have accepted
/// bytes to deliver go on as the reactor's (Reactor::drain).
class Device : public DeviceApi {
 public:
  /// The reactor must outlive the device. Throws std::bad_alloc only.
  [[nodiscard]] static std::unique_ptr<Device> create(Reactor& reactor, const DeviceOptions& options = {});

  /// What Reactor::turn() answers with.
  [[nodiscard]] virtual DeviceKey key() const noexcept = 0;
  /// What it was made with, its limits brought into range.
  [[nodiscard]] virtual const DeviceOptions& options() const noexcept = 0;

  /// Keeps room in the queue for one event, so that its post_event() cannot fail. False: out of memory.
  [[nodiscard]] virtual bool promise_event() noexcept = 0;
  /// The promised event will not come.
  virtual void redeem_event() noexcept = 0;
  /// Queues an event that was promised, behind all that has happened so far. For the parts of the device around the
  /// sockets, on the reactor's thread.
  virtual void post_event(EventKind kind, std::int32_t first, std::int32_t second) noexcept = 0;

  /// The network under the sockets: with `up` false, connections break (close_ind with eif), attempts fail, and new ones
  /// fail in their turn, until it is true again. A device starts with its link up.
  virtual void set_link(bool up) noexcept = 0;
};

}  // namespace socketcore
