#include "transport/tls_engine.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "transport/tls_error.hpp"
#include "transport/tls_verify.hpp"

namespace socketcore {
namespace {

// A record's limit (RFC 8446, 5.1). More per SSL_write would only make OpenSSL cut it up.
constexpr std::size_t kRecordBytes = 16384;
// Held output beyond this makes OpenSSL wait after all. Two records and an alert are what an honest connection can reach; a
// peer that asks for answers (HelloRequest draws an alert each time) and reads none of them could go on for ever.
constexpr std::size_t kMaxHeld = 65536;
// Tickets, key updates and the like between two bytes for the user, or the whole of a handshake. OpenSSL takes them without
// limit, so that a fast peer could keep this thread inside one SSL_read.
constexpr std::size_t kMaxFruitless = 1 << 20;

std::span<std::byte> bytes_of(char* data, std::size_t size) noexcept {
  return {reinterpret_cast<std::byte*>(data), size};
}

// What a dead peer looks like to a stream. Whatever of these comes in mid-handshake means that TLS did not come about.
bool is_loss(Err err) noexcept {
  return err == Err::erst || err == Err::eclsd || err == Err::enotconn || err == Err::eabort;
}

}  // namespace

struct TlsEngine::Bio {
  static TlsEngine& engine(BIO* bio) noexcept { return *static_cast<TlsEngine*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* data, std::size_t size, std::size_t* got) noexcept {
    BIO_clear_retry_flags(bio);
    *got = 0;
    switch (engine(bio).pull(bytes_of(data, size), *got)) {
      case Flow::done:
        return 1;
      case Flow::blocked:
        BIO_set_retry_read(bio);
        return -1;
      // No BIO_CTRL_EOF for the end: OpenSSL would make a fatal error of it, and what we still have to write would be lost.
      case Flow::end:
        return 0;
      case Flow::failed:
        return -1;
    }
    return -1;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* put) noexcept {
    BIO_clear_retry_flags(bio);
    *put = 0;
    if (!engine(bio).push(std::as_bytes(std::span(data, size)))) {
      BIO_set_retry_write(bio);
      return -1;
    }
    *put = size;
    return 1;
  }

  static long ctrl(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  // Constant, so that one serves every thread.
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socketcore carrier");
      if (fresh == nullptr || BIO_meth_set_read_ex(fresh, read) != 1 || BIO_meth_set_write_ex(fresh, write) != 1 ||
          BIO_meth_set_ctrl(fresh, ctrl) != 1) {
        throw std::bad_alloc();
      }
      return fresh;
    }();
    return made;
  }
};

