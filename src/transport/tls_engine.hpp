#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "transport/tls_openssl.hpp"
#include "transport/transport.hpp"

namespace socketcore {

/// Where an engine's ciphertext comes from and goes to. The answers are those of Transport's read() and write().
class Carrier {
 public:
  [[nodiscard]] virtual Moved pull(std::span<std::byte> into) noexcept = 0;
  [[nodiscard]] virtual Moved push(std::span<const std::byte> data) noexcept = 0;
  /// Why the last `failed` was answered.
  [[nodiscard]] virtual Failure carrier_failure() const noexcept = 0;

 protected:
  ~Carrier() = default;
};

/// One end of a TLS connection: a machine without descriptor and loop, which draws on its carrier while one of its calls
/// runs. Input and output live apart: neither a blocked nor a broken output keeps what has arrived (an alert, say) from
/// being read.
class TlsEngine {
 public:
  /// `ssl` knows its role already. The carrier must outlive the engine. Throws std::bad_alloc only.
  TlsEngine(SslPtr ssl, Carrier& carrier);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  /// done: the handshake is over and all of it is handed over.
  [[nodiscard]] Flow handshake() noexcept;
  /// As Transport's. `end` is close_notify.
  [[nodiscard]] Moved read(std::span<std::byte> into) noexcept;
  /// As Transport's: bytes count once the carrier has taken the whole record that they are in.
  [[nodiscard]] Moved write(std::span<const std::byte> data) noexcept;
  /// Hands over what the carrier did not take before.
  [[nodiscard]] Flow flush() noexcept;
  /// Sends close_notify, once, where TLS is in a state to say it. Then as flush().
  [[nodiscard]] Flow close_notify() noexcept;

  /// Why the last `failed` was answered.
  [[nodiscard]] const Failure& failure() const noexcept { return *answered_; }
  [[nodiscard]] const SSL* ssl() const noexcept { return ssl_.get(); }

 private:
  struct Bio;  // the callbacks that OpenSSL moves its bytes with

  Flow pull(std::span<std::byte> into, std::size_t& size) noexcept;
  bool push(std::span<const std::byte> data) noexcept;
  void output_broke(Failure failure) noexcept;
  [[nodiscard]] bool holds_output() const noexcept { return held_from_ < held_.size(); }
  Flow shake() noexcept;
  Flow fail_handshake(int ssl_error) noexcept;
  [[nodiscard]] Failure handshake_failure(int ssl_error) const noexcept;
  [[nodiscard]] Failure refusal() const noexcept;
  void see_refusal() noexcept;
  void end_input(int ssl_error) noexcept;
  [[nodiscard]] Moved read_over() noexcept;
  Flow answer_output_failure() noexcept;

  SslPtr ssl_;
  Carrier& carrier_;

  // Input. What the carrier answered last for good; what read() will answer from now on; `done` where neither is decided.
  Flow carrier_end_ = Flow::done;
  Flow input_ = Flow::done;
  bool dry_ = false;  // this call has emptied the carrier
  bool established_ = false;
  bool dead_ = false;  // TLS itself has failed: output is over as well
  bool output_failed_ = false;
  bool goodbye_said_ = false;
  std::size_t fruitless_ = 0;  // ciphertext pulled since the last byte for the user

  // Output that the carrier did not take. OpenSSL believes it sent, so that no call of it ever waits for output and reading
  // goes on under back pressure. Allocated while it is needed only.
  std::vector<std::byte> held_;
  std::size_t held_from_ = 0;
  std::size_t credit_ = 0;  // bytes of the user's in there, which the next write() offers again

  Failure input_failure_;
  Failure output_failure_;
  const Failure* answered_ = &input_failure_;
};

}  // namespace socketcore
