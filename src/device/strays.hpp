#pragma once

#include <cstdint>
#include <unordered_map>

#include "device/message_queue.hpp"

namespace socketcore {

/// Answers to sends and closes of ids that name no socket: device scripts wait for them.
class Strays {
 public:
  explicit Strays(MessageQueue& queue) noexcept : queue_(queue) {}

  /// Whether a close() of this id was not answered yet: then a send() gets no answer, and a second close() adds nothing.
  [[nodiscard]] bool closing(SocketId id) const noexcept {
    const auto found = cuts_.find(id);
    return found != cuts_.end() && found->second.close_waits;
  }
  /// Throws std::bad_alloc only.
  void answer_send(SocketId id, Err error) { post(Note::Kind::stray_send_cnf, id, error, ++serial_); }
  void answer_close(SocketId id) {
    Cut& cut = cuts_[id];
    post(Note::Kind::stray_close_cnf, id, Err::enotconn, ++serial_);
    cut = {serial_, true};
  }
  /// Whether the note is still to be delivered.
  [[nodiscard]] bool deliver(Note note) noexcept {
    const auto found = cuts_.find(note.id);
    const bool valid = found == cuts_.end() || note.serial >= found->second.serial;
    if (valid && note.kind == Note::Kind::stray_close_cnf) found->second.close_waits = false;
    if (--waiting_ == 0) cuts_.clear();
    return valid;
  }

 private:
  struct Cut {
    std::uint32_t serial = 0;  // what was asked for before it is dropped
    bool close_waits = false;
  };

  void post(Note::Kind kind, SocketId id, Err error, std::uint32_t serial) {
    queue_.promise(1);
    queue_.redeem(1);
    queue_.post({.kind = kind, .error = error, .id = id, .serial = serial, .size = 0});
    ++waiting_;
  }

  MessageQueue& queue_;
  std::unordered_map<SocketId, Cut> cuts_;
  std::size_t waiting_ = 0;
  std::uint32_t serial_ = 0;
};

}  // namespace socketcore
