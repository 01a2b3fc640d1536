#pragma once

#include <cstdint>
#include <unordered_map>

#include "device/message_queue.hpp"

namespace socketcore {

/// A script's one-shot timers by id. The message of a run that was stopped or started again does not come, even if it was
/// queued.
class ScriptTimers {
 public:
  ScriptTimers(Loop& loop, Token device, MessageQueue& queue) noexcept : loop_(loop), device_(device), queue_(queue) {}
  ~ScriptTimers() {
    for (auto& [id, timer] : timers_) loop_.timers().destroy(timer.key);
  }
  ScriptTimers(const ScriptTimers&) = delete;
  ScriptTimers& operator=(const ScriptTimers&) = delete;

  /// Throws std::bad_alloc only, and then nothing has changed.
  void start(TimerId id, Duration after) {
    queue_.promise(1);
    auto found = timers_.find(id);
    if (found == timers_.end()) {
      TimerKey key;
      try {
        key = loop_.timers().make(device_, static_cast<std::uint32_t>(id));
        found = timers_.emplace(id, Timer{key, 0}).first;
      } catch (...) {
        loop_.timers().destroy(key);
        queue_.redeem(1);
        throw;
      }
    } else if (loop_.timers().armed(found->second.key)) {
      queue_.redeem(1);
    }
    found->second.run = ++runs_;
    loop_.timers().arm(found->second.key, loop_.os().now() + after);
  }

  void stop(TimerId id) noexcept {
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    if (loop_.timers().armed(found->second.key)) queue_.redeem(1);
    loop_.timers().destroy(found->second.key);
    timers_.erase(found);
  }

  /// The loop says that it ran out.
  void ran_out(TimerId id) noexcept {
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    queue_.redeem(1);
    queue_.post({.kind = Note::Kind::timer, .error = Err::ok, .id = id, .serial = found->second.run, .size = 0});
  }

  /// Whether the note of a run is still true; then the timer is over.
  [[nodiscard]] bool deliver(Note note) noexcept {
    const auto found = timers_.find(note.id);
    if (found == timers_.end() || found->second.run != note.serial) return false;
    loop_.timers().destroy(found->second.key);
    timers_.erase(found);
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return timers_.empty(); }

 private:
  struct Timer {
    TimerKey key;
    std::uint32_t run;
  };
  Loop& loop_;
  Token device_;
  MessageQueue& queue_;
  std::unordered_map<TimerId, Timer> timers_;
  std::uint32_t runs_ = 0;
};

}  // namespace socketcore
