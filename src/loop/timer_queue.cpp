#include "loop/timer_queue.hpp"

namespace socketcore {

TimerKey TimerQueue::make(Token owner, std::uint32_t cookie) {
  const TimerKey key = nodes_.insert({owner, cookie, kNotArmed});
  // Room for every timer at once, so that arming never needs memory.
  if (heap_.capacity() < nodes_.size()) {
    try {
      heap_.reserve(nodes_.size() * 2);
    } catch (...) {
      nodes_.erase(key);
      throw;
    }
  }
  return key;
}

void TimerQueue::destroy(TimerKey key) noexcept {
  disarm(key);
  nodes_.erase(key);
}

void TimerQueue::arm(TimerKey key, Instant deadline) noexcept {
  Node* node = nodes_.find(key);
  if (node == nullptr) return;
  const Entry entry{deadline, ++order_, key};
  if (node->place == kNotArmed) {
    heap_.push_back(entry);
    node->place = static_cast<std::uint32_t>(heap_.size() - 1);
    sift_up(node->place);
    return;
  }
  heap_[node->place] = entry;
  sift_up(node->place);
  sift_down(node->place);
}

void TimerQueue::disarm(TimerKey key) noexcept {
  Node* node = nodes_.find(key);
  if (node == nullptr || node->place == kNotArmed) return;
  const std::uint32_t place = node->place;
  node->place = kNotArmed;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  put(place, last);
  sift_up(place);
  sift_down(nodes_.find(last.key)->place);
}

bool TimerQueue::armed(TimerKey key) noexcept {
  const Node* node = nodes_.find(key);
  return node != nullptr && node->place != kNotArmed;
}

std::optional<Instant> TimerQueue::next() const noexcept {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().deadline;
}

std::optional<TimerQueue::Due> TimerQueue::take_due(Instant now, std::uint64_t mark) noexcept {
  if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
  const Entry* first = &heap_.front();
  if (first->order > mark) {
    // Rare: it was armed anew for a time that has passed already. Others behind it may be due all the same.
    first = nullptr;
    for (const Entry& entry : heap_) {
      if (entry.deadline <= now && entry.order <= mark && (first == nullptr || before(entry, *first))) first = &entry;
    }
    if (first == nullptr) return std::nullopt;
  }
  const TimerKey key = first->key;
  const Node* node = nodes_.find(key);
  const Due due{node->owner, node->cookie};
  disarm(key);
  return due;
}

void TimerQueue::put(std::uint32_t place, const Entry& entry) noexcept {
  heap_[place] = entry;
  nodes_.find(entry.key)->place = place;
}

void TimerQueue::sift_up(std::uint32_t place) noexcept {
  const Entry entry = heap_[place];
  while (place > 0) {
    const std::uint32_t parent = (place - 1) / 2;
    if (!before(entry, heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerQueue::sift_down(std::uint32_t place) noexcept {
  const Entry entry = heap_[place];
  const auto size = static_cast<std::uint32_t>(heap_.size());
  for (;;) {
    std::uint32_t child = place * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

}  // namespace socketcore
