#include "codec/crc.hpp"

#include <array>
#include <limits>

namespace socketcore::codec {

namespace {

template <typename Word>
constexpr Word reflected(Word word) {
  Word result = 0;
  for (int bit = 0; bit < std::numeric_limits<Word>::digits; ++bit) {
    result = static_cast<Word>(result << 1 | (word & 1));
    word = static_cast<Word>(word >> 1);
  }
  return result;
}

// One step of a CRC that takes the highest bit first, or, reflected, the lowest.
template <typename Word>
constexpr Word step(Word crc, Word polynomial, bool reflect) {
  constexpr Word kHighest = static_cast<Word>(Word{1} << (std::numeric_limits<Word>::digits - 1));
  for (int bit = 0; bit < 8; ++bit) {
    const bool carry = (crc & (reflect ? Word{1} : kHighest)) != 0;
    crc = static_cast<Word>(reflect ? crc >> 1 : crc << 1);
    if (carry) crc = static_cast<Word>(crc ^ polynomial);
  }
  return crc;
}

constexpr std::uint32_t kEthernet = 0xEDB88320;  // 0x04C11DB7 reflected

constexpr std::array<std::uint32_t, 256> kCrc32Table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) table[byte] = step(byte, kEthernet, true);
  return table;
}();

struct Named {
  std::string_view name;
  Crc16 crc;
};
constexpr Named kNamed[] = {
    {"MODBUS", {0x8005, 0xFFFF, 0x0000, true, true}},        {"IBM", {0x8005, 0x0000, 0x0000, true, true}},
    {"X25", {0x1021, 0xFFFF, 0xFFFF, true, true}},           {"MAXIM", {0x8005, 0x0000, 0xFFFF, true, true}},
    {"USB", {0x8005, 0xFFFF, 0xFFFF, true, true}},           {"CCITT", {0x1021, 0x0000, 0x0000, true, true}},
    {"CCITT-FALSE", {0x1021, 0xFFFF, 0x0000, false, false}}, {"XMODEM", {0x1021, 0x0000, 0x0000, false, false}},
    {"DNP", {0x3D65, 0x0000, 0xFFFF, true, true}},
};

}  // namespace

std::optional<Crc16> crc16_of(std::string_view name) noexcept {
  for (const Named& named : kNamed) {
    if (named.name == name) return named.crc;
  }
  return std::nullopt;
}

std::uint16_t crc16(const Crc16& kind, std::string_view data) noexcept {
  const bool reflect = kind.reflect_in;
  const std::uint16_t polynomial = reflect ? reflected(kind.polynomial) : kind.polynomial;
  std::uint16_t crc = reflect ? reflected(kind.initial) : kind.initial;
  for (const char c : data) {
    const auto byte = static_cast<std::uint8_t>(c);
    crc = step(static_cast<std::uint16_t>(crc ^ (reflect ? byte : byte << 8)), polynomial, reflect);
  }
  if (reflect != kind.reflect_out) crc = reflected(crc);
  return static_cast<std::uint16_t>(crc ^ kind.final_xor);
}

std::uint32_t crc32(std::string_view data) noexcept {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : data) crc = crc >> 8 ^ kCrc32Table[(crc ^ static_cast<std::uint8_t>(c)) & 0xFF];
  return ~crc;
}

std::uint8_t crc8(std::string_view data) noexcept {
  std::uint8_t crc = 0;
  for (const char c : data)
    crc = step(static_cast<std::uint8_t>(crc ^ static_cast<std::uint8_t>(c)), std::uint8_t{7}, false);
  return crc;
}

}  // namespace socketcore::codec
