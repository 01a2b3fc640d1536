#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "transport/transport.hpp"

namespace socketcore::testing {

/// One direction of a connection in memory.
struct Wire {
  std::string bytes;
  std::size_t capacity = std::numeric_limits<std::size_t>::max();  ///< what it holds at most: back pressure
  bool ended = false;                                              ///< nothing follows `bytes`
  std::string seen;                                                ///< all that ever went through, if `keeps`
  bool keeps = false;
};

/// One end of it. The knobs may be turned at any time.
class PipeEnd final : public Transport {
 public:
  PipeEnd(std::shared_ptr<Wire> in, std::shared_ptr<Wire> out) : in_(std::move(in)), out_(std::move(out)) {}

  std::size_t bytes_per_read = std::numeric_limits<std::size_t>::max();
  std::size_t bytes_per_write = std::numeric_limits<std::size_t>::max();
  bool writes_fail = false;  ///< "reset by peer"; what has arrived stays readable, as with TCP
  bool reads_fail = false;   ///< the same, once what has arrived is read
  Err error = Err::erst;
  int reads = 0;
  int empty_reads = 0;
  int writes = 0;
  int finishes = 0;
  int last_finishes = 0;

  [[nodiscard]] Wire& in() noexcept { return *in_; }
  [[nodiscard]] Wire& out() noexcept { return *out_; }
  void reset() noexcept { writes_fail = reads_fail = true; }

  [[nodiscard]] int fd() const noexcept override { return 7; }

  [[nodiscard]] Moved read(std::span<std::byte> into) noexcept override {
    ++reads;
    if (in_->bytes.empty()) {
      if (reads_fail) return {0, fail(), true};
      if (in_->ended) return {0, Flow::end, true};
      ++empty_reads;
      return {0, Flow::blocked, true};
    }
    const std::size_t size = std::min({into.size(), in_->bytes.size(), bytes_per_read});
    std::memcpy(into.data(), in_->bytes.data(), size);
    in_->bytes.erase(0, size);
    // As with epoll: only a short read that nothing but emptiness cut short says so.
    const bool drained = in_->bytes.empty() && size < into.size() && !in_->ended && !reads_fail;
    return {size, Flow::done, drained};
  }

  [[nodiscard]] Moved write(std::span<const std::byte> data) noexcept override {
    ++writes;
    if (writes_fail) return {0, fail(), false};
    const std::size_t room = out_->capacity - std::min(out_->capacity, out_->bytes.size());
    const std::size_t size = std::min({data.size(), room, bytes_per_write});
    const auto* const text = reinterpret_cast<const char*>(data.data());
    out_->bytes.append(text, size);
    if (out_->keeps) out_->seen.append(text, size);
    handed_ += size;
    return {size, size == data.size() ? Flow::done : Flow::blocked, false};
  }

  [[nodiscard]] Flow finish(bool last) noexcept override {
    ++(last ? last_finishes : finishes);
    out_->ended = true;
    return Flow::done;
  }

  [[nodiscard]] Failure failure() const noexcept override { return failure_; }
  [[nodiscard]] std::uint64_t handed() const noexcept override { return handed_; }
  [[nodiscard]] std::uint64_t acknowledged() noexcept override { return handed_ - out_->bytes.size(); }

 private:
  Flow fail() noexcept {
    failure_ = {error, "reset by peer"};
    return Flow::failed;
  }

  std::shared_ptr<Wire> in_;
  std::shared_ptr<Wire> out_;
  std::uint64_t handed_ = 0;
  Failure failure_;
};

inline std::pair<std::unique_ptr<PipeEnd>, std::unique_ptr<PipeEnd>> make_pipe() {
  auto there = std::make_shared<Wire>();
  auto back = std::make_shared<Wire>();
  return {std::make_unique<PipeEnd>(back, there), std::make_unique<PipeEnd>(there, back)};
}

}  // namespace socketcore::testing
