#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "lockstep/peers.hpp"
#include "lockstep/window.hpp"
#include "tls_server.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;
constexpr std::size_t kRecordsAtOnce = 8;

class TlsSource final : public Peer {
 public:
  TlsSource() {
    static SSL_CTX* const context = make_tls_server();
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
