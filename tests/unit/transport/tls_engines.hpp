#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tls_pair.hpp"
#include "transport/tls_engine.hpp"

// What takes a peer that our own code cannot be: one that OpenSSL's own calls drive.
namespace socketcore::testing {

/// A carrier over a pipe's end.
class PipeCarrier final : public Carrier {
 public:
  explicit PipeCarrier(std::unique_ptr<PipeEnd> pipe) : end(std::move(pipe)) {}
  virtual ~PipeCarrier() = default;
  [[nodiscard]] Moved pull(std::span<std::byte> into) noexcept override { return end->read(into); }
  [[nodiscard]] Moved push(std::span<const std::byte> data) noexcept override { return end->write(data); }
  [[nodiscard]] Failure carrier_failure() const noexcept override { return end->failure(); }

  std::unique_ptr<PipeEnd> end;
};

class TlsEngines {
 public:
  explicit TlsEngines(int version, unsigned long long server_allows = 0,
                      const std::function<void(SSL_CTX*)>& server_tweak = {})
      : client_context_(contexts_.client({}).value()),
        server_context_(contexts_.server({.cert = server_pems().cert, .key = server_pems().key}).value()) {
    SSL_CTX_set_max_proto_version(server_context_->native(), version);
    SSL_CTX_clear_options(server_context_->native(), server_allows);
    if (server_tweak) server_tweak(server_context_->native());
    auto [near, far] = make_pipe();
    client_carrier.emplace(std::move(near));
    server_carrier.emplace(std::move(far));
    SslPtr client_ssl(SSL_new(client_context_->native()));
    SslPtr server_ssl(SSL_new(server_context_->native()));
    SSL_set_connect_state(client_ssl.get());
    SSL_set_accept_state(server_ssl.get());
    raw_server = server_ssl.get();
    raw_client = client_ssl.get();
    client.emplace(std::move(client_ssl), *client_carrier);
    server.emplace(std::move(server_ssl), *server_carrier);
    Flow client_flow = Flow::blocked;
    Flow server_flow = Flow::blocked;
    for (int i = 0; i < 10; ++i) {
      if (client_flow == Flow::blocked) client_flow = client->handshake();
      if (server_flow == Flow::blocked) server_flow = server->handshake();
    }
    EXPECT_EQ(client_flow, Flow::done);
    EXPECT_EQ(server_flow, Flow::done);
  }

  std::string client_reads() {
    std::array<std::byte, 1000> buffer;
    last = client->read(buffer);
    return {reinterpret_cast<const char*>(buffer.data()), last.size};
  }
  std::string server_reads() {
    std::array<std::byte, 1000> buffer;
    last = server->read(buffer);
    return {reinterpret_cast<const char*>(buffer.data()), last.size};
  }

  TlsContexts contexts_;
  std::shared_ptr<const TlsContext> client_context_;
  std::shared_ptr<const TlsContext> server_context_;
  std::optional<PipeCarrier> client_carrier;
  std::optional<PipeCarrier> server_carrier;
  std::optional<TlsEngine> client;
  std::optional<TlsEngine> server;
  SSL* raw_server = nullptr;
  SSL* raw_client = nullptr;
  Moved last;
};

}  // namespace socketcore::testing
