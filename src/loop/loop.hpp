#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/slot_table.hpp"
#include "loop/timer_queue.hpp"
#include "socketcore/os.hpp"

namespace socketcore {

/// Something the loop calls. Named by a Token outside its owner, so that a late event finds nobody instead of freed memory.
/// The calls come from within a turn only, never from within a call of the handler's own.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_ready(Readiness) noexcept {}
  /// `cookie` is what the timer was made with.
  virtual void on_timer(std::uint32_t /*cookie*/) noexcept {}
  /// The turn that was asked for with Loop::defer.
  virtual void on_turn() noexcept {}
};

/// One thread's events: readiness, timers, and what waits for the next turn.
class Loop {
 public:
  explicit Loop(Os& os);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] Os& os() noexcept { return os_; }

  /// Gives the handler a name. Throws std::bad_alloc only; after it, defer() and arming one timer need no memory.
  [[nodiscard]] Token attach(Handler& handler);
  /// From now on the token finds nobody.
  void detach(Token token) noexcept;
  [[nodiscard]] Handler* find(Token token) noexcept;

  /// Reports the descriptor's readiness to the handler until it is closed.
  [[nodiscard]] SysError watch(int fd, Token token, Interest interest = Interest::input_and_output) noexcept {
    return os_.watch(fd, token.packed(), interest);
  }
  [[nodiscard]] SysError rewatch(int fd, Token token, Interest interest) noexcept {
    return os_.rewatch(fd, token.packed(), interest);
  }

  [[nodiscard]] TimerQueue& timers() noexcept { return timers_; }

  /// Has on_turn() called at the start of the next turn, once however often it was asked for.
  void defer(Token token) noexcept;

  /// Owns the handler from now on, until release(). It must be attached.
  void adopt(std::unique_ptr<Handler> handler, Token token) noexcept;
  /// Frees an adopted handler at the end of the turn.
  void release(Token token) noexcept;
  [[nodiscard]] std::size_t adopted() const noexcept { return adopted_count_; }

  /// Notes for the answer of turn() that this handler (a device) has something for its user.
  void note_ready(Token token) noexcept;
  /// Takes that back: its user has found it meanwhile.
  void note_idle(Token token) noexcept;

  /// Waits up to `timeout` (negative: for ever) and handles all that is due: timers by deadline, what was deferred, timers
  /// that ran out in the wait, readiness in the kernel's order. Answers whom note_ready() named since the last turn, in
  /// which case it does not wait; valid until the next one.
  std::span<const Token> turn(Duration timeout) noexcept;
  /// A turn in the midst of something else: answers nobody, so that the next turn() names those who became ready.
  void step(Duration timeout) noexcept;
  /// How long until a turn is due without input.
  [[nodiscard]] std::optional<Duration> until_due() noexcept;

 private:
  struct Entry {
    Handler* handler = nullptr;
    std::unique_ptr<Handler> owned;
    bool deferred = false;
    bool listed = false;  // in ready_
    bool noted = false;   // and still to be answered
    bool released = false;
  };
  static constexpr std::size_t kEventsPerWait = 256;

  [[nodiscard]] std::optional<Duration> until_work() noexcept;
  void run_deferred() noexcept;
  void run_timers(std::uint64_t mark) noexcept;
  void free_released() noexcept;

  Os& os_;
  SlotTable<Entry> entries_;
  TimerQueue timers_;
  std::vector<Token> deferred_;  // for the next turn
  std::vector<Token> running_;   // of this turn
  std::vector<Token> ready_;     // for the next answer
  std::vector<Token> answer_;
  std::vector<Token> released_;
  std::vector<ReadyEvent> events_;
  std::size_t noted_count_ = 0;
  std::size_t adopted_count_ = 0;
};

}  // namespace socketcore
