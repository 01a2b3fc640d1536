#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "device/socket.hpp"

namespace socketcore {

/// A device's sockets by id. An id's slot is its low bits, so a lookup is one step: an id is given out only if its slot is
/// free.
class SocketTable {
 public:
  SocketTable(std::size_t limit, bool reuse_ids) noexcept : limit_(limit), reuse_ids_(reuse_ids) {}

  [[nodiscard]] bool full() const noexcept { return size_ >= limit_; }

  /// The id that the next socket gets. Makes room for it. Throws std::bad_alloc only.
  [[nodiscard]] SocketId next_id() {
    // At most half full: the counter then meets a free slot within a few steps.
    if (slots_.empty() || size_ * 2 >= slots_.size()) grow();
    SocketId id = reuse_ids_ ? 0 : counter_;
    while (at(id).socket) id = after(id);
    return id;
  }
  void insert(SocketId id, std::unique_ptr<Socket> socket) noexcept {
    Slot& slot = at(id);
    slot.id = id;
    slot.socket = std::move(socket);
    ++size_;
    counter_ = after(id);
  }
  [[nodiscard]] Socket* find(SocketId id) const noexcept {
    if (slots_.empty() || id < 0) return nullptr;
    const Slot& slot = slots_[static_cast<std::size_t>(id) & (slots_.size() - 1)];
    return slot.id == id ? slot.socket.get() : nullptr;
  }
  [[nodiscard]] std::unique_ptr<Socket> remove(SocketId id) noexcept {
    Slot& slot = at(id);
    --size_;
    slot.id = kNoId;
    return std::move(slot.socket);
  }
  template <typename Visit>
  void for_each(Visit visit) {
    for (Slot& slot : slots_) {
      if (slot.socket) visit(slot.socket);
    }
  }

 private:
  static constexpr SocketId kNoId = -1;
  static constexpr SocketId kLastId = 0x7fffffff;
  struct Slot {
    SocketId id = kNoId;
    std::unique_ptr<Socket> socket;
  };

  [[nodiscard]] static SocketId after(SocketId id) noexcept { return id == kLastId ? 0 : id + 1; }
  [[nodiscard]] Slot& at(SocketId id) noexcept { return slots_[static_cast<std::size_t>(id) & (slots_.size() - 1)]; }

  void grow() {
    // Ids whose low bits differ still differ with one bit more: nobody collides.
    std::vector<Slot> bigger(slots_.empty() ? 32 : slots_.size() * 2);
    bigger.swap(slots_);
    for (Slot& old : bigger) {
      if (old.socket) at(old.id) = std::move(old);
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
  std::size_t limit_;
  SocketId counter_ = 0;
  bool reuse_ids_;
};

}  // namespace socketcore
