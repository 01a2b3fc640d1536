#include "transport/tls_throwaway.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <utility>

#include "transport/tls_error.hpp"
#include "transport/tls_openssl.hpp"

namespace socketcore {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpenSslFree<X509_EXTENSION_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, OpenSslFree<GENERAL_NAME_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>>;
using IpPtr = std::unique_ptr<ASN1_OCTET_STRING, OpenSslFree<ASN1_OCTET_STRING_free>>;

using Seconds = std::chrono::seconds;
constexpr Seconds kYear{365 * 86400};

struct Issued {
  CertPtr cert;
  KeyPtr key;
};

KeyPtr fresh_key(ThrowawayOptions::Key kind) {
  KeyPtr key(kind == ThrowawayOptions::Key::p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048U));
  must(key != nullptr);
  return key;
}

void set_common_name(X509* cert, std::string_view name) {
  // X.520 allows 64 characters; a longer name still stands among the alternative names.
  const std::string_view shown = name.substr(0, 64);
  must(X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(shown.data()), static_cast<int>(shown.size()), -1,
                                  0) == 1);
}

void set_validity(X509* cert, Seconds from, Seconds until) {
  const auto set = [](ASN1_TIME* time, Seconds offset) {
    const auto day = std::chrono::duration_cast<std::chrono::days>(offset);
    must(X509_time_adj_ex(time, static_cast<int>(day.count()), (offset - day).count(), nullptr) != nullptr);
  };
  set(X509_getm_notBefore(cert), from);
  set(X509_getm_notAfter(cert), until);
}

void set_serial(X509* cert) {
  std::array<unsigned char, 16> random{};
  must(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  random[0] &= 0x7f;  // RFC 5280: positive
  random[0] |= 0x40;  // and no leading zero
  const std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(
      BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  must(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(cert)) != nullptr);
}

CertPtr blank(EVP_PKEY* key, std::string_view name, Seconds from, Seconds until) {
  CertPtr cert(X509_new());
  must(cert && X509_set_version(cert.get(), X509_VERSION_3) == 1 && X509_set_pubkey(cert.get(), key) == 1);
  set_serial(cert.get());
  set_common_name(cert.get(), name);
  set_validity(cert.get(), from, until);
  return cert;
}

void add_extension(X509* cert, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  must(extension && X509_add_ext(cert, extension.get(), -1) == 1);
}

void sign(X509* cert, X509* issuer, EVP_PKEY* issuer_key) {
  must(X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1);
  add_extension(cert, issuer, NID_subject_key_identifier, "hash");
  if (cert != issuer) add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always");
  must(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
}

Issued fresh_ca(std::string_view name, const Issued* above) {
  Issued ca;
  ca.key = fresh_key(ThrowawayOptions::Key::p256);
  ca.cert = blank(ca.key.get(), name, -kYear, kYear);
  const Issued& issuer = above != nullptr ? *above : ca;
  add_extension(ca.cert.get(), issuer.cert.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca.cert.get(), issuer.cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(ca.cert.get(), issuer.cert.get(), issuer.key.get());
  return ca;
}

void add_name(GENERAL_NAMES* names, std::string_view text) {
  NamePtr name(GENERAL_NAME_new());
  must(name != nullptr);
  if (IpPtr ip{a2i_IPADDRESS(std::string(text).c_str())}) {
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, ip.release());
  } else {
    forget_tls_errors();
    std::unique_ptr<ASN1_IA5STRING, OpenSslFree<ASN1_IA5STRING_free>> dns(ASN1_IA5STRING_new());
    must(dns && ASN1_STRING_set(dns.get(), text.data(), static_cast<int>(text.size())) == 1);
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, dns.release());
  }
  must(sk_GENERAL_NAME_push(names, name.get()) > 0);
  (void)name.release();
}

void add_names(X509* cert, std::span<const std::string_view> texts) {
  const NamesPtr names(GENERAL_NAMES_new());
  must(names != nullptr);
  for (const std::string_view text : texts) add_name(names.get(), text);
  must(X509_add1_ext_i2d(cert, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1);
}

bool is_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 253) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* cert) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(bio && PEM_write_bio_X509(bio.get(), cert) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key, std::string_view password) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* const cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
  must(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, password.data(), static_cast<int>(password.size()),
                                            nullptr, nullptr) == 1);
  return text_of(bio.get());
}

}  // namespace

Result<Throwaway> make_throwaway(std::span<const std::string_view> names, const ThrowawayOptions& options) {
  if (names.empty()) return Failure{Err::earg, "a certificate needs a name"};
  for (const std::string_view name : names) {
    if (!is_name(name)) return Failure{Err::earg, "no certificate can hold this name"};
  }

  keep_openssl();
  using Issuer = ThrowawayOptions::Issuer;
  Issued own;
  own.key = fresh_key(options.key);
  own.cert = blank(own.key.get(), names.front(), options.valid_from, options.valid_until);
  Issued ca;
  Issued intermediate;
  const Issued* issuer = &own;
  if (options.issuer != Issuer::itself) {
    ca = fresh_ca("socketcore throwaway CA", nullptr);
    issuer = &ca;
  }
  if (options.issuer == Issuer::intermediate) {
    intermediate = fresh_ca("socketcore throwaway intermediate CA", &ca);
    issuer = &intermediate;
  }

  X509* const cert = own.cert.get();
  add_extension(cert, issuer->cert.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(cert, issuer->cert.get(), NID_key_usage,
                options.key == ThrowawayOptions::Key::p256 ? "critical,digitalSignature"
                                                           : "critical,digitalSignature,keyEncipherment");
  add_extension(cert, issuer->cert.get(), NID_ext_key_usage, options.for_client ? "clientAuth" : "serverAuth");
  add_names(cert, names);
  sign(cert, issuer->cert.get(), issuer->key.get());

  Throwaway made;
  made.cert = pem_of(cert);
  made.ca_cert = options.issuer == Issuer::itself ? made.cert : pem_of(ca.cert.get());
  if (intermediate.cert) made.cert += pem_of(intermediate.cert.get());
  made.key = pem_of(own.key.get(), options.password);
  return made;
}

}  // namespace socketcore
