#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

/// XXTEA ("Corrected Block TEA") over a whole text, in the layout that its usual libraries share: little-endian words, the
/// text's length as the last of them, a key cut or filled with zeros to 16 bytes.
namespace socketcore::codec {

/// Of an empty text too: 0.
[[nodiscard]] constexpr std::size_t xxtea_encrypted_size(std::size_t bytes) noexcept {
  return bytes == 0 ? 0 : bytes + (4 - bytes % 4) % 4 + 4;
}
/// `out` has xxtea_encrypted_size() bytes; so long a text is refused (false) that its length does not fit a word.
[[nodiscard]] bool xxtea_encrypt(std::string_view text, std::string_view key, std::span<char> out) noexcept;
/// `out` has the size of `data`. Answers how many bytes of it are the text; nothing where data or key are wrong.
[[nodiscard]] std::optional<std::size_t> xxtea_decrypt(std::string_view data, std::string_view key,
                                                       std::span<char> out) noexcept;

}  // namespace socketcore::codec
