#pragma once

#include <ctime>
#include <optional>
#include <span>
#include <vector>

#include "socketcore/os.hpp"

namespace bench {

/// The processor's time of this thread: what others do meanwhile does not count.
inline socketcore::Duration thread_time() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Another Os that notes how much of the processor goes by from the end of one wait() to the start of the next: for so long
/// nobody asks the kernel what else has come.
class TimedOs final : public socketcore::Os {
 public:
  explicit TimedOs(socketcore::Os& os) : os_(os) {}

  /// What was noted since the last call of start().
  [[nodiscard]] const std::vector<socketcore::Duration>& stretches() const { return stretches_; }
  void start() {
    stretches_.clear();
    stretches_.reserve(std::size_t{1} << 22);  // so that noting one costs nothing worth noting
    since_.reset();
  }

  std::size_t wait(std::span<socketcore::ReadyEvent> into, socketcore::Duration timeout) noexcept override {
    if (since_ && stretches_.size() < stretches_.capacity()) stretches_.push_back(thread_time() - *since_);
    const std::size_t count = os_.wait(into, timeout);
    since_ = thread_time();
    return count;
  }

  socketcore::Instant now() noexcept override { return os_.now(); }
  socketcore::WallTime wall_clock() noexcept override { return os_.wall_clock(); }
  void random(std::span<std::byte> into) noexcept override { os_.random(into); }
  socketcore::OpenResult open(socketcore::Family family, socketcore::SocketKind kind, int protocol) noexcept override {
    return os_.open(family, kind, protocol);
  }
  void close(int fd) noexcept override { os_.close(fd); }
  socketcore::SysError bind(int fd, const socketcore::Endpoint& local) noexcept override { return os_.bind(fd, local); }
  socketcore::SysError connect(int fd, const socketcore::Endpoint& peer) noexcept override { return os_.connect(fd, peer); }
  socketcore::SysError listen(int fd, int backlog) noexcept override { return os_.listen(fd, backlog); }
  socketcore::OpenResult accept(int fd, socketcore::Endpoint* peer) noexcept override { return os_.accept(fd, peer); }
  std::optional<socketcore::Endpoint> local_endpoint(int fd) noexcept override { return os_.local_endpoint(fd); }
  socketcore::SysError take_error(int fd) noexcept override { return os_.take_error(fd); }
  socketcore::IoResult receive(int fd, std::span<std::byte> into) noexcept override { return os_.receive(fd, into); }
  socketcore::IoResult receive_from(int fd, std::span<std::byte> into, socketcore::Endpoint* from) noexcept override {
    return os_.receive_from(fd, into, from);
  }
  socketcore::IoResult discard(int fd) noexcept override { return os_.discard(fd); }
  socketcore::IoResult send(int fd, std::span<const std::byte> data) noexcept override { return os_.send(fd, data); }
  socketcore::IoResult send_to(int fd, std::span<const std::byte> data, const socketcore::Endpoint& to) noexcept override {
    return os_.send_to(fd, data, to);
  }
  socketcore::SysError shutdown_send(int fd) noexcept override { return os_.shutdown_send(fd); }
  std::size_t unacknowledged(int fd) noexcept override { return os_.unacknowledged(fd); }
  void take_ack_notices(int fd) noexcept override { os_.take_ack_notices(fd); }
  socketcore::SysError set_option(int fd, socketcore::OsOption option, int value) noexcept override {
    return os_.set_option(fd, option, value);
  }
  socketcore::OpenResult open_terminal(const char* path) noexcept override { return os_.open_terminal(path); }
  socketcore::OpenResult open_pseudo_terminal(std::span<char> name) noexcept override {
    return os_.open_pseudo_terminal(name);
  }
  socketcore::OpenResult duplicate(int fd) noexcept override { return os_.duplicate(fd); }
  socketcore::SysError set_line(int fd, const socketcore::SerialLine& line) noexcept override {
    return os_.set_line(fd, line);
  }
  socketcore::OpenResult open_fifo(const char* path) noexcept override { return os_.open_fifo(path); }
  socketcore::IoResult read(int fd, std::span<std::byte> into) noexcept override { return os_.read(fd, into); }
  socketcore::IoResult write(int fd, std::span<const std::byte> data) noexcept override { return os_.write(fd, data); }
  bool attached(int fd) noexcept override { return os_.attached(fd); }
  socketcore::SysError watch(int fd, std::uint64_t key, socketcore::Interest interest) noexcept override {
    return os_.watch(fd, key, interest);
  }
  socketcore::SysError rewatch(int fd, std::uint64_t key, socketcore::Interest interest) noexcept override {
    return os_.rewatch(fd, key, interest);
  }
  void unwatch(int fd) noexcept override { os_.unwatch(fd); }
  bool interrupted() const noexcept override { return os_.interrupted(); }
  void wake() noexcept override { os_.wake(); }
  int poll_fd() const noexcept override { return os_.poll_fd(); }
  std::uint64_t file_stamp(const char* path) noexcept override { return os_.file_stamp(path); }
  bool forked() const noexcept override { return os_.forked(); }

 private:
  socketcore::Os& os_;
  std::vector<socketcore::Duration> stretches_;
  std::optional<socketcore::Duration> since_;
};

}  // namespace bench
