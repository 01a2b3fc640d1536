#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/slot_table.hpp"
#include "socketcore/os.hpp"

namespace socketcore {

/// Names a timer of a TimerQueue.
using TimerKey = Token;

/// Timers by deadline; those of the same deadline in the order in which they were armed. Made once, armed and disarmed as
/// often as needed without memory.
class TimerQueue {
 public:
  /// A timer for `owner`, not armed. Throws std::bad_alloc only.
  [[nodiscard]] TimerKey make(Token owner, std::uint32_t cookie);
  void destroy(TimerKey key) noexcept;

  /// Runs out at `deadline`; replaces an earlier one.
  void arm(TimerKey key, Instant deadline) noexcept;
  void disarm(TimerKey key) noexcept;
  [[nodiscard]] bool armed(TimerKey key) noexcept;

  [[nodiscard]] std::optional<Instant> next() const noexcept;

  struct Due {
    Token owner;
    std::uint32_t cookie;
  };
  /// Disarms and returns the first timer that is due at `now` and was armed no later than `mark` says, so that a timer
  /// that arms itself again cannot spin.
  [[nodiscard]] std::optional<Due> take_due(Instant now, std::uint64_t mark) noexcept;
  /// Stands for all timers that were armed so far.
  [[nodiscard]] std::uint64_t mark() const noexcept { return order_; }

 private:
  static constexpr std::uint32_t kNotArmed = 0xffffffff;
  struct Node {
    Token owner;
    std::uint32_t cookie = 0;
    std::uint32_t place = kNotArmed;  // where its entry is in heap_
  };
  struct Entry {
    Instant deadline;
    std::uint64_t order;
    TimerKey key;
  };
  [[nodiscard]] static bool before(const Entry& a, const Entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
  }
  void put(std::uint32_t place, const Entry& entry) noexcept;
  void sift_up(std::uint32_t place) noexcept;
  void sift_down(std::uint32_t place) noexcept;

  SlotTable<Node> nodes_;
  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace socketcore
