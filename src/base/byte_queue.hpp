#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace socketcore {

/// Bytes in, bytes out, in order and contiguous. Keeps its memory when it runs empty.
class ByteQueue {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - head_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::span<const std::byte> front() const noexcept { return std::span(bytes_).subspan(head_); }

  /// After it, appending up to `count` bytes needs no memory. Throws std::bad_alloc only.
  void make_room(std::size_t count) {
    if (bytes_.size() + count <= bytes_.capacity()) return;
    // Moving what is left to the start is cheaper than growing, once most of the memory lies before the head.
    if (head_ >= size() && head_ > 0) {
      const std::size_t left = size();
      std::memmove(bytes_.data(), bytes_.data() + head_, left);
      bytes_.resize(left);
      head_ = 0;
    }
    if (bytes_.size() + count > bytes_.capacity()) bytes_.reserve(std::max(bytes_.size() + count, bytes_.capacity() * 2));
  }
  /// Throws std::bad_alloc only, and then nothing was appended.
  void append(std::span<const std::byte> data) {
    if (data.empty()) return;
    make_room(data.size());
    bytes_.insert(bytes_.end(), data.begin(), data.end());
  }

  void consume(std::size_t count) noexcept {
    head_ += count;
    if (head_ == bytes_.size()) clear();
  }

  void clear() noexcept {
    bytes_.clear();
    head_ = 0;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t head_ = 0;
};

}  // namespace socketcore
