#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace socketcore::codec {

[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t bytes) noexcept {
  return (bytes + 2) / 3 * 4;
}
/// With padding, without line breaks. `out` has room for base64_encoded_size().
void base64_encode(std::string_view data, std::span<char> out) noexcept;

[[nodiscard]] constexpr std::size_t base64_decoded_limit(std::size_t characters) noexcept {
  return characters / 4 * 3 + 3;
}
/// White space is skipped and padding may be missing. Answers how many bytes it wrote to `out`, which has room for
/// base64_decoded_limit(); nothing where `text` is not Base64.
[[nodiscard]] std::optional<std::size_t> base64_decode(std::string_view text, std::span<char> out) noexcept;

}  // namespace socketcore::codec
