#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "socketcore/endpoint.hpp"
#include "socketcore/error.hpp"

/// The lower seam: all that the engine asks of a kernel. Every input that two runs could see differently (clocks, random
/// bytes, readiness, what a peer sends) comes through here and nowhere else. `linux_os()` is the real one; the tests'
/// `SimOs` keeps virtual time and a network in memory. One Os serves one Reactor, on that reactor's thread.
namespace socketcore {

using Duration = std::chrono::nanoseconds;

struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};
/// A point of the Os's monotonic clock. Its origin means nothing.
using Instant = MonotonicClock::time_point;
/// `start` + `time`, or the last instant there is where that lies beyond it: a wait may be as long as Duration::max().
[[nodiscard]] constexpr Instant later(Instant start, Duration time) noexcept {
  const Duration most = Instant::max() - std::max(start, Instant{});
  return time < most ? start + time : Instant::max();
}
/// Time of day: nanoseconds since 1970-01-01 00:00 UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// How a call of the Os failed: an errno value, 0 for success.
class SysError {
 public:
  constexpr SysError() noexcept = default;
  constexpr explicit SysError(int number) noexcept : number_(number) {}

  [[nodiscard]] constexpr bool ok() const noexcept { return number_ == 0; }
  [[nodiscard]] constexpr int number() const noexcept { return number_; }
  /// The call would have had to wait: try again once the socket is ready.
  [[nodiscard]] bool would_block() const noexcept;
  /// connect() goes on in the background.
  [[nodiscard]] bool in_progress() const noexcept;
  /// No descriptor is free, in this process or in the system.
  [[nodiscard]] bool no_descriptors() const noexcept;
  /// The privilege for it is missing.
  [[nodiscard]] bool not_permitted() const noexcept;
  /// connect() found no local address or port that it could use towards that peer.
  [[nodiscard]] bool no_local_address() const noexcept;
  /// A datagram sent earlier was answered by "nobody listens there": ECONNREFUSED, or an unreachable host or network.
  [[nodiscard]] bool refused() const noexcept;
  [[nodiscard]] static SysError connection_refused() noexcept;
  [[nodiscard]] static SysError no_memory() noexcept;
  /// The only place where an errno becomes a code of ours.
  [[nodiscard]] Err err() const noexcept;
  /// Words for people: "refused", "reset by peer", "no route to host".
  [[nodiscard]] std::string_view words() const noexcept;

  friend constexpr bool operator==(SysError, SysError) = default;

 private:
  int number_ = 0;
};

/// How many bytes a call moved, or why none.
struct IoResult {
  std::size_t size = 0;
  SysError error;

  [[nodiscard]] bool ok() const noexcept { return error.ok(); }
};

/// A descriptor, or why there is none.
struct OpenResult {
  int fd = -1;
  SysError error;

  [[nodiscard]] bool ok() const noexcept { return error.ok(); }
};

enum class SocketKind : std::uint8_t { stream, datagram, raw };

/// How a serial line is driven.
struct SerialLine {
  enum class Parity : std::uint8_t { none, even, odd };

  std::uint32_t baud = 115200;  ///< a rate that the kernel does not know by name is refused
  std::uint8_t data_bits = 8;   ///< 5..8
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;   ///< 1 or 2
};

enum class OsOption : std::uint8_t {
  reuse_address,         ///< SO_REUSEADDR
  keep_alive,            ///< SO_KEEPALIVE
  keep_idle_s,           ///< TCP_KEEPIDLE
  keep_interval_s,       ///< TCP_KEEPINTVL
  keep_count,            ///< TCP_KEEPCNT
  no_delay,              ///< TCP_NODELAY
  receive_buffer_bytes,  ///< the window that a peer sees is about this large
  send_buffer_bytes,     ///< SO_SNDBUF
  broadcast,             ///< SO_BROADCAST
  header_included,       ///< IP_HDRINCL
  /// A stream becomes ready with `error` set each time the peer has acknowledged all of what one send() took. Lost while
  /// the stream's own receive buffer is full of unread bytes (Linux charges the notices to it): do not rely on them alone
  /// then.
  ack_notices,
  urgent_inline,   ///< SO_OOBINLINE: urgent data is a part of the stream like any other
  abort_on_close,  ///< close() resets the connection instead of ending it in order
  v6_only,         ///< IPV6_V6ONLY
};

