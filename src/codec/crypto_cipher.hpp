#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace socketcore::codec {

/// Keys have 16, 24 or 32 bytes (aes), 8, 16 or 24 (des: single, or triple with two or three keys), 16 (sm4).
enum class Algorithm { aes, des, sm4 };
enum class CipherMode { ecb, cbc, ctr };
/// zero: as many zeros as fill the last block, a whole block where it is full. pkcs: PKCS#7 (of which PKCS#5 is a case).
enum class Padding { none, zero, pkcs };

[[nodiscard]] std::optional<CipherMode> cipher_mode_of(std::string_view name) noexcept;  ///< "ECB" "CBC" "CTR"
[[nodiscard]] std::optional<Padding> padding_of(std::string_view name) noexcept;         ///< "NONE" "ZERO" "PKCS5" "PKCS7"

struct Cipher {
  Algorithm algorithm = Algorithm::aes;
  CipherMode mode = CipherMode::ecb;
  Padding padding = Padding::none;
  std::string_view key;
  std::string_view iv;  ///< of one block; ECB does not look at it
};

enum class CipherError {
  ok,
  mode,  ///< DES has no CTR here
  size,  ///< not whole blocks, though the mode or the padding needs them
  key_size,
  iv_size,
  padding,  ///< after decryption no such padding is there: a wrong key, or not what was encrypted
  no_memory,
};
struct CipherResult {
  CipherError error = CipherError::ok;
  std::size_t size = 0;  ///< how many bytes of `out` are the answer
};

/// Room that `out` must have for `bytes` of input, in both directions.
[[nodiscard]] constexpr std::size_t cipher_room(std::size_t bytes) noexcept {
  return bytes + 16;
}
[[nodiscard]] CipherResult encrypt(const Cipher& cipher, std::string_view data, std::span<char> out) noexcept;
[[nodiscard]] CipherResult decrypt(const Cipher& cipher, std::string_view data, std::span<char> out) noexcept;

}  // namespace socketcore::codec
