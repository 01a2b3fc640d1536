#include "transport/tls_stream.hpp"

#include <new>
#include <utility>

#include "transport/tls_error.hpp"
#include "transport/tls_verify.hpp"

namespace socketcore {

TlsStream::TlsStream(std::unique_ptr<Transport> lower, std::shared_ptr<const TlsContext> context, SslPtr ssl)
    : lower_(std::move(lower)),
      context_(std::move(context)),
      engine_(std::move(ssl), *this) {}

Flow TlsStream::handshake() noexcept {
  if (const Flow flow = of_lower(lower_->handshake()); flow != Flow::done) return flow;
  const Flow flow = of_engine(engine_.handshake());
  if (flow != Flow::blocked && verification_.empty()) verify();
  return flow;
}

void TlsStream::verify() noexcept {
  try {
    // OpenSSL's result is "ok" from the start, and a certificate that is refused is not kept.
    const SSL* const ssl = engine_.ssl();
    const bool looked = SSL_get0_peer_certificate(ssl) != nullptr || SSL_get_verify_result(ssl) != X509_V_OK;
    verification_ = context_->trusts() && looked ? verification_words(ssl) : "none";
  } catch (const std::bad_alloc&) {
    verification_ = "out of memory";  // short enough to need none
  }
}

Moved TlsStream::read(std::span<std::byte> into) noexcept {
  const Moved moved = engine_.read(into);
  of_engine(moved.flow);
  return moved;
}

Moved TlsStream::write(std::span<const std::byte> data) noexcept {
  const Moved moved = engine_.write(data);
  of_engine(moved.flow);
  return moved;
}

Flow TlsStream::flush() noexcept {
  if (const Flow flow = of_engine(engine_.flush()); flow != Flow::done) return flow;
  return of_lower(lower_->flush());
}

Flow TlsStream::finish(bool last) noexcept {
  if (const Flow flow = of_engine(engine_.close_notify()); flow != Flow::done) return flow;
  return of_lower(lower_->finish(last));
}

Failure TlsStream::failure() const noexcept {
  if (lower_failed_) return lower_->failure();
  return make_failure(engine_.failure().err, {engine_.failure().words});
}

Flow TlsStream::of_engine(Flow flow) noexcept {
  if (flow == Flow::failed) lower_failed_ = false;
  return flow;
}

Flow TlsStream::of_lower(Flow flow) noexcept {
  if (flow == Flow::failed) lower_failed_ = true;
  return flow;
}

namespace {

class ClientLayer final : public Layer {
 public:
  ClientLayer(std::shared_ptr<const TlsContext> context, TlsPeer peer)
      : context_(std::move(context)), peer_(std::move(peer)) {}

  [[nodiscard]] Result<std::unique_ptr<Transport>> wrap(std::unique_ptr<Transport> lower) const override {
    SslPtr ssl(SSL_new(context_->native()));
    if (!ssl) return tls_failure(take_tls_error(), TlsPhase::data);
    SSL_set_connect_state(ssl.get());
    if (context_->trusts()) {
      // Without SSL_VERIFY_PEER a client verifies all the same; the result just ends nothing.
      SSL_set_verify(ssl.get(), peer_.insist ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
      if (Failure failure = expect_name(ssl.get(), peer_.verify_name); failure.err != Err::ok) return failure;
    }
    if (Failure failure = announce_name(ssl.get(), peer_.server_name); failure.err != Err::ok) return failure;
    return std::unique_ptr<Transport>(std::make_unique<TlsStream>(std::move(lower), context_, std::move(ssl)));
  }

 private:
  std::shared_ptr<const TlsContext> context_;
  TlsPeer peer_;
};

class ServerLayer final : public Layer {
 public:
  explicit ServerLayer(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}

  [[nodiscard]] Result<std::unique_ptr<Transport>> wrap(std::unique_ptr<Transport> lower) const override {
    SslPtr ssl(SSL_new(context_->native()));
    if (!ssl) return tls_failure(take_tls_error(), TlsPhase::data);
    SSL_set_accept_state(ssl.get());
    return std::unique_ptr<Transport>(std::make_unique<TlsStream>(std::move(lower), context_, std::move(ssl)));
  }

 private:
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace

std::unique_ptr<const Layer> tls_client_layer(std::shared_ptr<const TlsContext> context, TlsPeer peer) {
  return std::make_unique<ClientLayer>(std::move(context), std::move(peer));
}

std::unique_ptr<const Layer> tls_server_layer(std::shared_ptr<const TlsContext> context) {
  return std::make_unique<ServerLayer>(std::move(context));
}

}  // namespace socketcore