/// What a socket became ready for. Edge-triggered: reported once per change, so a caller must use it up or remember it.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool ended = false;   ///< the peer has ended its sending side (FIN), or more
  bool hangup = false;  ///< both sides are over
  bool error = false;   ///< an error waits (take_error), or an acknowledgement notice
  bool urgent = false;  ///< a stream has urgent data: a receive() may stop short at its mark, though more is there
};

/// Which changes of a descriptor are reported. Errors and ends are, always.
enum class Interest : std::uint8_t {
  input,  ///< for datagrams: Linux calls their sockets writable again after each one that was sent
  input_and_output,
};

struct ReadyEvent {
  std::uint64_t key = 0;
  Readiness what;
};

/// All calls return at once, except wait(). None throws. Every descriptor is close-on-exec and non-blocking.
class Os {
 public:
  virtual ~Os() = default;

  // Clocks and random bytes.
  [[nodiscard]] virtual Instant now() noexcept = 0;
  [[nodiscard]] virtual WallTime wall_clock() noexcept = 0;
  virtual void random(std::span<std::byte> into) noexcept = 0;

  // Sockets.
  /// `protocol` matters to raw sockets only: the IP protocol number.
  [[nodiscard]] virtual OpenResult open(Family family, SocketKind kind, int protocol) noexcept = 0;
  /// What the kernel has taken is still delivered.
  virtual void close(int fd) noexcept = 0;
  [[nodiscard]] virtual SysError bind(int fd, const Endpoint& local) noexcept = 0;
  /// in_progress() means: the outcome comes as readiness (writable, or error with take_error saying why).
  [[nodiscard]] virtual SysError connect(int fd, const Endpoint& peer) noexcept = 0;
  [[nodiscard]] virtual SysError listen(int fd, int backlog) noexcept = 0;
  /// The next connection of a listening socket. `peer` may be null.
  [[nodiscard]] virtual OpenResult accept(int fd, Endpoint* peer) noexcept = 0;
  [[nodiscard]] virtual std::optional<Endpoint> local_endpoint(int fd) noexcept = 0;
  /// The error that waits on the socket, which is thereby taken from it; ok() if none.
  [[nodiscard]] virtual SysError take_error(int fd) noexcept = 0;

  /// A stream: up to into.size() bytes, 0 at the peer's orderly end. A datagram: exactly one, cut off at into.size().
  [[nodiscard]] virtual IoResult receive(int fd, std::span<std::byte> into) noexcept = 0;
  /// Like receive, for a datagram socket without a peer of its own. `from` gets the sender.
  [[nodiscard]] virtual IoResult receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept = 0;
  /// A stream: drops what has arrived, unread. Returns how much; 0 at the peer's end.
  [[nodiscard]] virtual IoResult discard(int fd) noexcept = 0;
  /// A stream takes a part or all of `data`, a datagram socket all or nothing. Never raises SIGPIPE.
  [[nodiscard]] virtual IoResult send(int fd, std::span<const std::byte> data) noexcept = 0;
  [[nodiscard]] virtual IoResult send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept = 0;
  /// Ends the sending side of a stream, after all that was sent.
  virtual SysError shutdown_send(int fd) noexcept = 0;
  /// A stream: bytes sent that the peer has not acknowledged. Counts a FIN that was sent as one.
  /// After a reset: what never will be.
  [[nodiscard]] virtual std::size_t unacknowledged(int fd) noexcept = 0;
  /// Drops the acknowledgement notices that wait, so that the next one is a new edge.
  virtual void take_ack_notices(int fd) noexcept = 0;
  virtual SysError set_option(int fd, OsOption option, int value) noexcept = 0;

