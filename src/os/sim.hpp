#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "socketcore/os.hpp"

namespace socketcore {

namespace sim {
class Network;
}

/// An Os on virtual time, with a network in memory. The same seed and the same calls give the same run.
///
/// All hosts are on it at once: every address exists, and a socket may be bound to any of them, so that one SimOs plays the
/// engine as well as its peers (which need not be watched: call accept, receive and send on them between two turns). What a
/// call may answer, and when readiness is an edge, follows Linux; the suite in tests/unit/os holds both to it. Nothing
/// moves but inside wait() and advance(). TCP loses no segment, except that a path may be cut (black_hole).
///
/// One thread, like every Os. A lack of memory ends the program.
class SimOs final : public Os {
 public:
  explicit SimOs(std::uint64_t seed = 1);
  ~SimOs() override;
  SimOs(const SimOs&) = delete;
  SimOs& operator=(const SimOs&) = delete;

  // --- What a test decides.

  /// Lets the network go on for `by`, as if nobody had waited for it.
  void advance(Duration by);
  void set_wall_clock(WallTime now) noexcept;
  /// One way. Without an address: for all that has none of its own.
  void set_latency(Duration latency);
  void set_latency(const Address& address, Duration latency);
  /// Packets from and to the address are lost while `on`. What a stream lost arrives after all once that is over; until
  /// then keepalive and retransmission limits run out as Linux' do.
  void black_hole(const Address& address, bool on = true);
  /// As black_hole, but connect() fails with EHOSTUNREACH as soon as the network can say so.
  void unreachable(const Address& address, bool on = true);
  /// A subnet's broadcast address, as 255.255.255.255 is always.
  void broadcast_address(const Address& address);
  /// The source address of what is sent from an unbound socket. 10.0.0.1 and fd00::1 at first.
  void set_host_address(const Address& address);
  /// Raw sockets fail with EPERM unless allowed. Their echo requests are answered by every host.
  void allow_raw(bool allowed) noexcept;
  /// From then on there may be at most that many open descriptors.
  void limit_descriptors(std::size_t count) noexcept;
  /// No call on a stream moves more. The rest is announced by an edge of its own, as if it had come (or gone) a little
  /// later.
  void limit_io(std::size_t bytes) noexcept;
  /// Resets a connection at both its ends, as if each had heard it from the other.
  void reset_connection(int fd);
  void set_file_stamp(std::string path, std::uint64_t stamp);
  /// What forked() answers.
  void set_forked(bool forked) noexcept;

  // --- What a test may look at.

  [[nodiscard]] std::size_t open_descriptors() const noexcept;
  /// What set_option last took; 0 before that. Nothing for a descriptor that is not open.
  [[nodiscard]] std::optional<int> option(int fd, OsOption option) const noexcept;

  // --- Os.

  Instant now() noexcept override;
  WallTime wall_clock() noexcept override;
  void random(std::span<std::byte> into) noexcept override;

  OpenResult open(Family family, SocketKind kind, int protocol) noexcept override;
  void close(int fd) noexcept override;
  SysError bind(int fd, const Endpoint& local) noexcept override;
  SysError connect(int fd, const Endpoint& peer) noexcept override;
  SysError listen(int fd, int backlog) noexcept override;
  OpenResult accept(int fd, Endpoint* peer) noexcept override;
  std::optional<Endpoint> local_endpoint(int fd) noexcept override;
  SysError take_error(int fd) noexcept override;

  IoResult receive(int fd, std::span<std::byte> into) noexcept override;
  IoResult receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept override;
  IoResult discard(int fd) noexcept override;
  IoResult send(int fd, std::span<const std::byte> data) noexcept override;
  IoResult send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept override;
  SysError shutdown_send(int fd) noexcept override;
  std::size_t unacknowledged(int fd) noexcept override;
  void take_ack_notices(int fd) noexcept override;
  SysError set_option(int fd, OsOption option, int value) noexcept override;

  // This world has no terminals and no FIFOs.
  OpenResult open_terminal(const char* path) noexcept override;
  OpenResult open_pseudo_terminal(std::span<char> name) noexcept override;
  OpenResult duplicate(int fd) noexcept override;
  SysError set_line(int fd, const SerialLine& line) noexcept override;
  OpenResult open_fifo(const char* path) noexcept override;
  IoResult read(int fd, std::span<std::byte> into) noexcept override;
  IoResult write(int fd, std::span<const std::byte> data) noexcept override;
  bool attached(int fd) noexcept override;

  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override;
  SysError rewatch(int fd, std::uint64_t key, Interest interest) noexcept override;
  void unwatch(int fd) noexcept override;
  /// Also 0, and interrupted, where a wait for ever would have nothing to wait for: a test cannot hang.
  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override;
  bool interrupted() const noexcept override;
  void wake() noexcept override;
  /// -1: there is no descriptor to poll on virtual time.
  int poll_fd() const noexcept override;

  std::uint64_t file_stamp(const char* path) noexcept override;
  bool forked() const noexcept override;

 private:
  std::unique_ptr<sim::Network> network_;
  std::mt19937_64 random_;
  WallTime wall_at_start_;
  std::map<std::string, std::uint64_t, std::less<>> file_stamps_;
  std::size_t descriptor_limit_;
  std::atomic<bool> woken_ = false;
  bool interrupted_ = false;
  bool forked_ = false;
};

}  // namespace socketcore
