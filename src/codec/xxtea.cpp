#include "codec/xxtea.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/wiped.hpp"

namespace socketcore::codec {

namespace {

constexpr std::uint32_t kDelta = 0x9E3779B9;

using Key = std::array<std::uint32_t, 4>;

std::uint32_t load(const char* bytes) {
  std::uint32_t word = 0;
  for (int i = 3; i >= 0; --i) word = word << 8 | static_cast<std::uint8_t>(bytes[i]);
  return word;
}

void store(char* bytes, std::uint32_t word) {
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(word >> (8 * i));
}

void read_key(std::string_view text, Key& key) {
  Wiped<std::array<char, 16>> bytes;
  std::copy_n(text.begin(), std::min(text.size(), bytes.value.size()), bytes.value.begin());
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = load(&bytes.value[4 * i]);
}

std::uint32_t mix(std::uint32_t left, std::uint32_t right, std::uint32_t sum, std::uint32_t key) {
  return ((left >> 5 ^ right << 2) + (right >> 3 ^ left << 4)) ^ ((sum ^ right) + (key ^ left));
}

std::uint32_t rounds_of(std::size_t words) {
  return static_cast<std::uint32_t>(6 + 52 / words);
}

}  // namespace

bool xxtea_encrypt(std::string_view text, std::string_view key_text, std::span<char> out) noexcept {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) return false;
  if (text.empty()) return true;
  const std::size_t words = out.size() / 4;
  std::fill(std::copy(text.begin(), text.end(), out.begin()), out.end(), '\0');
  const auto at = [out](std::size_t i) { return out.data() + 4 * i; };
  store(at(words - 1), static_cast<std::uint32_t>(text.size()));

  Wiped<Key> secret;
  read_key(key_text, secret.value);
  const Key& key = secret.value;
  std::uint32_t left = load(at(words - 1));
  std::uint32_t sum = 0;
  for (std::uint32_t round = rounds_of(words); round > 0; --round) {
    sum += kDelta;
    const std::uint32_t e = sum >> 2 & 3;
    for (std::size_t i = 0; i < words; ++i) {
      const std::uint32_t right = load(at((i + 1) % words));
      left = load(at(i)) + mix(left, right, sum, key[(i & 3) ^ e]);
      store(at(i), left);
    }
  }
  return true;
}

std::optional<std::size_t> xxtea_decrypt(std::string_view data, std::string_view key_text, std::span<char> out) noexcept {
  if (data.empty()) return 0;
  const std::size_t words = data.size() / 4;
  if (data.size() % 4 != 0 || words < 2) return std::nullopt;
  std::copy(data.begin(), data.end(), out.begin());
  const auto at = [out](std::size_t i) { return out.data() + 4 * i; };

  Wiped<Key> secret;
  read_key(key_text, secret.value);
  const Key& key = secret.value;
  std::uint32_t right = load(at(0));
  std::uint32_t sum = rounds_of(words) * kDelta;
  while (sum != 0) {
    const std::uint32_t e = sum >> 2 & 3;
    for (std::size_t i = words; i-- > 0;) {
      const std::uint32_t left = load(at((i + words - 1) % words));
      right = load(at(i)) - mix(left, right, sum, key[(i & 3) ^ e]);
      store(at(i), right);
    }
    sum -= kDelta;
  }
  const std::size_t size = load(at(words - 1));
  if (xxtea_encrypted_size(size) != data.size()) return std::nullopt;
  return size;
}

}  // namespace socketcore::codec
