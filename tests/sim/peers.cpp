#include "sim/peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "transport/tcp_stream.hpp"
#include "transport/tls_context.hpp"
#include "transport/tls_throwaway.hpp"

namespace socketcore::test {

std::string pattern(std::size_t size, std::size_t from) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = from + i;
    text[i] = static_cast<char>((place * 31 + (place >> 8) * 7 + (place >> 16)) & 0xff);
  }
  return text;
}

void Peer::send(std::string_view text) { EXPECT_EQ(offer(text), text.size()) << "the peer's kernel did not take it all"; }

std::size_t Peer::offer(std::string_view text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const IoResult put = fd_.os().send(fd_.get(), bytes_of(text.substr(sent)));
    if (!put.ok()) {
      if (!put.error.would_block()) error_ = put.error;
      break;
    }
    sent += put.size;
  }
  return sent;
}

std::string Peer::read() { return read(~std::size_t{0}); }

std::string Peer::read(std::size_t limit) {
  std::string all;
  std::array<std::byte, 16384> buffer;
  while (all.size() < limit) {
    const IoResult got = fd_.os().receive(fd_.get(), std::span(buffer).first(std::min(buffer.size(), limit - all.size())));
    if (!got.ok()) {
      if (!got.error.would_block()) error_ = got.error;
      break;
    }
    if (got.size == 0) {
      // After a reset was read, Linux answers as if it had been an orderly end.
      ended_ = error_.ok();
      break;
    }
    all += text_of(std::span(buffer).first(got.size));
  }
  return all;
}

Listener::Listener(Os& os, const Endpoint& local, int backlog, int receive_buffer)
    : fd_(os, os.open(local.address.family, SocketKind::stream, 0).fd) {
  EXPECT_TRUE(os.set_option(fd_.get(), OsOption::reuse_address, 1).ok());
  if (receive_buffer > 0) {
    EXPECT_TRUE(os.set_option(fd_.get(), OsOption::receive_buffer_bytes, receive_buffer).ok());
  }
  EXPECT_TRUE(os.bind(fd_.get(), local).ok()) << local.text();
  EXPECT_TRUE(os.listen(fd_.get(), backlog).ok()) << local.text();
}

Peer Listener::try_accept(Endpoint* from) {
  const OpenResult accepted = fd_.os().accept(fd_.get(), from);
  return accepted.ok() ? Peer(fd_.os(), accepted.fd) : Peer();
}

Peer Listener::accept() {
  Peer peer = try_accept();
  EXPECT_TRUE(peer.valid()) << "nobody has connected";
  return peer;
}

DatagramPeer::DatagramPeer(Os& os, const Endpoint& local, SocketKind kind, int protocol)
    : fd_(os, os.open(local.address.family, kind, protocol).fd) {
  EXPECT_TRUE(os.bind(fd_.get(), local).ok()) << local.text();
}

void DatagramPeer::send_to(const Endpoint& to, std::string_view text) {
  EXPECT_TRUE(fd_.os().send_to(fd_.get(), bytes_of(text), to).ok()) << to.text();
}

std::string DatagramPeer::read(Endpoint* from) {
  std::vector<std::byte> buffer(65536);
  const IoResult got = fd_.os().receive_from(fd_.get(), buffer, &last_sender_);
  if (from != nullptr) *from = last_sender_;
  return got.ok() ? text_of(std::span(buffer).first(got.size)) : "nothing";
}

TlsPeer::TlsPeer(Peer peer, const Layer& layer) {
  auto wrapped = layer.wrap(std::make_unique<TcpStream>(peer.release()));
  EXPECT_TRUE(wrapped.ok()) << wrapped.failure().words;
  stream_ = std::move(wrapped.value());
}

bool TlsPeer::pump() {
  if (!stream_) return false;
  if (!shaken_) {
    const Flow flow = stream_->handshake();
    shaken_ = flow == Flow::done;
  } else {
    (void)stream_->flush();
  }
  return shaken_;
}

void TlsPeer::send(std::string_view text) {
  const Moved moved = stream_->write(bytes_of(text));
  EXPECT_EQ(moved.size, text.size()) << "the peer's kernel did not take it all";
}

std::string TlsPeer::read() {
  std::string all;
  std::array<std::byte, 16384> buffer;
  for (;;) {
    const Moved moved = stream_->read(buffer);
    all += text_of(std::span(buffer).first(moved.size));
    if (moved.flow == Flow::end) ended_ = true;
    if (moved.flow != Flow::done || moved.size == 0) return all;
  }
}

namespace {

struct TlsServer {
  TlsServer() {
    const std::array<std::string_view, 2> names{"tls.test", "192.0.2.1"};
    auto made = make_throwaway(names);
    EXPECT_TRUE(made.ok());
    ca = made.value().ca_cert;
    auto context = contexts.server({.ca_cert = {}, .cert = made.value().cert, .key = made.value().key});
    EXPECT_TRUE(context.ok()) << context.failure().words;
    layer = tls_server_layer(context.value());
  }
  TlsContexts contexts;
  std::string ca;
  std::unique_ptr<const Layer> layer;
};

TlsServer& server() {
  static TlsServer made;
  return made;
}

}  // namespace

const Layer& tls_server() { return *server().layer; }
const std::string& tls_ca() { return server().ca; }

}  // namespace socketcore::test
