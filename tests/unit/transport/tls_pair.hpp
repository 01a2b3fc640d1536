#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pipe_transport.hpp"
#include "transport/tls_context.hpp"
#include "transport/tls_openssl.hpp"
#include "transport/tls_throwaway.hpp"

// A TlsIdentity of these tests names what it gives and leaves out the rest.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace socketcore::testing {

constexpr int kTls12 = TLS1_2_VERSION;
constexpr int kTls13 = TLS1_3_VERSION;

inline Throwaway throwaway(std::initializer_list<std::string_view> names, const ThrowawayOptions& options = {}) {
  auto made = make_throwaway(std::span(names.begin(), names.size()), options);
  if (!made) throw std::runtime_error(made.failure().words);
  return std::move(made.value());
}

/// A server's certificate for "example.com", and a client's; made once.
inline const Throwaway& server_pems() {
  static const Throwaway made = throwaway({"example.com"});
  return made;
}
inline const Throwaway& client_pems() {
  static const Throwaway made = throwaway({"client"}, {.for_client = true});
  return made;
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// What two ends are made of. The defaults connect without verifying anything.
struct PairSetup {
  TlsIdentity client;
  TlsIdentity server{.cert = server_pems().cert, .key = server_pems().key};
  TlsPeer peer;
  int version = 0;                               ///< the highest that the server takes; 0: any
  std::function<void(SSL_CTX*)> server_tweak{};  ///< what else its context needs
};

inline PairSetup of_version(int version) {
  PairSetup setup;
  setup.version = version;
  return setup;
}

/// A client and a server over a pipe.
class TlsPair {
 public:
  explicit TlsPair(const PairSetup& setup = {}) {
    auto client_context = contexts_.client(setup.client);
    auto server_context = contexts_.server(setup.server);
    if (!client_context) throw std::runtime_error("client: " + client_context.failure().words);
    if (!server_context) throw std::runtime_error("server: " + server_context.failure().words);
    if (setup.version != 0) SSL_CTX_set_max_proto_version(server_context.value()->native(), setup.version);
    if (setup.server_tweak) setup.server_tweak(server_context.value()->native());
    auto [near, far] = make_pipe();
    client_pipe = near.get();
    server_pipe = far.get();
    auto client_layer = tls_client_layer(client_context.value(), setup.peer);
    client = std::move(client_layer->wrap(std::move(near)).value());
    server = std::move(tls_server_layer(server_context.value())->wrap(std::move(far)).value());
  }

  /// Runs the handshake for as long as anything moves.
  void shake() {
    for (int idle = 0; idle < 2;) {
      const auto before = moved_bytes();
      if (client_flow == Flow::blocked) client_flow = client->handshake();
      if (server_flow == Flow::blocked) server_flow = server->handshake();
      idle = before == moved_bytes() ? idle + 1 : 0;
    }
  }

  void expect_shaken() {
    shake();
    ASSERT_EQ(client_flow, Flow::done) << client->failure().words;
    ASSERT_EQ(server_flow, Flow::done) << server->failure().words;
  }

  /// The client sees that nothing more comes.
  void close_server_pipe() { (void)server_pipe->finish(false); }

  TlsContexts contexts_;
  PipeEnd* client_pipe = nullptr;
  PipeEnd* server_pipe = nullptr;
  std::unique_ptr<Transport> client;
  std::unique_ptr<Transport> server;
  Flow client_flow = Flow::blocked;
  Flow server_flow = Flow::blocked;

 private:
  [[nodiscard]] std::uint64_t moved_bytes() const {
    return client_pipe->handed() + server_pipe->handed() + client_pipe->in().bytes.size() + server_pipe->in().bytes.size();
  }
};

/// One whose handshake is over.
class ShakenPair : public TlsPair {
 public:
  explicit ShakenPair(int version) : TlsPair(of_version(version)) { expect_shaken(); }
};

/// Reads until nothing more is there. What ended it is in `flow`.
struct ReadAll {
  std::string text;
  Moved last;
};
inline ReadAll read_all(Transport& from, std::size_t buffer_bytes = 4096) {
  ReadAll all;
  std::vector<std::byte> buffer(buffer_bytes);
  for (;;) {
    all.last = from.read(buffer);
    all.text.append(reinterpret_cast<const char*>(buffer.data()), all.last.size);
    if (all.last.flow != Flow::done || all.last.drained) return all;
  }
}

/// Writes all of it to a pipe that takes all of it.
inline void write_all(Transport& to, std::string_view text) {
  const Moved moved = to.write(bytes_of(text));
  ASSERT_EQ(moved.flow, Flow::done) << to.failure().words;
  ASSERT_EQ(moved.size, text.size());
}

/// Bytes that look like nothing in particular, the same ones for the same seed.
inline std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed = seed * 1664525u + 1013904223u;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

}  // namespace socketcore::testing
