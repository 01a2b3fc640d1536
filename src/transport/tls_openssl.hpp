#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace socketcore {

template <auto free_it>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const noexcept {
    free_it(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;

/// To be called before anything else of OpenSSL's: its memory stays until the process is gone. By default exit() frees it,
/// under threads that are still at work. Without effect where somebody else in the process was there first.
void keep_openssl() noexcept;

/// A certificate context: what tls_context.hpp promises, as OpenSSL has it.
class TlsContext {
 public:
  TlsContext(SslCtxPtr ctx, bool trusts) noexcept : ctx_(std::move(ctx)), trusts_(trusts) {}

  [[nodiscard]] SSL_CTX* native() const noexcept { return ctx_.get(); }
  /// Whether there is any CA to verify against.
  [[nodiscard]] bool trusts() const noexcept { return trusts_; }

 private:
  SslCtxPtr ctx_;
  bool trusts_;
};

}  // namespace socketcore
