#include "transport/tls_verify.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

#include "transport/tls_error.hpp"
#include "transport/tls_openssl.hpp"

namespace socketcore {
namespace {

using IpPtr = std::unique_ptr<ASN1_OCTET_STRING, OpenSslFree<ASN1_OCTET_STRING_free>>;

struct OpenSslTextFree {
  void operator()(char* text) const noexcept { OPENSSL_free(text); }
};

/// A name as certificates spell it: no root dot, and no IPv6 scope, which means something on this machine only.
std::string certified(std::string_view name) {
  if (name.find(':') != std::string_view::npos) return std::string(name.substr(0, name.find('%')));
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::string(name);
}

bool is_ip(const std::string& name) noexcept {
  const IpPtr ip(a2i_IPADDRESS(name.c_str()));
  forget_tls_errors();
  return ip != nullptr;
}

std::string expected_name(const SSL* ssl) {
  X509_VERIFY_PARAM* param = SSL_get0_param(const_cast<SSL*>(ssl));
  if (const char* host = X509_VERIFY_PARAM_get0_host(param, 0)) return host;
  const std::unique_ptr<char, OpenSslTextFree> ip(X509_VERIFY_PARAM_get1_ip_asc(param));
  return ip ? ip.get() : "this address";
}

}  // namespace

Failure expect_name(SSL* ssl, std::string_view name) noexcept try {
  const std::string wanted = certified(name);
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (name.empty()) return {};
  if (wanted.find('\0') != std::string::npos) return {Err::earg, "the name to verify holds a NUL"};
  // OpenSSL would take nothing for anything, and a leading dot for any name below.
  if (wanted.empty() || wanted.front() == '.') return {Err::earg, "the name to verify is no name"};
  if (is_ip(wanted)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(param, wanted.c_str()) == 1) return {};
  } else {
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(param, wanted.data(), wanted.size()) == 1) return {};
  }
  forget_tls_errors();
  return {Err::enomem, "out of memory"};
} catch (const std::bad_alloc&) {
  return {Err::enomem, {}};
}

Failure announce_name(SSL* ssl, std::string_view name) {
  const std::string announced = certified(name);
  if (announced.empty() || is_ip(announced)) return {};
  if (announced.size() > TLSEXT_MAXLEN_host_name || announced.find('\0') != std::string::npos) {
    return {Err::earg, "the server name is no name"};
  }
  if (SSL_set_tlsext_host_name(ssl, announced.c_str()) == 1) return {};
  forget_tls_errors();
  return {Err::enomem, "out of memory"};
}

std::string verification_words(const SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  switch (result) {
    case X509_V_OK:
      return "ok";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is not for " + expected_name(ssl);
    default:
      return X509_verify_cert_error_string(result);
  }
}

}  // namespace socketcore
