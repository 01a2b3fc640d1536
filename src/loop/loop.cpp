#include "loop/loop.hpp"

#include <algorithm>
#include <utility>

namespace socketcore {

Loop::Loop(Os& os) : os_(os), events_(kEventsPerWait) {}

Loop::~Loop() {
  // A handler detaches itself as it goes: all of the loop must still be there.
  entries_.for_each([](Entry& entry) { const std::unique_ptr<Handler> freed = std::move(entry.owned); });
}

Token Loop::attach(Handler& handler) {
  // Each list names a handler at most once: with room for all of them, naming one never needs memory.
  const std::size_t room = entries_.size() + 1;
  for (auto* list : {&deferred_, &running_, &ready_, &answer_, &released_}) {
    if (list->capacity() < room) list->reserve(room * 2);
  }
  Entry entry;
  entry.handler = &handler;
  return entries_.insert(std::move(entry));
}

void Loop::detach(Token token) noexcept {
  Entry* entry = entries_.find(token);
  if (entry == nullptr) return;
  if (entry->deferred) std::erase(deferred_, token);
  note_idle(token);
  if (entry->listed) std::erase(ready_, token);
  entries_.erase(token);
}

Handler* Loop::find(Token token) noexcept {
  Entry* entry = entries_.find(token);
  return entry == nullptr ? nullptr : entry->handler;
}

void Loop::defer(Token token) noexcept {
  Entry* entry = entries_.find(token);
  if (entry == nullptr || entry->deferred) return;
  entry->deferred = true;
  deferred_.push_back(token);
}

void Loop::adopt(std::unique_ptr<Handler> handler, Token token) noexcept {
  entries_.find(token)->owned = std::move(handler);
  ++adopted_count_;
}

void Loop::release(Token token) noexcept {
  Entry* entry = entries_.find(token);
  if (entry == nullptr || !entry->owned || entry->released) return;
  entry->released = true;
  released_.push_back(token);
  --adopted_count_;
}

void Loop::note_ready(Token token) noexcept {
  Entry* entry = entries_.find(token);
  if (entry == nullptr || entry->noted) return;
  entry->noted = true;
  ++noted_count_;
  if (entry->listed) return;
  entry->listed = true;
  ready_.push_back(token);
}

void Loop::note_idle(Token token) noexcept {
  Entry* entry = entries_.find(token);
  if (entry == nullptr || !entry->noted) return;
  entry->noted = false;
  --noted_count_;
}

std::span<const Token> Loop::turn(Duration timeout) noexcept {
  step(noted_count_ > 0 ? Duration::zero() : timeout);
  answer_.clear();
  for (const Token token : ready_) {
    Entry* entry = entries_.find(token);
    entry->listed = false;
    if (entry->noted) answer_.push_back(token);
    entry->noted = false;
  }
  ready_.clear();
  noted_count_ = 0;
  return answer_;
}

void Loop::step(Duration timeout) noexcept {
  const std::size_t noted_before = noted_count_;
  // What this turn arms runs in the next one at the earliest.
  const std::uint64_t mark = timers_.mark();
  run_timers(mark);
  run_deferred();

  Duration wait = noted_count_ > noted_before ? Duration::zero() : timeout;
  if (const auto due = until_work(); due && (wait < Duration::zero() || *due < wait)) wait = *due;
  const std::size_t count = os_.wait(events_, wait);
  run_timers(mark);
  for (std::size_t i = 0; i < count; ++i) {
    if (Handler* handler = find(Token::unpack(events_[i].key))) handler->on_ready(events_[i].what);
  }

  free_released();
}

std::optional<Duration> Loop::until_due() noexcept {
  return noted_count_ > 0 ? Duration::zero() : until_work();
}

std::optional<Duration> Loop::until_work() noexcept {
  if (!deferred_.empty() || !released_.empty()) return Duration::zero();
  const auto next = timers_.next();
  if (!next) return std::nullopt;
  return std::max(Duration::zero(), *next - os_.now());
}

void Loop::run_deferred() noexcept {
  std::swap(deferred_, running_);
  // By index: a handler may attach others, which may move the list.
  for (std::size_t i = 0; i < running_.size(); ++i) {
    const Token token = running_[i];
    if (Entry* entry = entries_.find(token)) {
      entry->deferred = false;
      entry->handler->on_turn();
    }
  }
  running_.clear();
}

void Loop::run_timers(std::uint64_t mark) noexcept {
  if (!timers_.next()) return;
  const Instant now = os_.now();
  while (const auto due = timers_.take_due(now, mark)) {
    if (Handler* handler = find(due->owner)) handler->on_timer(due->cookie);
  }
}

void Loop::free_released() noexcept {
  // A handler's destructor may release others: take them as they come.
  while (!released_.empty()) {
    const Token token = released_.back();
    released_.pop_back();
    if (Entry* entry = entries_.find(token)) {
      const std::unique_ptr<Handler> freed = std::move(entry->owned);
      entries_.erase(token);
    }
  }
}

}  // namespace socketcore
