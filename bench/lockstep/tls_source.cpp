#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "lockstep/peers.hpp"
#include "lockstep/window.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;
constexpr std::size_t kRecordsAtOnce = 8;

SSL_CTX* make_context() {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24L * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("bench"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  if (X509_sign(certificate, key, EVP_sha256()) == 0 || SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    ERR_print_errors_fp(stderr);
    std::abort();
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

class TlsSource final : public Peer {
 public:
  TlsSource() {
    static SSL_CTX* const context = make_context();
    ssl_ = SSL_new(context);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_);
  }
  ~TlsSource() override { SSL_free(ssl_); }
  TlsSource(const TlsSource&) = delete;
  TlsSource& operator=(const TlsSource&) = delete;

  void turn() override {
    ERR_clear_error();
    BIO_write(SSL_get_rbio(ssl_), incoming_.data(), static_cast<int>(incoming_.size()));
    incoming_.clear();
    if (!SSL_is_init_finished(ssl_)) SSL_do_handshake(ssl_);
    if (SSL_is_init_finished(ssl_)) read();
    if (ready() == 0) write();
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &data);
    answer(data, static_cast<std::size_t>(size));
    (void)BIO_reset(SSL_get_wbio(ssl_));
  }

 private:
  void read() {
    std::array<char, kHeaderBytes> piece{};
    for (int got = 0; (got = SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()))) > 0;) {
      header_.append(piece.data(), static_cast<std::size_t>(got));
      if (header_.size() == kHeaderBytes) left_ = std::strtoull(header_.c_str(), nullptr, 10);
    }
  }
  void write() {
    for (std::size_t i = 0; i < kRecordsAtOnce && left_ > 0; ++i) {
      const std::uint64_t size = std::min<std::uint64_t>(left_, kRecordBytes);
      SSL_write(ssl_, next_of_pattern(), static_cast<int>(size));
      left_ -= size;
      served(size);
    }
  }

  SSL* ssl_ = nullptr;
  std::string header_;
  std::uint64_t left_ = 0;
};

}  // namespace

std::unique_ptr<Peer> make_tls_source() {
  return std::make_unique<TlsSource>();
}

}  // namespace lockstep
