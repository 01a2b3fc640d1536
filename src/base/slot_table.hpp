#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace socketcore {

/// Names a slot for as long as what was put there lives. Generation 0 names nothing.
struct Token {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  [[nodiscard]] std::uint64_t packed() const noexcept { return (std::uint64_t{generation} << 32) | slot; }
  [[nodiscard]] static Token unpack(std::uint64_t value) noexcept {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
  }
  explicit operator bool() const noexcept { return generation != 0; }
  friend bool operator==(Token, Token) = default;
};

/// Values named by tokens. A token that outlived its value finds nothing, also after the slot was given away again.
template <typename T>
class SlotTable {
 public:
  /// Throws std::bad_alloc only.
  Token insert(T value) {
    if (free_head_ == kNone) {
      slots_.emplace_back();
      slots_.back().next_free = free_head_;
      free_head_ = static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t index = free_head_;
    Slot& slot = slots_[index];
    free_head_ = slot.next_free;
    slot.value = std::move(value);
    slot.used = true;
    ++size_;
    return {index, slot.generation};
  }

  void erase(Token token) noexcept {
    if (find(token) == nullptr) return;
    Slot& slot = slots_[token.slot];
    slot.value = T{};
    slot.used = false;
    if (++slot.generation == 0) slot.generation = 1;
    slot.next_free = free_head_;
    free_head_ = token.slot;
    --size_;
  }

  [[nodiscard]] T* find(Token token) noexcept {
    if (token.slot >= slots_.size()) return nullptr;
    Slot& slot = slots_[token.slot];
    return slot.used && slot.generation == token.generation ? &slot.value : nullptr;
  }

  /// `visit` may erase the value that it is shown.
  template <typename Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].used) visit(slots_[i].value);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Slot {
    T value{};
    std::uint32_t generation = 1;
    std::uint32_t next_free = kNone;
    bool used = false;
  };
  std::vector<Slot> slots_;
  std::uint32_t free_head_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace socketcore
