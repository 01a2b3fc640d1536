#pragma once

#include "socketcore/os.hpp"

namespace socketcore::test {

/// Hands every call on to another Os. A test overrides the calls that it wants to go wrong.
class ForwardingOs : public Os {
 public:
  explicit ForwardingOs(Os& below) noexcept : below_(below) {}

  Instant now() noexcept override { return below_.now(); }
  WallTime wall_clock() noexcept override { return below_.wall_clock(); }
  void random(std::span<std::byte> into) noexcept override { below_.random(into); }
  OpenResult open(Family family, SocketKind kind, int protocol) noexcept override {
    return below_.open(family, kind, protocol);
  }
  void close(int fd) noexcept override { below_.close(fd); }
  SysError bind(int fd, const Endpoint& local) noexcept override { return below_.bind(fd, local); }
  SysError connect(int fd, const Endpoint& peer) noexcept override { return below_.connect(fd, peer); }
  SysError listen(int fd, int backlog) noexcept override { return below_.listen(fd, backlog); }
  OpenResult accept(int fd, Endpoint* peer) noexcept override { return below_.accept(fd, peer); }
  std::optional<Endpoint> local_endpoint(int fd) noexcept override { return below_.local_endpoint(fd); }
  SysError take_error(int fd) noexcept override { return below_.take_error(fd); }
  IoResult receive(int fd, std::span<std::byte> into) noexcept override { return below_.receive(fd, into); }
  IoResult receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept override {
    return below_.receive_from(fd, into, from);
  }
  IoResult discard(int fd) noexcept override { return below_.discard(fd); }
  IoResult send(int fd, std::span<const std::byte> data) noexcept override { return below_.send(fd, data); }
  IoResult send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept override {
    return below_.send_to(fd, data, to);
  }
  SysError shutdown_send(int fd) noexcept override { return below_.shutdown_send(fd); }
  std::size_t unacknowledged(int fd) noexcept override { return below_.unacknowledged(fd); }
  void take_ack_notices(int fd) noexcept override { below_.take_ack_notices(fd); }
  SysError set_option(int fd, OsOption option, int value) noexcept override { return below_.set_option(fd, option, value); }
  OpenResult open_terminal(const char* path) noexcept override { return below_.open_terminal(path); }
  OpenResult open_pseudo_terminal(std::span<char> name) noexcept override { return below_.open_pseudo_terminal(name); }
  OpenResult duplicate(int fd) noexcept override { return below_.duplicate(fd); }
  SysError set_line(int fd, const SerialLine& line) noexcept override { return below_.set_line(fd, line); }
  OpenResult open_fifo(const char* path) noexcept override { return below_.open_fifo(path); }
  IoResult read(int fd, std::span<std::byte> into) noexcept override { return below_.read(fd, into); }
  IoResult write(int fd, std::span<const std::byte> data) noexcept override { return below_.write(fd, data); }
  bool attached(int fd) noexcept override { return below_.attached(fd); }
  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override { return below_.watch(fd, key, interest); }
  SysError rewatch(int fd, std::uint64_t key, Interest interest) noexcept override {
    return below_.rewatch(fd, key, interest);
  }
  void unwatch(int fd) noexcept override { below_.unwatch(fd); }
  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override { return below_.wait(into, timeout); }
  bool interrupted() const noexcept override { return below_.interrupted(); }
  void wake() noexcept override { below_.wake(); }
  int poll_fd() const noexcept override { return below_.poll_fd(); }
  std::uint64_t file_stamp(const char* path) noexcept override { return below_.file_stamp(path); }
  bool forked() const noexcept override { return below_.forked(); }

 private:
  Os& below_;
};

}  // namespace socketcore::test
