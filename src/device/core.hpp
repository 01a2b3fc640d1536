#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "device/outbox.hpp"
#include "loop/loop.hpp"
#include "socketcore/log.hpp"
#include "socketcore/reactor.hpp"
#include "socketcore/resolver.hpp"
#include "transport/tls_context.hpp"

namespace socketcore {

/// Received bytes on their way to a script, in memory that all sockets of a reactor share. They belong to one socket, the
/// holder; the next one that needs the memory makes the holder take its bytes with it.
class ReceiveBuffer {
 public:
  /// The largest datagram and the largest announcement fit.
  static constexpr std::size_t kBytes = std::size_t{64} * 1024;

  class Holder {
   public:
    /// Copies held() away, which is not empty; the buffer belongs to somebody else after this call.
    virtual void vacate() noexcept = 0;

   protected:
    ~Holder() = default;
  };

  // Not cleared: most devices that lie idle never touch it.
  ReceiveBuffer() : bytes_(std::make_unique_for_overwrite<std::byte[]>(kBytes)) {}

  /// All of the memory, for `holder` to fill from the start. Whoever held it is made to leave.
  [[nodiscard]] std::span<std::byte> claim(Holder& holder) noexcept {
    if (holder_ != nullptr && holder_ != &holder && begin_ != end_) holder_->vacate();
    holder_ = &holder;
    begin_ = end_ = 0;
    return all();
  }
  /// All of the memory again, the held bytes now at its start.
  [[nodiscard]] std::span<std::byte> pull_to_front() noexcept {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return all();
  }
  void filled(std::size_t size) noexcept { end_ = size; }
  [[nodiscard]] bool held_by(const Holder& holder) const noexcept { return holder_ == &holder; }
  /// The bytes that the holder has not consumed.
  [[nodiscard]] std::span<const std::byte> held() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t size) noexcept { begin_ += size; }
  /// To be called before a holder is destroyed.
  void leave(const Holder& holder) noexcept {
    if (holder_ == &holder) holder_ = nullptr;
  }

 private:
  [[nodiscard]] std::span<std::byte> all() const noexcept { return {bytes_.get(), kBytes}; }

  std::unique_ptr<std::byte[]> bytes_;
  Holder* holder_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// What the devices of a reactor share.
class Core {
 public:
  Core(Os& os, Log* log, std::unique_ptr<Resolver> resolver);

  [[nodiscard]] Os& os() noexcept { return loop_.os(); }
  [[nodiscard]] Loop& loop() noexcept { return loop_; }
  [[nodiscard]] Resolver& resolver() noexcept { return *resolver_; }
  [[nodiscard]] TlsContexts& tls() noexcept { return tls_; }
  [[nodiscard]] ReceiveBuffer& received() noexcept { return received_; }
  /// An empty outbox. Throws std::bad_alloc only.
  [[nodiscard]] std::unique_ptr<Outbox> take_outbox() {
    return spare_outbox_ ? std::move(spare_outbox_) : std::make_unique<Outbox>();
  }
  /// Keeps one that has run empty, memory and all, for whoever needs the next: a script that sends in bulk fills and
  /// empties one again and again.
  void give_back(std::unique_ptr<Outbox> outbox) noexcept {
    outbox->accepted = outbox->written = 0;
    spare_outbox_ = std::move(outbox);
  }
  [[nodiscard]] bool logs(LogLevel level) const noexcept { return log_ != nullptr && log_->wants(level); }
  void log(LogLevel level, std::string_view line) noexcept {
    if (logs(level)) log_->write(level, line);
  }

  /// Makes room for one more device in the answers of turn(). Throws std::bad_alloc only.
  void make_room_for_device() {
    if (answer_.capacity() <= devices_) answer_.reserve(2 * devices_ + 1);
  }
  void add_device() noexcept { ++devices_; }
  void remove_device() noexcept { --devices_; }
  std::span<const DeviceKey> turn(Duration timeout) noexcept;

 private:
  Log* log_;
  ReceiveBuffer received_;
  std::unique_ptr<Outbox> spare_outbox_;
  TlsContexts tls_;
  Loop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::vector<DeviceKey> answer_;
  std::size_t devices_ = 0;
};

}  // namespace socketcore
