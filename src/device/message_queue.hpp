#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "loop/loop.hpp"
#include "socketcore/message.hpp"

namespace socketcore {

/// One line of a device's queue. Texts are made when it is delivered, from what its socket knows then.
struct Note {
  enum class Kind : std::uint8_t {
    connect_cnf,
    send_cnf,
    receive_ind,
    close_ind,
    close_cnf,
    timer,
    stray_send_cnf,   // answers a send() to an id that names no socket
    stray_close_cnf,  // answers a close() of one
    event,            // id and size: its numbers; serial: its kind
  };
  // No defaults: a queue's spare room stays untouched memory.
  Kind kind;
  Err error;
  std::int32_t id;       // the socket's or the timer's
  std::uint32_t serial;  // which socket or run of that id; strays: when it was asked for
  std::uint32_t size;
};

/// Whether it is up to a socket what the note says.
[[nodiscard]] constexpr bool is_of_socket(Note::Kind kind) noexcept { return kind <= Note::Kind::close_cnf; }

/// The messages of a device, in the order in which they came about. Room is promised when the reason for a message arises
/// (a socket, a send, a timer), so that posting one never fails.
class MessageQueue {
 public:
  MessageQueue(Loop& loop, Token device) noexcept : loop_(loop), device_(device) {}

  /// Keeps room for `count` more messages. Throws std::bad_alloc only, and then promises nothing.
  void promise(std::size_t count) {
    grow_to(size_ + promised_ + count);
    promised_ += count;
  }
  /// The promised messages were posted, or will not come.
  void redeem(std::size_t count) noexcept { promised_ -= count; }

  void post(Note note) noexcept {
    assert(size_ < capacity_);
    ring_[(head_ + size_) & (capacity_ - 1)] = note;
    if (size_++ == 0) loop_.note_ready(device_);
  }
  [[nodiscard]] bool take(Note& note) noexcept {
    if (size_ == 0) return false;
    note = ring_[head_];
    head_ = (head_ + 1) & (capacity_ - 1);
    if (--size_ == 0) loop_.note_idle(device_);
    return true;
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  void grow_to(std::size_t wanted) {
    if (wanted <= capacity_) return;
    std::size_t capacity = std::max<std::size_t>(capacity_, 16);
    while (capacity < wanted) capacity *= 2;
    auto bigger = std::make_unique_for_overwrite<Note[]>(capacity);
    for (std::size_t i = 0; i < size_; ++i) bigger[i] = ring_[(head_ + i) & (capacity_ - 1)];
    ring_ = std::move(bigger);
    capacity_ = capacity;
    head_ = 0;
  }

  Loop& loop_;
  Token device_;
  std::unique_ptr<Note[]> ring_;
  std::size_t capacity_ = 0;  // a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t promised_ = 0;
};

}  // namespace socketcore
