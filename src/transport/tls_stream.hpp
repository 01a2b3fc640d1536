#pragma once

#include <memory>
#include <string>

#include "transport/tls_context.hpp"
#include "transport/tls_engine.hpp"

namespace socketcore {

/// TLS over any stream. Made by the layers of tls_context.hpp.
class TlsStream final : public Transport, private Carrier {
 public:
  /// `ssl` is set up for its role and its peer; the stream keeps `context` in use. Throws std::bad_alloc only.
  TlsStream(std::unique_ptr<Transport> lower, std::shared_ptr<const TlsContext> context, SslPtr ssl);

  [[nodiscard]] int fd() const noexcept override { return lower_->fd(); }
  [[nodiscard]] Flow handshake() noexcept override;
  [[nodiscard]] std::string_view verification() const noexcept override { return verification_; }
  [[nodiscard]] Moved read(std::span<std::byte> into) noexcept override;
  [[nodiscard]] Moved write(std::span<const std::byte> data) noexcept override;
  void expect_urgent() noexcept override { lower_->expect_urgent(); }
  [[nodiscard]] Flow flush() noexcept override;
  [[nodiscard]] Flow finish(bool last) noexcept override;
  Err discard() noexcept override { return lower_->discard(); }
  void abort() noexcept override { lower_->abort(); }
  [[nodiscard]] Failure failure() const noexcept override;
  [[nodiscard]] std::uint64_t handed() const noexcept override { return lower_->handed(); }
  [[nodiscard]] std::uint64_t acknowledged() noexcept override { return lower_->acknowledged(); }

 private:
  [[nodiscard]] Moved pull(std::span<std::byte> into) noexcept override { return lower_->read(into); }
  [[nodiscard]] Moved push(std::span<const std::byte> data) noexcept override { return lower_->write(data); }
  [[nodiscard]] Failure carrier_failure() const noexcept override { return lower_->failure(); }
  Flow of_engine(Flow flow) noexcept;
  Flow of_lower(Flow flow) noexcept;
  void verify() noexcept;

  std::unique_ptr<Transport> lower_;
  std::shared_ptr<const TlsContext> context_;
  TlsEngine engine_;
  std::string verification_;
  bool lower_failed_ = false;  // the last `failed` was the lower stream's
};

}  // namespace socketcore
