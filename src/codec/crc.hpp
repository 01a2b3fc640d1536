#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace socketcore::codec {

/// A CRC of 16 bits, by the parameters of the usual catalogues.
struct Crc16 {
  std::uint16_t polynomial = 0;
  std::uint16_t initial = 0;
  std::uint16_t final_xor = 0;
  bool reflect_in = false;
  bool reflect_out = false;
};

/// The CRC that scripts call MODBUS, IBM, X25, MAXIM, USB, CCITT, CCITT-FALSE, XMODEM or DNP. Nothing: another name.
[[nodiscard]] std::optional<Crc16> crc16_of(std::string_view name) noexcept;
[[nodiscard]] std::uint16_t crc16(const Crc16& kind, std::string_view data) noexcept;

/// The CRC of Ethernet and zip.
[[nodiscard]] std::uint32_t crc32(std::string_view data) noexcept;
/// Polynomial 0x07, from 0, not reflected.
[[nodiscard]] std::uint8_t crc8(std::string_view data) noexcept;

}  // namespace socketcore::codec
