#include "transport/tls_pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <climits>
#include <cstring>
#include <utility>

#include "transport/tls_error.hpp"

namespace socketcore {
namespace {

struct Password {
  std::optional<std::string_view> text;
  bool asked = false;
};

// Where OpenSSL is given no function of this kind it prompts on the terminal.
int give_password(char* into, int size, int /*encrypting*/, void* user) noexcept {
  auto& password = *static_cast<Password*>(user);
  password.asked = true;
  if (!password.text || password.text->size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, password.text->data(), password.text->size());
  return static_cast<int>(password.text->size());
}

using SigPtr = std::unique_ptr<X509_SIG, OpenSslFree<X509_SIG_free>>;
using InfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>>;

/// One block of PEM, wiped at its end.
struct Block {
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_secure_clear_free(data, static_cast<std::size_t>(size));
    OPENSSL_secure_free(label);
  }

  unsigned char* data = nullptr;
  long size = 0;
  char* label = nullptr;
};

KeyPtr open_pkcs8(const Block& block, Password& password) {
  const unsigned char* at = block.data;
  const SigPtr locked(d2i_X509_SIG(nullptr, &at, block.size));
  if (!locked) return nullptr;
  char text[PEM_BUFSIZE];
  const int size = give_password(text, sizeof text, 0, &password);
  const InfoPtr open(size < 0 ? nullptr : PKCS8_decrypt(locked.get(), text, size));
  OPENSSL_cleanse(text, sizeof text);
  return KeyPtr(open ? EVP_PKCS82PKEY(open.get()) : nullptr);
}

// PEM_read_bio_PrivateKey would leave copies of the text and of the password behind.
KeyPtr parse_key(BIO* bio, Password& password) {
  Block block;
  const int found =
      PEM_bytes_read_bio_secmem(&block.data, &block.size, &block.label, PEM_STRING_EVP_PKEY, bio, give_password, &password);
  if (found != 1) return nullptr;
  if (std::string_view(block.label) == PEM_STRING_PKCS8) return open_pkcs8(block, password);
  const unsigned char* at = block.data;
  return KeyPtr(d2i_AutoPrivateKey(nullptr, &at, block.size));
}

BioPtr open_text(std::string_view pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  must(bio != nullptr);
  return bio;
}

// Each of the labels that PEM_read_bio_X509_AUX takes. It skips a begin line that it finds malformed; the one who wrote the
// line wanted the certificate, so its absence is an error.
std::size_t count_certificates(std::string_view pem) noexcept {
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::size_t count = 0;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at)) {
    at += kBegin.size();
    const std::string_view label = pem.substr(at, pem.find_first_of("-\r\n", at) - at);
    if (label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD || label == PEM_STRING_X509_TRUSTED) ++count;
  }
  return count;
}

Failure unusable(std::string_view what, std::string_view how, const TlsError& error) {
  must(!error.no_memory);
  if (error.words.empty()) return make_failure(Err::ssl_einit, {"the ", what, how});
  return make_failure(Err::ssl_einit, {"the ", what, how, " (", error.words, ")"});
}

}  // namespace

Result<std::vector<CertPtr>> read_certificates(std::string_view pem, std::string_view what) {
  if (pem.size() > INT_MAX) return unusable(what, " is too long", {});
  std::vector<CertPtr> certificates;
  const BioPtr bio = open_text(pem);
  for (;;) {
    forget_tls_errors();
    Password none;
    CertPtr certificate(PEM_read_bio_X509_AUX(bio.get(), nullptr, give_password, &none));
    if (!certificate) break;
    certificates.push_back(std::move(certificate));
  }
  const TlsError error = take_tls_error();
  const bool at_end = error.library == ERR_LIB_PEM && error.reason == PEM_R_NO_START_LINE;
  if (!at_end) return unusable(what, " does not parse", error);
  if (certificates.size() != count_certificates(pem)) return unusable(what, " does not parse (malformed begin line)", {});
  if (certificates.empty()) return unusable(what, " does not parse (there is no PEM certificate in it)", {});
  return certificates;
}

Result<KeyPtr> read_key(std::string_view pem, std::optional<std::string_view> password, std::string_view what) {
  if (pem.size() > INT_MAX) return unusable(what, " is too long", {});
  const BioPtr bio = open_text(pem);
  Password answer{password};
  forget_tls_errors();
  KeyPtr key = parse_key(bio.get(), answer);
  const TlsError error = take_tls_error();
  if (key) return key;
  if (!answer.asked) return unusable(what, " does not parse", error);
  if (!password) return unusable(what, " is encrypted and no password is given", {});
  return unusable(what, " does not open with the password that is given", error);
}

}  // namespace socketcore
