#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "socketcore/os.hpp"
#include "transport/transport.hpp"

/// The other ends of the engine's sockets, moved by hand between two turns. `os` must outlive them.
namespace socketcore::test {

[[nodiscard]] inline Endpoint at(std::string_view address, std::uint16_t port) { return {*Address::parse(address), port}; }

[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

[[nodiscard]] inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A stretch of bytes in which every position is recognisable.
[[nodiscard]] std::string pattern(std::size_t size, std::size_t from = 0);

/// The far end of a stream.
class Peer {
 public:
  Peer() = default;
  Peer(Os& os, int fd) : fd_(os, fd) {}

  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// All of it, or the test fails: for what fits the buffers.
  void send(std::string_view text);
  /// As much as goes; how much did.
  std::size_t offer(std::string_view text);
  /// All that has arrived since the last call.
  std::string read();
  /// At most that much.
  std::string read(std::size_t limit);
  /// What read() met last.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] SysError error() const { return error_; }

  /// Ends its sending side, in order.
  void finish() { (void)fd_.os().shutdown_send(fd_.get()); }
  void close() { fd_.reset(); }
  /// Closes with a reset.
  void abort() {
    (void)fd_.os().set_option(fd_.get(), OsOption::abort_on_close, 1);
    fd_.reset();
  }
  [[nodiscard]] OwnedFd release() { return std::move(fd_); }

 private:
  OwnedFd fd_;
  bool ended_ = false;
  SysError error_;
};

class Listener {
 public:
  Listener(Os& os, const Endpoint& local, int backlog = 16, int receive_buffer = 0);
  /// The next connection, which must be there.
  [[nodiscard]] Peer accept();
  /// The same, without a claim.
  [[nodiscard]] Peer try_accept(Endpoint* from = nullptr);
  void close() { fd_.reset(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  OwnedFd fd_;
};

/// A UDP or RAW socket of somebody else.
class DatagramPeer {
 public:
  DatagramPeer(Os& os, const Endpoint& local, SocketKind kind = SocketKind::datagram, int protocol = 0);
  void send_to(const Endpoint& to, std::string_view text);
  /// The next datagram, or "nothing".
  std::string read(Endpoint* from = nullptr);
  [[nodiscard]] Endpoint last_sender() const { return last_sender_; }
  [[nodiscard]] std::uint16_t port() { return fd_.os().local_endpoint(fd_.get())->port; }
  void close() { fd_.reset(); }

 private:
  OwnedFd fd_;
  Endpoint last_sender_;
};

/// A TLS server over one accepted connection.
class TlsPeer {
 public:
  TlsPeer() = default;
  TlsPeer(Peer peer, const Layer& layer);

  /// Goes on with handshake and output. True once the handshake is done.
  bool pump();
  void send(std::string_view text);
  std::string read();
  /// close_notify and FIN.
  void finish() { (void)stream_->finish(false); }
  /// close_notify, and the connection stays.
  [[nodiscard]] Transport& stream() { return *stream_; }
  [[nodiscard]] int fd() const { return stream_->fd(); }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool valid() const { return stream_ != nullptr; }
  void close() { stream_.reset(); }
  void abort() {
    stream_->abort();
    stream_.reset();
  }

 private:
  std::unique_ptr<Transport> stream_;
  bool shaken_ = false;
  bool ended_ = false;
};

/// The server's side of TLS, with a certificate that is made once. `ca()` has signed it; it bears "tls.test" and 192.0.2.1.
[[nodiscard]] const Layer& tls_server();
[[nodiscard]] const std::string& tls_ca();

}  // namespace socketcore::test
