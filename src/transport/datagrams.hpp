#pragma once

#include <optional>

#include "os/failure.hpp"
#include "socketcore/os.hpp"
#include "transport/transport.hpp"

namespace socketcore {

/// UDP or RAW: whole datagrams to one peer. With a `target` the socket is not connected: datagrams of any sender are
/// received (the peer is a broadcast or multicast address).
class Datagrams final : public Transport {
 public:
  Datagrams(OwnedFd fd, std::optional<Endpoint> target) noexcept : fd_(std::move(fd)), target_(target) {}

  [[nodiscard]] int fd() const noexcept override { return fd_.get(); }
  [[nodiscard]] Moved read(std::span<std::byte> into) noexcept override;
  /// failed with erst: the datagram went out, and an earlier one had been answered by "nobody listens there".
  [[nodiscard]] Moved write(std::span<const std::byte> data) noexcept override;
  [[nodiscard]] Flow finish(bool /*last*/) noexcept override { return Flow::done; }
  [[nodiscard]] Failure failure() const noexcept override { return failure_of(error_); }
  [[nodiscard]] std::uint64_t handed() const noexcept override { return handed_; }
  [[nodiscard]] std::uint64_t acknowledged() noexcept override { return handed_; }

 private:
  Flow fail(SysError error) noexcept {
    error_ = error;
    return Flow::failed;
  }

  OwnedFd fd_;
  std::optional<Endpoint> target_;
  bool refused_ = false;  // an ICMP "unreachable" that no write has reported yet
  std::uint64_t handed_ = 0;
  SysError error_;
};

}  // namespace socketcore
