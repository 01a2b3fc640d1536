#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace lockstep {

/// What a client may connect to; the number is the port.
enum class Service : std::uint16_t {
  echo = 1,    ///< sends back what comes; an operation is one answer. Datagrams too
  connects,    ///< the same; an operation is one connection, from its start to its close()
  source,      ///< reads 16 digits and sends so many bytes; an operation is a byte
  sink,        ///< reads 16 digits, takes so many bytes and answers with one; an operation is a byte
  tls_source,  ///< as `source`, over TLS, with a certificate of its own making (ECDSA P-256)
};

/// The far end of one connection, with what the kernel would keep between the two. It moves in its turns only.
class Peer {
 public:
  virtual ~Peer() = default;

  /// The client sends: how much of it the kernel would take.
  virtual std::size_t take(const char* data, std::size_t size);
  /// The client receives: moves up to `size` bytes, or drops them where `into` is null.
  virtual std::size_t give(char* into, std::size_t size);
  /// How much there is to give.
  [[nodiscard]] virtual std::size_t ready() const { return outgoing_.size() - given_; }
  [[nodiscard]] virtual bool takes_more() const { return true; }
  virtual void turn() = 0;
  /// The client has closed its end.
  virtual void closed() {}

 protected:
  std::string incoming_;  ///< from the client
  void answer(const char* data, std::size_t size);

 private:
  std::string outgoing_;
  std::size_t given_ = 0;
};

/// Null: there is no such service.
[[nodiscard]] std::unique_ptr<Peer> make_peer(Service service);

/// Bytes that a source sends next. No two calls in a row give the same: Lua would keep one string of them.
[[nodiscard]] const char* next_of_pattern();
inline constexpr std::size_t kPatternPiece = 64 * 1024;
/// The digits that a source or a sink reads first.
inline constexpr std::size_t kHeaderBytes = 16;

[[nodiscard]] std::unique_ptr<Peer> make_tls_source();

}  // namespace lockstep
