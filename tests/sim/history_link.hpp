#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "sim/fixture.hpp"

namespace socketcore::test {

/// A socket of a script and its peer, and all that is known of the bytes between them. Every position of a stream has bytes
/// of its own (pattern), so lengths say what must be where; every datagram bears its number.
struct Link {
  SocketType type = SocketType::tcp;
  Endpoint far;
  std::size_t salt = 0;

  // The peer.
  std::optional<Listener> listener;
  Peer peer;
  TlsPeer tls;
  std::optional<DatagramPeer> datagrams;
  bool peer_left = false;      // closed or reset by itself
  bool peer_finished = false;  // has ended its side in order
  bool tls_finishes = false;   // once what waits is out
  std::size_t tls_waits = 0;   // bytes that the peer has still to write

  // Streams: how many bytes.
  std::size_t accepted = 0;   // of the script, by the engine
  std::size_t refused = 0;    // more that may have left in part, as the connection broke under the call that refused it
  std::size_t confirmed = 0;  // and told as sent
  std::size_t peer_got = 0;
  std::size_t peer_sent = 0;  // by the peer, taken by its kernel (TLS: to be written)
  std::size_t got = 0;        // by the script
  // Datagrams under way, by number: their sizes.
  std::map<std::uint32_t, std::size_t> to_peer;
  std::map<std::uint32_t, std::size_t> to_script;
  std::uint32_t last_datagram = 0;

  // What the script was told.
  bool connected = false;
  bool failed = false;
  bool ended = false;
  Err end_error = Err::ok;
  bool close_called = false;
  bool close_told = false;
  Err close_error = Err::ok;
  bool restarted = false;  // its device is gone, and tells no more

  [[nodiscard]] bool stream() const noexcept { return type == SocketType::tcp || type == SocketType::ssl; }
  [[nodiscard]] bool peer_there() const noexcept { return peer.valid() || tls.valid(); }
  [[nodiscard]] bool peer_saw_the_end() const {
    return (peer.valid() && peer.ended()) || (tls.valid() && tls.ended());
  }

  /// Takes the connection that has come, if it has.
  void accept();
  /// Goes on with TLS; reads what has come, up to `limit`.
  std::size_t read(std::size_t limit);
  /// The peer sends so much, or as much of it as its kernel takes.
  std::size_t offer(std::size_t size);
  void finish();
  void abort();
  void leave();

  /// The bytes that a send of the script's is to carry next.
  [[nodiscard]] std::string next_to_peer(std::size_t size) const { return pattern(size, salt + accepted); }
  /// What the script has read is what the peer has sent.
  void take(std::string_view text);
  [[nodiscard]] std::string datagram(std::size_t size);
  void take_datagram(std::string_view text, std::map<std::uint32_t, std::size_t>& from, bool whole, std::string_view whose);

  /// All has come to rest, the peer has read all there was. `confirm_on_ack`: what the profile says.
  void check(bool confirm_on_ack) const;

 private:
  void pump();
  void take_at_peer(std::string_view text);
};

}  // namespace socketcore::test
