#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "codec/crypto_digest.hpp"

struct evp_pkey_st;  // OpenSSL's

namespace socketcore::codec {

/// A half of an RSA key. Encryption and decryption pad as PKCS#1 v1.5 does: type 2 for the public half, type 1 (that of
/// signatures) for the private one. Nothing here prompts, and no secret stays in an error.
class RsaKey {
 public:
  enum class Half { public_half, private_half };
  enum class Error { ok, not_a_key, password, no_memory };

  /// A PEM text: PKCS#1, PKCS#8, or SubjectPublicKeyInfo. A private key, where a public one is asked for, gives its public
  /// half.
  [[nodiscard]] Error read(std::string_view pem, Half half, std::string_view password) noexcept;
  /// The others want read() to have answered ok, and with a private half where they say so.
  [[nodiscard]] std::size_t bits() const noexcept;
  /// How many bytes a result has at most: `out` needs that much room.
  [[nodiscard]] std::size_t size() const noexcept;

  /// By the half that is named, which must be there. Nothing: the text is too long for the key (11 bytes less than
  /// size()), or, decrypting, it was not made by the other half. The answer is the number of bytes in `out`.
  [[nodiscard]] std::optional<std::size_t> encrypt(Half half, std::string_view text, std::span<char> out) const noexcept;
  [[nodiscard]] std::optional<std::size_t> decrypt(Half half, std::string_view data, std::span<char> out) const noexcept;

  /// PKCS#1 v1.5 signatures, with sha1 or sha256. sign() needs the private half.
  [[nodiscard]] std::optional<std::size_t> sign(Hash hash, std::string_view text, std::span<char> out) const noexcept;
  [[nodiscard]] bool verify(Hash hash, std::string_view text, std::string_view signature) const noexcept;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace socketcore::codec