  // Terminals and pipes: what the UARTs of a virtual device are joined to, and what it is driven by. They are watched as
  // sockets are, and closed with close().
  /// A serial device, or one end of a pseudo terminal, of this path; raw, no longer anyone's controlling terminal.
  [[nodiscard]] virtual OpenResult open_terminal(const char* path) noexcept = 0;
  /// A new pseudo terminal, raw. `name` gets the path by which others open its other end, zero-terminated.
  [[nodiscard]] virtual OpenResult open_pseudo_terminal(std::span<char> name) noexcept = 0;
  /// Another descriptor of the same: closing one leaves the other.
  [[nodiscard]] virtual OpenResult duplicate(int fd) noexcept = 0;
  [[nodiscard]] virtual SysError set_line(int fd, const SerialLine& line) noexcept = 0;
  /// The reading end of the FIFO of this path, which stays open when its writers have gone. ENOTSUP: it is no FIFO.
  [[nodiscard]] virtual OpenResult open_fifo(const char* path) noexcept = 0;
  /// What has arrived; 0 or an error: the other side is gone.
  [[nodiscard]] virtual IoResult read(int fd, std::span<std::byte> into) noexcept = 0;
  [[nodiscard]] virtual IoResult write(int fd, std::span<const std::byte> data) noexcept = 0;
  /// Whether somebody has the other end of a terminal open. A serial device always has one.
  [[nodiscard]] virtual bool attached(int fd) noexcept = 0;

  // Readiness.
  /// Reports changes of `fd` under `key` from now on, the present state first. close() ends it.
  [[nodiscard]] virtual SysError watch(int fd, std::uint64_t key, Interest interest) noexcept = 0;
  /// The same with another interest, the present state first again.
  [[nodiscard]] virtual SysError rewatch(int fd, std::uint64_t key, Interest interest) noexcept = 0;
  /// Ends it without close(). Needed before a duplicate is closed: the other one keeps the watch alive.
  virtual void unwatch(int fd) noexcept = 0;
  /// Waits for at least one event, for at most `timeout` (negative: for ever). Returns how many of `into` were filled;
  /// 0 also where a signal or wake() ended the wait. interrupted() tells that from a timeout.
  [[nodiscard]] virtual std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept = 0;
  /// Whether the last wait() was cut short by a signal or by wake().
  [[nodiscard]] virtual bool interrupted() const noexcept = 0;
  /// Ends the wait() under way, or the next one. Any thread; allowed in a signal handler.
  virtual void wake() noexcept = 0;
  /// Becomes readable when wait() would find something: for a host that has a loop of its own.
  [[nodiscard]] virtual int poll_fd() const noexcept = 0;

  /// Changes whenever the file's content may have changed; 0 if there is none. (The resolver's configuration.)
  [[nodiscard]] virtual std::uint64_t file_stamp(const char* path) noexcept = 0;
  /// True in a child that a fork() made after this Os: it may close descriptors, and do nothing else with them.
  [[nodiscard]] virtual bool forked() const noexcept = 0;
};

/// Owns one descriptor of an Os. The Os must outlive it.
class OwnedFd {
 public:
  OwnedFd() noexcept = default;
  OwnedFd(Os& os, int fd) noexcept : os_(&os), fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : os_(other.os_), fd_(other.release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  [[nodiscard]] Os& os() const noexcept { return *os_; }
  [[nodiscard]] int release() noexcept;
  void reset() noexcept;

 private:
  Os* os_ = nullptr;
  int fd_ = -1;
};

/// The kernel below this process. Null if it refuses an epoll instance (no descriptors): `error` says why.
[[nodiscard]] std::unique_ptr<Os> linux_os(SysError* error = nullptr);

}  // namespace socketcore