TlsEngine::TlsEngine(SslPtr ssl, Carrier& carrier) : ssl_(std::move(ssl)), carrier_(carrier) {
  BIO* const bio = BIO_new(Bio::method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

// ---- Below OpenSSL: ciphertext.

Flow TlsEngine::pull(std::span<std::byte> into, std::size_t& size) noexcept {
  if (carrier_end_ != Flow::done) return carrier_end_;
  if (dry_) return Flow::blocked;
  if (fruitless_ > kMaxFruitless) return Flow::failed;
  const Moved moved = carrier_.pull(into);
  dry_ = moved.drained;
  switch (moved.flow) {
    case Flow::done:
      size = moved.size;
      fruitless_ += moved.size;
      return moved.size > 0 ? Flow::done : Flow::blocked;
    case Flow::blocked:
      break;
    case Flow::end:
      carrier_end_ = Flow::end;
      break;
    case Flow::failed:
      carrier_end_ = Flow::failed;
      input_failure_ = carrier_.carrier_failure();
      break;
  }
  return moved.flow;
}

// False: OpenSSL must wait. After a failure output vanishes; the call that caused it answers the failure.
bool TlsEngine::push(std::span<const std::byte> data) noexcept {
  if (output_failed_) return true;
  if (!holds_output()) {
    const Moved moved = carrier_.push(data);
    if (moved.flow == Flow::failed) {
      output_broke(carrier_.carrier_failure());
      return true;
    }
    data = data.subspan(moved.size);
    if (data.empty()) return true;
  } else if (held_.size() - held_from_ + data.size() > kMaxHeld) {
    return false;
  }
  try {
    held_.insert(held_.end(), data.begin(), data.end());
  } catch (const std::bad_alloc&) {
    output_broke({Err::enomem, {}});
  }
  return true;
}

void TlsEngine::output_broke(Failure failure) noexcept {
  output_failed_ = true;
  output_failure_ = std::move(failure);
  std::vector<std::byte>().swap(held_);
  held_from_ = 0;
}

Flow TlsEngine::flush() noexcept {
  if (output_failed_) return answer_output_failure();
  if (!holds_output()) return Flow::done;
  const Moved moved = carrier_.push(std::span(held_).subspan(held_from_));
  if (moved.flow == Flow::failed) {
    output_broke(carrier_.carrier_failure());
    return answer_output_failure();
  }
  held_from_ += moved.size;
  if (holds_output()) return Flow::blocked;
  std::vector<std::byte>().swap(held_);
  held_from_ = 0;
  return Flow::done;
}

Flow TlsEngine::answer_output_failure() noexcept {
  answered_ = &output_failure_;
  return Flow::failed;
}

// ---- The handshake.

Flow TlsEngine::handshake() noexcept {
  if (input_ == Flow::failed) {
    answered_ = &input_failure_;
    return Flow::failed;
  }
  if (!output_failed_) (void)flush();
  if (!established_) {
    dry_ = false;
    if (const Flow flow = shake(); flow != Flow::done) return flow;
  }
  if (!output_failed_) return holds_output() ? Flow::blocked : Flow::done;
  see_refusal();
  return fail_handshake(SSL_ERROR_SYSCALL);
}

Flow TlsEngine::shake() noexcept {
  forget_tls_errors();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    fruitless_ = 0;
    return Flow::done;
  }
  const int ssl_error = SSL_get_error(ssl_.get(), result);
  const bool waits = ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE;
  if (waits && !output_failed_) return Flow::blocked;
  return fail_handshake(ssl_error);
}

Flow TlsEngine::fail_handshake(int ssl_error) noexcept {
  if (input_ != Flow::failed) input_failure_ = handshake_failure(ssl_error);
  input_ = Flow::failed;
  dead_ = true;
  answered_ = &input_failure_;
  return Flow::failed;
}

Failure TlsEngine::handshake_failure(int ssl_error) const noexcept {
  const TlsError error = take_tls_error();
  if (ssl_error == SSL_ERROR_SSL) {
    // Not by the first error of the queue: a signature that is wrong leaves its own there.
    const bool refused =
        SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl_.get()) != X509_V_OK;
    return refused && !error.no_memory ? refusal() : tls_failure(error, TlsPhase::handshake);
  }
  if (carrier_end_ == Flow::failed || output_failed_) {
    const Failure& lower = carrier_end_ == Flow::failed ? input_failure_ : output_failure_;
    return make_failure(is_loss(lower.err) ? Err::ssl_ehandshake : lower.err,
                        {"the connection broke during the TLS handshake: ", lower.words});
  }
  if (carrier_end_ == Flow::end || ssl_error == SSL_ERROR_ZERO_RETURN) {
    return make_failure(Err::ssl_ehandshake, {"the peer closed the connection during the TLS handshake"});
  }
  if (fruitless_ > kMaxFruitless) {
    return make_failure(Err::ssl_ehandshake, {"the peer's part of the TLS handshake has no end"});
  }
  return tls_failure(error, TlsPhase::handshake);
}

// The peer's certificate did not verify. ssl_einvalid is for a server's.
Failure TlsEngine::refusal() const noexcept {
  const Err err = SSL_is_server(ssl_.get()) == 0 ? Err::ssl_einvalid : Err::ssl_ehandshake;
  try {
    return {err, verification_words(ssl_.get())};
  } catch (const std::bad_alloc&) {
    return {err, {}};
  }
}

// Our last flight could not be sent because the peer is gone. If it said why, that is the better failure.
void TlsEngine::see_refusal() noexcept {
  char byte = 0;
  forget_tls_errors();
  const int result = SSL_peek(ssl_.get(), &byte, 1);
  if (result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) fail_handshake(SSL_ERROR_SSL);
}

