#include "transport/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <new>

namespace socketcore {
namespace {

struct Alert {
  int number;
  std::string_view name;
};

// SSL_alert_desc_string_long knows none that TLS 1.3 added.
constexpr Alert kAlerts[] = {
    {SSL_AD_CLOSE_NOTIFY, "close notify"},
    {SSL_AD_UNEXPECTED_MESSAGE, "unexpected message"},
    {SSL_AD_BAD_RECORD_MAC, "bad record mac"},
    {SSL_AD_DECRYPTION_FAILED, "decryption failed"},
    {SSL_AD_RECORD_OVERFLOW, "record overflow"},
    {SSL_AD_DECOMPRESSION_FAILURE, "decompression failure"},
    {SSL_AD_HANDSHAKE_FAILURE, "handshake failure"},
    {SSL_AD_NO_CERTIFICATE, "no certificate"},
    {SSL_AD_BAD_CERTIFICATE, "bad certificate"},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, "unsupported certificate"},
    {SSL_AD_CERTIFICATE_REVOKED, "certificate revoked"},
    {SSL_AD_CERTIFICATE_EXPIRED, "certificate expired"},
    {SSL_AD_CERTIFICATE_UNKNOWN, "certificate unknown"},
    {SSL_AD_ILLEGAL_PARAMETER, "illegal parameter"},
    {SSL_AD_UNKNOWN_CA, "unknown ca"},
    {SSL_AD_ACCESS_DENIED, "access denied"},
    {SSL_AD_DECODE_ERROR, "decode error"},
    {SSL_AD_DECRYPT_ERROR, "decrypt error"},
    {SSL_AD_EXPORT_RESTRICTION, "export restriction"},
    {SSL_AD_PROTOCOL_VERSION, "protocol version"},
    {SSL_AD_INSUFFICIENT_SECURITY, "insufficient security"},
    {SSL_AD_INTERNAL_ERROR, "internal error"},
    {SSL_AD_INAPPROPRIATE_FALLBACK, "inappropriate fallback"},
    {SSL_AD_USER_CANCELLED, "user canceled"},
    {SSL_AD_NO_RENEGOTIATION, "no renegotiation"},
    {SSL_AD_MISSING_EXTENSION, "missing extension"},
    {SSL_AD_UNSUPPORTED_EXTENSION, "unsupported extension"},
    {SSL_AD_CERTIFICATE_UNOBTAINABLE, "certificate unobtainable"},
    {SSL_AD_UNRECOGNIZED_NAME, "unrecognized name"},
    {SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE, "bad certificate status response"},
    {SSL_AD_BAD_CERTIFICATE_HASH_VALUE, "bad certificate hash value"},
    {SSL_AD_UNKNOWN_PSK_IDENTITY, "unknown psk identity"},
    {SSL_AD_CERTIFICATE_REQUIRED, "certificate required"},
    {SSL_AD_NO_APPLICATION_PROTOCOL, "no application protocol"},
};

/// The alert that the peer sent, or -1: OpenSSL keeps it in the reason.
int received_alert(const TlsError& error) noexcept {
  const bool is_alert =
      error.library == ERR_LIB_SSL && error.reason >= SSL_AD_REASON_OFFSET && error.reason <= SSL_AD_REASON_OFFSET + 255;
  return is_alert ? error.reason - SSL_AD_REASON_OFFSET : -1;
}

Failure alert_failure(int alert, TlsPhase phase) noexcept {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
      return make_failure(Err::ssl_ehandshake, {"the peer refused the certificate: alert ", alert_name(alert)});
    case SSL_AD_CERTIFICATE_REQUIRED:
      return make_failure(Err::ssl_ehandshake, {"the peer demands a certificate: alert ", alert_name(alert)});
    // Under TLS 1.3 the client has finished before the server has looked at the client's part of the handshake.
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_DECRYPT_ERROR:
      return make_failure(Err::ssl_ehandshake, {"the peer refused the handshake: alert ", alert_name(alert)});
    default:
      if (phase == TlsPhase::handshake) {
        return make_failure(Err::ssl_ehandshake, {"the peer refused the handshake: alert ", alert_name(alert)});
      }
      return make_failure(Err::eio, {"the peer broke off TLS: alert ", alert_name(alert)});
  }
}

bool is_no_tls(const TlsError& error) noexcept {
  if (error.library != ERR_LIB_SSL) return false;
  switch (error.reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_UNKNOWN_PROTOCOL:
      return true;
    default:
      return false;
  }
}

}  // namespace

TlsError take_tls_error() noexcept {
  TlsError taken;
  bool first = true;
  while (const unsigned long code = ERR_get_error()) {
    taken.no_memory = taken.no_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    if (!first) continue;
    first = false;
    taken.library = ERR_GET_LIB(code);
    taken.reason = ERR_GET_REASON(code);
    if (const char* words = ERR_reason_error_string(code)) taken.words = words;
  }
  return taken;
}

void forget_tls_errors() noexcept {
  ERR_clear_error();
}

Failure tls_failure(const TlsError& error, TlsPhase phase) noexcept {
  if (error.no_memory) return make_failure(Err::enomem, {"out of memory"});
  if (const int alert = received_alert(error); alert >= 0) return alert_failure(alert, phase);
  const std::string_view words = error.words.empty() ? "unknown cause" : error.words;
  if (phase == TlsPhase::data) return make_failure(Err::eio, {"TLS failed: ", words});
  if (is_no_tls(error)) return make_failure(Err::ssl_ehandshake, {"the peer does not speak TLS (", words, ")"});
  return make_failure(Err::ssl_ehandshake, {"the TLS handshake failed: ", words});
}

std::string_view alert_name(int alert) noexcept {
  for (const Alert& known : kAlerts) {
    if (known.number == alert) return known.name;
  }
  return "of unknown number";
}

void must(bool worked) {
  if (worked) return;
  forget_tls_errors();
  throw std::bad_alloc();
}

Failure make_failure(Err err, std::initializer_list<std::string_view> words) noexcept {
  Failure failure;
  failure.err = err;
  try {
    for (const std::string_view part : words) failure.words += part;
  } catch (const std::bad_alloc&) {
    failure.words.clear();
  }
  return failure;
}

}  // namespace socketcore
