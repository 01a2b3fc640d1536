#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "socketcore/log.hpp"
#include "socketcore/os.hpp"
#include "socketcore/resolver.hpp"

namespace socketcore {

/// Names a device of a reactor for as long as it lives; never reused.
struct DeviceKey {
  std::uint64_t value = 0;
  friend bool operator==(DeviceKey, DeviceKey) = default;
};

class Core;

/// One thread's I/O for any number of devices. All calls but wake() belong to the thread that made it.
/// It never calls up into its user: a turn queues messages, the user takes them from its devices.
class Reactor {
 public:
  /// `os` and `log` (may be null: no lines) must outlive the reactor. Without a `resolver` it asks DNS and the hosts file
  /// of this machine. Throws std::bad_alloc only.
  explicit Reactor(Os& os, Log* log = nullptr, std::unique_ptr<Resolver> resolver = nullptr);
  /// All devices must be gone. Sockets that still linger are closed at once: drain() first to have them delivered.
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Waits up to `timeout` (negative: for ever; zero: polls) for input, timers or limits, and handles all that is due.
  /// Returns the devices whose queues went from empty to not empty since the last call of this (in a receive() or sleep()
  /// of another device, too) and are not empty now; valid until the next call, or until a device is made. Returns early,
  /// with nothing, after wake() or a signal. Throws nothing.
  std::span<const DeviceKey> turn(Duration timeout);

  /// Becomes readable when a turn would find input: for a host with a loop of its own. Watch until_due() beside it.
  [[nodiscard]] int poll_fd() const noexcept;
  /// How long until a turn is due without any input; nothing if no timer runs.
  [[nodiscard]] std::optional<Duration> until_due() noexcept;

  /// Ends the turn under way, or the next one, early. Any thread; allowed in a signal handler.
  void wake() noexcept;
  /// Whether the last turn was cut short by wake() or a signal.
  [[nodiscard]] bool interrupted() const noexcept;

  /// Turns until the sockets that destroyed devices left behind have delivered what their scripts sent, or have met
  /// their linger limit. False if wake() cut it short. In a forked child it returns at once.
  bool drain();
  /// How many sockets of destroyed devices still linger.
  [[nodiscard]] std::size_t lingering() const noexcept;

  [[nodiscard]] Os& os() noexcept;
  /// For the engine's own rooms.
  [[nodiscard]] Core& core() noexcept { return *core_; }

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace socketcore