// ---- Bytes of the user.

Moved TlsEngine::read(std::span<std::byte> into) noexcept {
  if (into.empty()) return {0, Flow::done, false};
  if (input_ != Flow::done) return read_over();
  if (!established_) return {0, Flow::blocked, true};
  dry_ = false;
  std::size_t size = 0;
  while (size < into.size()) {
    // Asking OpenSSL would cost it the allocation of a record's buffer, to find out the same.
    if (dry_ && SSL_has_pending(ssl_.get()) == 0) {
      (void)SSL_free_buffers(ssl_.get());  // as a read that found nothing would: an idle connection keeps none
      break;
    }
    std::size_t got = 0;
    forget_tls_errors();
    const int result = SSL_read_ex(ssl_.get(), into.data() + size, into.size() - size, &got);
    if (result == 1) {
      size += got;
      fruitless_ = 0;
      continue;
    }
    const int ssl_error = SSL_get_error(ssl_.get(), result);
    if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE) end_input(ssl_error);
    break;
  }
  if (input_ != Flow::done) return size > 0 ? Moved{size, Flow::done, false} : read_over();
  if (size > 0) return {size, Flow::done, size < into.size() && dry_};
  return {0, Flow::blocked, dry_};
}

Moved TlsEngine::read_over() noexcept {
  if (input_ == Flow::failed) answered_ = &input_failure_;
  return {0, input_, true};
}

void TlsEngine::end_input(int ssl_error) noexcept {
  const TlsError error = take_tls_error();
  if (ssl_error == SSL_ERROR_ZERO_RETURN) {
    input_ = Flow::end;
    return;
  }
  input_ = Flow::failed;
  if (ssl_error != SSL_ERROR_SSL && carrier_end_ == Flow::failed) return;  // pull() has kept the carrier's own words
  if (ssl_error != SSL_ERROR_SSL && carrier_end_ == Flow::end) {
    input_failure_ = make_failure(Err::eio, {"TLS ended without close_notify"});
    return;
  }
  dead_ = true;
  if (ssl_error != SSL_ERROR_SSL && fruitless_ > kMaxFruitless) {
    input_failure_ = make_failure(Err::eio, {"the peer floods TLS with messages that carry nothing"});
  } else {
    input_failure_ = tls_failure(error, TlsPhase::data);
  }
}

Moved TlsEngine::write(std::span<const std::byte> data) noexcept {
  if (dead_) {
    answered_ = &input_failure_;
    return {0, Flow::failed, false};
  }
  if (const Flow flow = flush(); flow != Flow::done) return {0, flow, false};
  if (!established_) return {0, Flow::blocked, false};
  assert(!goodbye_said_ && credit_ <= data.size());
  std::size_t size = std::min(std::exchange(credit_, 0), data.size());
  while (size < data.size()) {
    const auto record = data.subspan(size, std::min(kRecordBytes, data.size() - size));
    std::size_t put = 0;
    forget_tls_errors();
    const int result = SSL_write_ex(ssl_.get(), record.data(), record.size(), &put);
    if (result != 1) {
      const int ssl_error = SSL_get_error(ssl_.get(), result);
      if (ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE) return {size, Flow::blocked, false};
      if (!output_failed_) output_broke(tls_failure(take_tls_error(), TlsPhase::data));
    }
    if (output_failed_) return {size, answer_output_failure(), false};
    if (holds_output()) {
      credit_ = put;
      return {size, Flow::blocked, false};
    }
    size += put;
  }
  return {size, Flow::done, false};
}

Flow TlsEngine::close_notify() noexcept {
  if (!goodbye_said_ && established_ && !dead_ && !output_failed_) {
    goodbye_said_ = true;
    forget_tls_errors();
    // A second call would wait for the peer's goodbye, which we do not need: the stream below has an end of its own.
    if (SSL_shutdown(ssl_.get()) < 0) forget_tls_errors();
  }
  return flush();
}

}  // namespace socketcore
