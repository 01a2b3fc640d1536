#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "socketcore/error.hpp"

namespace socketcore {

enum class Flow : std::uint8_t {
  done,     ///< the call did its work
  blocked,  ///< it must wait for readiness; call again then
  end,      ///< read: the peer has ended its side in order
  failed,   ///< failure() says why
};

struct Moved {
  std::size_t size = 0;
  Flow flow = Flow::done;
  /// read: nothing more is there until new readiness is reported.
  bool drained = false;
};

/// What moves the bytes of one socket. Knows neither devices nor messages; never calls back; no call throws.
/// A stream (TCP, TLS over any stream) moves bytes; a datagram transport (UDP, RAW) whole datagrams.
class Transport {
 public:
  virtual ~Transport() = default;

  /// The descriptor whose readiness drives this transport.
  [[nodiscard]] virtual int fd() const noexcept = 0;

  /// Goes on with what must happen between "connected" and the first byte. done: bytes may flow. Called again after each
  /// `blocked`, when the descriptor is ready for anything.
  [[nodiscard]] virtual Flow handshake() noexcept { return Flow::done; }
  /// What the handshake found out about the peer's certificate: "none", "ok" or why it does not verify. Empty: no TLS.
  [[nodiscard]] virtual std::string_view verification() const noexcept { return {}; }

  /// done: `size` bytes are in `into` (a datagram may have 0). A stream answers bytes first and its end or failure with a
  /// later call.
  [[nodiscard]] virtual Moved read(std::span<std::byte> into) noexcept = 0;

  /// The peer sends urgent data: from now on read() must not take a short answer of the kernel for all that is there.
  virtual void expect_urgent() noexcept {}

  /// done: all of `data` went out. blocked: `size` bytes of it did; the rest must be offered again, the same bytes first
  /// (more may follow them). A datagram goes out whole or not at all.
  [[nodiscard]] virtual Moved write(std::span<const std::byte> data) noexcept = 0;
  /// Hands over output that the transport itself still holds (a TLS record cut short). done: none is left.
  [[nodiscard]] virtual Flow flush() noexcept { return Flow::done; }

  /// Says goodbye: nothing will be written any more. TLS sends close_notify; then the stream's sending side ends (FIN).
  /// blocked: call again when writable. With `last` the transport is destroyed right after, which ends the stream as well.
  [[nodiscard]] virtual Flow finish(bool last) noexcept = 0;
  /// Drops what has arrived, unread: closing over unread input would reset the connection. Answers why the connection is
  /// broken, if it is.
  virtual Err discard() noexcept { return Err::ok; }
  /// From now on the transport's destruction resets the connection, so that the peer cannot take a cut-off stream for whole.
  virtual void abort() noexcept {}

  /// Why the last `failed` was answered. Words without the peer's name: "reset by peer".
  [[nodiscard]] virtual Failure failure() const noexcept = 0;

  /// A stream: how many bytes the kernel has taken so far, of whatever layer; and how many of them the peer has
  /// acknowledged. Both grow only; a FIN is not counted.
  [[nodiscard]] virtual std::uint64_t handed() const noexcept { return 0; }
  [[nodiscard]] virtual std::uint64_t acknowledged() noexcept { return 0; }
};

/// Puts one transport on top of another: TLS, as a socket sees it.
class Layer {
 public:
  virtual ~Layer() = default;
  /// Throws std::bad_alloc only.
  [[nodiscard]] virtual Result<std::unique_ptr<Transport>> wrap(std::unique_ptr<Transport> lower) const = 0;
};

}  // namespace socketcore
