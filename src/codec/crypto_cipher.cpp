#include "codec/crypto_cipher.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/wiped.hpp"
#include "codec/crypto_errors.hpp"

namespace socketcore::codec {

namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::span<char> out) {
  return reinterpret_cast<unsigned char*>(out.data());
}

std::size_t block_size(Algorithm algorithm) {
  return algorithm == Algorithm::des ? 8 : 16;
}

bool fits(Algorithm algorithm, std::size_t key_size) {
  switch (algorithm) {
    case Algorithm::aes:
      return key_size == 16 || key_size == 24 || key_size == 32;
    case Algorithm::des:
      return key_size == 8 || key_size == 16 || key_size == 24;
    case Algorithm::sm4:
      return key_size == 16;
  }
  return false;
}

using Maker = const EVP_CIPHER* (*)();

const EVP_CIPHER* aes(CipherMode mode, std::size_t key_size) {
  constexpr Maker kMakers[3][3] = {{EVP_aes_128_ecb, EVP_aes_128_cbc, EVP_aes_128_ctr},
                                   {EVP_aes_192_ecb, EVP_aes_192_cbc, EVP_aes_192_ctr},
                                   {EVP_aes_256_ecb, EVP_aes_256_cbc, EVP_aes_256_ctr}};
  return kMakers[key_size / 8 - 2][static_cast<std::size_t>(mode)]();
}

const EVP_CIPHER* sm4(CipherMode mode) {
  constexpr Maker kMakers[3] = {EVP_sm4_ecb, EVP_sm4_cbc, EVP_sm4_ctr};
  return kMakers[static_cast<std::size_t>(mode)]();
}

CipherError check(const Cipher& cipher) {
  if (cipher.algorithm == Algorithm::des && cipher.mode == CipherMode::ctr) return CipherError::mode;
  if (!fits(cipher.algorithm, cipher.key.size())) return CipherError::key_size;
  if (cipher.mode != CipherMode::ecb && cipher.iv.size() != block_size(cipher.algorithm)) return CipherError::iv_size;
  return CipherError::ok;
}

// A cipher without padding of its own, ready for update().
Context start(const Cipher& cipher, bool encrypting) {
  Context context(EVP_CIPHER_CTX_new());
  if (!context) return nullptr;
  const EVP_CIPHER* type = nullptr;
  Wiped<std::array<char, 24>> three;
  std::string_view key = cipher.key;
  if (cipher.algorithm == Algorithm::aes) {
    type = aes(cipher.mode, key.size());
  } else if (cipher.algorithm == Algorithm::sm4) {
    type = sm4(cipher.mode);
  } else {
    // OpenSSL 3 keeps single DES in a provider that need not be there. Triple DES with K1 = K2 = K3 is the same function,
    // and two keys are three of which the last is the first.
    type = cipher.mode == CipherMode::ecb ? EVP_des_ede3_ecb() : EVP_des_ede3_cbc();
    for (std::size_t i = 0; i < three.value.size(); ++i) three.value[i] = key[i % key.size()];
    key = {three.value.data(), three.value.size()};
  }
  const auto* iv = cipher.mode == CipherMode::ecb ? nullptr : bytes_of(cipher.iv);
  const bool worked = EVP_CipherInit_ex(context.get(), type, nullptr, bytes_of(key), iv, encrypting ? 1 : 0) == 1 &&
                      EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1;
  return worked ? std::move(context) : nullptr;
}

// Whole blocks, or CTR: as many bytes come out. Lengths are int there.
bool update(EVP_CIPHER_CTX* context, std::string_view data, std::span<char> out) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  while (!data.empty()) {
    const std::size_t piece = std::min(data.size(), kMost);
    int written = 0;
    if (EVP_CipherUpdate(context, bytes_of(out), &written, bytes_of(data), static_cast<int>(piece)) != 1) return false;
    if (static_cast<std::size_t>(written) != piece) return false;
    data.remove_prefix(piece);
    out = out.subspan(piece);
  }
  return true;
}

// How many bytes are left without the padding. Nothing: there is none.
std::optional<std::size_t> unpadded(std::string_view data, Padding padding, std::size_t block) {
  switch (padding) {
    case Padding::none:
      return data.size();
    case Padding::zero:
      return data.find_last_not_of('\0') + 1;
    case Padding::pkcs:
      break;
  }
  if (data.empty()) return std::nullopt;
  const auto count = static_cast<unsigned char>(data.back());
  if (count == 0 || count > block || count > data.size()) return std::nullopt;
  const std::string_view tail = data.substr(data.size() - count);
  if (tail.find_first_not_of(data.back()) != std::string_view::npos) return std::nullopt;
  return data.size() - count;
}

}  // namespace

std::optional<CipherMode> cipher_mode_of(std::string_view name) noexcept {
  if (name == "ECB") return CipherMode::ecb;
  if (name == "CBC") return CipherMode::cbc;
  if (name == "CTR") return CipherMode::ctr;
  return std::nullopt;
}

std::optional<Padding> padding_of(std::string_view name) noexcept {
  if (name == "NONE") return Padding::none;
  if (name == "ZERO") return Padding::zero;
  if (name == "PKCS5" || name == "PKCS7") return Padding::pkcs;
  return std::nullopt;
}

CipherResult encrypt(const Cipher& cipher, std::string_view data, std::span<char> out) noexcept {
  const ForgetErrors forget;
  if (const CipherError error = check(cipher); error != CipherError::ok) return {error, 0};
  const std::size_t block = block_size(cipher.algorithm);
  const std::size_t over = data.size() % block;
  if (cipher.padding == Padding::none && cipher.mode != CipherMode::ctr && over != 0) return {CipherError::size, 0};

  const Context context = start(cipher, true);
  if (!context || !update(context.get(), data.substr(0, data.size() - over), out)) return {CipherError::no_memory, 0};
  const std::size_t whole = data.size() - over;
  Wiped<std::array<char, 16>> text;
  std::array<char, 16>& last = text.value;
  std::copy(data.begin() + static_cast<std::ptrdiff_t>(whole), data.end(), last.begin());
  std::size_t last_size = over;
  if (cipher.padding != Padding::none) {
    last_size = block;
    const std::size_t added = block - over;
    if (cipher.padding == Padding::pkcs) std::fill_n(&last[over], added, static_cast<char>(added));
  }
  if (!update(context.get(), {last.data(), last_size}, out.subspan(whole))) return {CipherError::no_memory, 0};
  return {CipherError::ok, whole + last_size};
}

CipherResult decrypt(const Cipher& cipher, std::string_view data, std::span<char> out) noexcept {
  const ForgetErrors forget;
  if (const CipherError error = check(cipher); error != CipherError::ok) return {error, 0};
  const std::size_t block = block_size(cipher.algorithm);
  const bool any_size = cipher.padding == Padding::none && cipher.mode == CipherMode::ctr;
  if (!any_size && data.size() % block != 0) return {CipherError::size, 0};

  const Context context = start(cipher, false);
  if (!context || !update(context.get(), data, out)) return {CipherError::no_memory, 0};
  const auto size = unpadded({out.data(), data.size()}, cipher.padding, block);
  if (!size) return {CipherError::padding, 0};
  return {CipherError::ok, *size};
}

}  // namespace socketcore::codec
