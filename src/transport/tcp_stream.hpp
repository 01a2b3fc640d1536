#pragma once

#include "os/failure.hpp"
#include "socketcore/os.hpp"
#include "transport/transport.hpp"

namespace socketcore {

/// A TCP connection, or one that is about to be made.
class TcpStream final : public Transport {
 public:
  explicit TcpStream(OwnedFd fd) noexcept : fd_(std::move(fd)) {}

  [[nodiscard]] int fd() const noexcept override { return fd_.get(); }
  [[nodiscard]] Moved read(std::span<std::byte> into) noexcept override;
  [[nodiscard]] Moved write(std::span<const std::byte> data) noexcept override;
  void expect_urgent() noexcept override { urgent_ = true; }
  [[nodiscard]] Flow finish(bool last) noexcept override;
  Err discard() noexcept override;
  void abort() noexcept override;
  [[nodiscard]] Failure failure() const noexcept override { return failure_of(error_); }
  [[nodiscard]] std::uint64_t handed() const noexcept override { return handed_; }
  [[nodiscard]] std::uint64_t acknowledged() noexcept override;

 private:
  Flow fail(SysError error) noexcept {
    error_ = error;
    return Flow::failed;
  }

  OwnedFd fd_;
  std::uint64_t handed_ = 0;
  SysError error_;
  bool fin_sent_ = false;
  bool no_delay_ = false;
  bool urgent_ = false;
};

}  // namespace socketcore
