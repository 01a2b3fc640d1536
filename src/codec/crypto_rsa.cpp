#include "codec/crypto_rsa.hpp"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "codec/crypto_errors.hpp"

namespace socketcore::codec {

namespace {

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(OSSL_DECODER_CTX* context) const noexcept { OSSL_DECODER_CTX_free(context); }
};
template <typename T>
using Context = std::unique_ptr<T, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::span<char> out) {
  return reinterpret_cast<unsigned char*>(out.data());
}

// The four operations on blocks differ in their names only.
struct Operation {
  int (*start)(EVP_PKEY_CTX*);
  int (*run)(EVP_PKEY_CTX*, unsigned char*, std::size_t*, const unsigned char*, std::size_t);
};
// The private half encrypts as it signs, but without a digest.
constexpr Operation kPublicEncrypt = {EVP_PKEY_encrypt_init, EVP_PKEY_encrypt};
constexpr Operation kPrivateEncrypt = {EVP_PKEY_sign_init, EVP_PKEY_sign};
constexpr Operation kPublicDecrypt = {EVP_PKEY_verify_recover_init, EVP_PKEY_verify_recover};
constexpr Operation kPrivateDecrypt = {EVP_PKEY_decrypt_init, EVP_PKEY_decrypt};

std::optional<std::size_t> run(const Operation& operation, EVP_PKEY* key, std::string_view in, std::span<char> out) {
  const ForgetErrors forget;
  const Context<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key, nullptr));
  std::size_t size = out.size();
  if (!context || operation.start(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
      operation.run(context.get(), bytes_of(out), &size, bytes_of(in), in.size()) != 1) {
    return std::nullopt;
  }
  return size;
}

const EVP_MD* md_of(Hash hash) {
  return hash == Hash::sha1 ? EVP_sha1() : EVP_sha256();
}

}  // namespace

void RsaKey::Free::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

RsaKey::Error RsaKey::read(std::string_view pem, Half half, std::string_view password) noexcept {
  const ForgetErrors forget;
  key_.reset();
  ERR_clear_error();
  // A public key, or the public half of a private one.
  const int selections[] = {EVP_PKEY_KEYPAIR, EVP_PKEY_PUBLIC_KEY};
  for (const int selection : selections) {
    if (selection == EVP_PKEY_PUBLIC_KEY && half == Half::private_half) break;
    EVP_PKEY* key = nullptr;
    const Context<OSSL_DECODER_CTX> decoder(
        OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, "RSA", selection, nullptr, nullptr));
    // Without a password set, a decoder that wants one could ask the terminal.
    const char* const secret = password.empty() ? "" : password.data();
    if (!decoder || OSSL_DECODER_CTX_set_passphrase(decoder.get(), reinterpret_cast<const unsigned char*>(secret),
                                                    password.size()) != 1) {
      return Error::no_memory;
    }
    const unsigned char* at = bytes_of(pem);
    std::size_t left = pem.size();
    const bool worked = OSSL_DECODER_from_data(decoder.get(), &at, &left) == 1;
    key_.reset(key);
    if (worked && key_) return Error::ok;
    key_.reset();
  }
  return pem.find("ENCRYPTED") != std::string_view::npos ? Error::password : Error::not_a_key;
}

std::size_t RsaKey::bits() const noexcept {
  return static_cast<std::size_t>(EVP_PKEY_get_bits(key_.get()));
}

std::size_t RsaKey::size() const noexcept {
  return static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
}

std::optional<std::size_t> RsaKey::encrypt(Half half, std::string_view text, std::span<char> out) const noexcept {
  return run(half == Half::public_half ? kPublicEncrypt : kPrivateEncrypt, key_.get(), text, out);
}

std::optional<std::size_t> RsaKey::decrypt(Half half, std::string_view data, std::span<char> out) const noexcept {
  return run(half == Half::public_half ? kPublicDecrypt : kPrivateDecrypt, key_.get(), data, out);
}

std::optional<std::size_t> RsaKey::sign(Hash hash, std::string_view text, std::span<char> out) const noexcept {
  const ForgetErrors forget;
  const Context<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, md_of(hash), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), bytes_of(out), &size, bytes_of(text), text.size()) != 1) {
    return std::nullopt;
  }
  return size;
}

bool RsaKey::verify(Hash hash, std::string_view text, std::string_view signature) const noexcept {
  const ForgetErrors forget;
  const Context<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, md_of(hash), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace socketcore::codec
