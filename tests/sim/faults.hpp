#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/allocations.hpp"

/// Has one of the engine's system calls fail: the n-th, in one of the ways in which a kernel may refuse it. MeddlingOs asks
/// before each call; nothing fails unless a program has armed it (tests/torture).
namespace socketcore::test {

enum class OsCall : std::uint8_t {
  open, bind, connect, take_error, receive, receive_datagram, discard, send, send_datagram, shutdown_send, set_option, watch,
  wait, line_open, line_set, line_read, line_write, file_open, file_read, file_write, file_close, file_rename, file_remove,
  make_dir, read_dir,
};

[[nodiscard]] inline std::string_view name_of(OsCall call) noexcept {
  constexpr std::string_view kNames[]{"open", "bind", "connect", "take_error", "receive", "receive_datagram", "discard",
                                      "send", "send_datagram", "shutdown_send", "set_option", "watch", "wait",
                                      "line_open", "line_set", "line_read", "line_write", "file_open", "file_read",
                                      "file_write", "file_close", "file_rename", "file_remove", "make_dir", "read_dir"};
  return kNames[static_cast<std::size_t>(call)];
}

struct Fault {
  enum class Kind : std::uint8_t {
    error,       ///< the call answers `number` and does nothing
    lasting,     ///< so does every call of its kind from there on
    reset,       ///< the connection is reset just before the call
    blocked,     ///< EAGAIN; readiness is reported once more, in the next wait
    one_byte,    ///< no more than one byte moves; the rest is announced again
    interrupted, ///< wait(): a signal
    one_event,   ///< wait(): the others come with the next one
  };
  Kind kind = Kind::error;
  int number = 0;

  [[nodiscard]] std::string text() const {
    constexpr std::string_view kNames[]{"error ", "lasting ", "reset", "blocked", "one byte", "interrupted", "one event"};
    const std::string name(kNames[static_cast<std::size_t>(kind)]);
    return number != 0 ? name + std::to_string(number) : name;
  }
};

/// The ways in which this call may fail.
[[nodiscard]] inline const std::vector<Fault>& faults_of(OsCall call) {
  using Kind = Fault::Kind;
  const auto errors = [](std::initializer_list<int> numbers, std::initializer_list<Fault> others = {}) {
    std::vector<Fault> all(others);
    for (const int number : numbers) all.push_back({Kind::error, number});
    return all;
  };
  static const std::vector<Fault> kAll[]{
      errors({EMFILE, ENFILE, ENOBUFS, ENOMEM, EAFNOSUPPORT}, {{Kind::lasting, EMFILE}}),
      errors({EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOMEM}),
      errors({ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, EAGAIN, EINTR, ENOMEM, ETIMEDOUT, EPERM}),
      errors({ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENOMEM}),
      errors({ETIMEDOUT, EINTR, ENOMEM, ENOBUFS}, {{Kind::reset}, {Kind::blocked}, {Kind::one_byte}}),
      errors({ECONNREFUSED, EHOSTUNREACH, ENOMEM, ENOBUFS, EINTR}, {{Kind::blocked}, {Kind::lasting, ENOMEM}}),
      errors({ETIMEDOUT, ENOMEM}, {{Kind::reset}, {Kind::blocked}}),
      errors({ENOBUFS, ENOMEM, EINTR, ETIMEDOUT, EHOSTUNREACH}, {{Kind::reset}, {Kind::blocked}, {Kind::one_byte}}),
      errors({ENOBUFS, ENOMEM, EMSGSIZE, EPERM, ECONNREFUSED, ENETUNREACH, EINTR}, {{Kind::blocked}, {Kind::lasting, ENOBUFS}}),
      errors({}, {{Kind::reset}}),
      errors({ENOMEM, ENOPROTOOPT}),
      errors({ENOSPC, ENOMEM}),
      errors({}, {{Kind::interrupted}, {Kind::one_event}}),
      errors({ENOENT, EMFILE, ENOMEM}),
      errors({EINVAL, EIO}),
      errors({EIO}, {{Kind::blocked}, {Kind::one_byte}}),
      errors({EIO}, {{Kind::blocked}, {Kind::one_byte}}),
      errors({EMFILE, ENOSPC, EACCES, EIO}, {{Kind::lasting, EMFILE}}),
      errors({EIO}),
      errors({ENOSPC, EIO}, {{Kind::one_byte}, {Kind::lasting, ENOSPC}}),
      errors({ENOSPC}),
      errors({EIO, EACCES, ENOSPC}),
      errors({EACCES, EIO}, {{Kind::lasting, EIO}}),
      errors({ENOSPC, EACCES}),
      errors({EIO}),
  };
  return kAll[static_cast<std::size_t>(call)];
}

class Faults {
 public:
  /// Counts from the next go_on(); the call of that number fails so. Negative: none does. Of allocations, as many are granted
  /// as it says there.
  void arm(long which, Fault how, long allocations) {
    calls_.clear();
    which_ = which;
    how_ = how;
    count_ = 0;
    allocations_ = allocations;
    lasting_ = active_ = false;
    armed_ = true;
  }
  /// No call fails any more.
  void disarm() noexcept {
    armed_ = active_ = lasting_ = false;
    allocations_granted = -1;
  }
  /// A world begins and ends. What comes after its end is not to fail: it must clean up.
  void go_on() noexcept {
    if (!armed_) return;
    active_ = true;
    allocations_granted = allocations_;
  }
  void pause() noexcept {
    if (!active_) return;
    active_ = lasting_ = false;
    allocations_ = std::exchange(allocations_granted, -1);
  }
  /// Asked once for each call. Nothing: it goes through.
  [[nodiscard]] const Fault* strikes(OsCall call) {
    if (!active_) return nullptr;
    if (which_ < 0) calls_.push_back(call);
    if (count_++ == which_) {
      struck_ = call;
      lasting_ = how_.kind == Fault::Kind::lasting;
      return &how_;
    }
    return lasting_ && call == struck_ ? &how_ : nullptr;
  }
  /// What was called since arm(-1).
  [[nodiscard]] const std::vector<OsCall>& calls() const noexcept { return calls_; }

 private:
  std::vector<OsCall> calls_;
  long which_ = -1;
  long count_ = 0;
  long allocations_ = -1;
  Fault how_;
  OsCall struck_{};
  bool lasting_ = false;
  bool armed_ = false;
  bool active_ = false;
};

inline Faults faults;

/// Something is going to fail, whatever a test expects: of the device under test only the promises count that hold then, too.
inline bool tortured = false;
/// A fault is at work in this run: what a test waits for may never come.
inline bool disturbed = false;
/// What is checked meanwhile holds under every fault; all else that a test checks does not.
inline int promises_checked = 0;
class PromisesChecked {
 public:
  PromisesChecked() { ++promises_checked; }
  ~PromisesChecked() { --promises_checked; }
  PromisesChecked(const PromisesChecked&) = delete;
  PromisesChecked& operator=(const PromisesChecked&) = delete;
};

}  // namespace socketcore::test
