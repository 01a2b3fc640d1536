#include "codec/crypto_digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <limits>

#include "base/wiped.hpp"
#include "codec/crypto_errors.hpp"

namespace socketcore::codec {

namespace {

const EVP_MD* md_of(Hash hash) {
  switch (hash) {
    case Hash::md5:
      return EVP_md5();
    case Hash::sha1:
      return EVP_sha1();
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sm3:
      return EVP_sm3();
  }
  return nullptr;
}

using Bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

void to_hex(const Bytes& bytes, std::size_t size, HexDigest& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out.size = 0;
  for (std::size_t i = 0; i < size; ++i) {
    out.text[out.size++] = kDigits[bytes[i] >> 4];
    out.text[out.size++] = kDigits[bytes[i] & 15];
  }
}

}  // namespace

bool digest(Hash hash, std::string_view data, HexDigest& out) noexcept {
  const ForgetErrors forget;
  Bytes bytes;
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), bytes.data(), &size, md_of(hash), nullptr) != 1) return false;
  to_hex(bytes, size, out);
  return true;
}

bool hmac(Hash hash, std::string_view data, std::string_view key, HexDigest& out) noexcept {
  const ForgetErrors forget;
  // HMAC() takes the length of a key as an int. RFC 2104: a key longer than the block counts as its digest.
  Wiped<Bytes> hashed;
  unsigned hashed_size = 0;
  if (key.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    if (EVP_Digest(key.data(), key.size(), hashed.value.data(), &hashed_size, md_of(hash), nullptr) != 1) return false;
    key = {reinterpret_cast<const char*>(hashed.value.data()), hashed_size};
  }
  // A null key would mean "the one before".
  if (key.empty()) key = "";
  Bytes bytes;
  unsigned size = 0;
  if (HMAC(md_of(hash), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
           data.size(), bytes.data(), &size) == nullptr) {
    return false;
  }
  to_hex(bytes, size, out);
  return true;
}

void Digest::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

bool Digest::start(Hash hash) noexcept {
  const ForgetErrors forget;
  Context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), md_of(hash), nullptr) != 1) return false;
  context_ = std::move(context);
  return true;
}

bool Digest::update(std::string_view data) noexcept {
  const ForgetErrors forget;
  return EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1;
}

bool Digest::value(HexDigest& out) const noexcept {
  const ForgetErrors forget;
  const Context copy(EVP_MD_CTX_new());
  Bytes bytes;
  unsigned size = 0;
  if (!copy || EVP_MD_CTX_copy_ex(copy.get(), context_.get()) != 1 ||
      EVP_DigestFinal_ex(copy.get(), bytes.data(), &size) != 1) {
    return false;
  }
  to_hex(bytes, size, out);
  return true;
}

}  // namespace socketcore::codec
