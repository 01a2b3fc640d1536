#pragma once

#include <algorithm>
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
  /// Throws std::bad_alloc only.
  SocketTable(std::size_t limit, bool reuse_ids) : slots_(1), limit_(limit), reuse_ids_(reuse_ids) {}

  [[nodiscard]] bool full() const noexcept { return size_ >= limit_; }

  /// The id that the next socket gets. Makes room for it. Throws std::bad_alloc only.
  [[nodiscard]] SocketId next_id() {
    // At most three quarters full: the counter then meets a free slot within a few steps.
    if (size_ * 4 >= slots_.size() * 3) grow();
    SocketId id = reuse_ids_ ? 0 : counter_;
    while (at(id)) id = after(id);
    return id;
  }
  void insert(SocketId id, std::unique_ptr<Socket> socket) noexcept {
    at(id) = std::move(socket);
    ++size_;
    counter_ = after(id);
  }
  [[nodiscard]] Socket* find(SocketId id) const noexcept {
    Socket* socket = slots_[static_cast<std::size_t>(id) & mask_].get();
    return socket != nullptr && socket->id() == id ? socket : nullptr;
  }
  [[nodiscard]] std::unique_ptr<Socket> remove(SocketId id) noexcept {
    --size_;
    return std::move(at(id));
  }
  template <typename Visit>
  void for_each(Visit visit) {
    for (Slot& slot : slots_) {
      if (slot) visit(slot);
    }
  }

 private:
  static constexpr SocketId kLastId = 0x7fffffff;
  using Slot = std::unique_ptr<Socket>;

  [[nodiscard]] static SocketId after(SocketId id) noexcept { return id == kLastId ? 0 : id + 1; }
  [[nodiscard]] Slot& at(SocketId id) noexcept { return slots_[static_cast<std::size_t>(id) & mask_]; }

  void grow() {
    // Ids whose low bits differ still differ with one bit more: nobody collides.
    std::vector<Slot> bigger(std::max<std::size_t>(slots_.size() * 2, 32));
    bigger.swap(slots_);
    mask_ = slots_.size() - 1;
    for (Slot& old : bigger) {
      if (old) at(old->id()) = std::move(old);
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
  std::size_t limit_;
  SocketId counter_ = 0;
  bool reuse_ids_;
};

}  // namespace socketcore
