#pragma once

#include <memory>

#include "torture/torture.hpp"

/// This machine's kernel, one of whose calls fails: kernel_calls.cpp stands before libc's functions of those names, for the
/// engine and the libraries below it. Only what the engine calls is counted (Scarcity), in the thread that made this.
namespace socketcore::test {

enum class SystemCall : std::uint8_t {
  socket, bind, connect, listen, accept, getsockname, take_error, receive, receive_datagram, discard, notices, send,
  send_datagram, shutdown, setsockopt, epoll_create, epoll_add, epoll_wait, epoll_pwait2, eventfd, read_wake, write_wake,
  read, write, open, open_pty, unlock_pty, name_pty, duplicate, get_line, set_line, poll, stat, file_stream, getrandom,
  mmap, madvise,
};

class Kernel final : public OwnFaults {
 public:
  Kernel();
  ~Kernel() override;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  void begin(bool first, std::optional<std::size_t> which) override;
  [[nodiscard]] std::string end() override;
  [[nodiscard]] std::size_t ways() override;
  [[nodiscard]] std::size_t operations() const override;
  [[nodiscard]] bool struck() const override;
  [[nodiscard]] std::string text(std::size_t which) const override;

  /// Asked once for each call. Null: it goes through.
  [[nodiscard]] const Fault* strikes(SystemCall call) noexcept;
  /// Whether the kernel is one that does not know epoll_pwait2.
  [[nodiscard]] bool aged() const noexcept;

  /// What fails in this run is a call of the kernel, or nothing is to fail.
  [[nodiscard]] bool has_memory() const;
  /// What happens to the call happens on any machine, and nobody is to notice.
  [[nodiscard]] bool harmless() const;
  /// Until the run ends, Linux is one before 5.11.
  void age();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of the program; null in others.
inline Kernel* kernel = nullptr;

}  // namespace socketcore::test
