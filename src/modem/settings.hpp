#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "socketcore/os.hpp"

namespace socketcore {

enum class Sim : std::uint8_t { ready, absent, pin };
enum class Registration : std::uint8_t { home, roaming, denied, searching };
/// `instant` answers at once; `real` takes about the time of the device, for its start and for each command.
enum class ModemTiming : std::uint8_t { instant, real };

/// What a virtual modem says of itself and of its network. The defaults are valid and the same in each run: scripts use
/// these texts as client ids.
struct ModemSettings {
  std::string imei = "864889040000011";        ///< 15 digits, the last one by Luhn
  std::string imsi = "460000000000001";        ///< 15 digits; scripts choose the APN by the first 5
  std::string iccid = "89860000000000000001";  ///< 19 or 20 digits
  std::string serial = "AIR724UG0000000001";   ///< AT+WISN?
  std::string muid = "20200101000000A0000001A000000001";
  std::string model = "Air724UG";
  std::string firmware = "Luat_V3028_RDA8910_FLOAT";  ///< letters, digits and '_'
  std::string plmn = "46000";                         ///< operator, 5 or 6 digits
  std::string own_number = "13800000000";
  std::string service_centre = "+8613800100500";
  std::string apn = "CMIOT";
  std::string address = "10.0.0.2";  ///< of the data link, dotted
  int rssi = 28;                     ///< as AT+CSQ counts: 0..31, 99 for none
  double temperature = 29.77;        ///< of the radio, degrees Celsius
  int zone_quarters = 32;            ///< quarters of an hour east of UTC
  Sim sim = Sim::ready;
  std::string pin = "1234";  ///< what unlocks Sim::pin
  std::string puk = "12345678";
  Registration registration = Registration::home;
  bool flight_mode = false;  ///< start with the radio off
  Duration attach_delay{0};  ///< how much longer than usual the network lets itself be waited for
  ModemTiming timing = ModemTiming::instant;
};

/// Words for people about the first value that cannot be used; empty if all can.
[[nodiscard]] std::string check(const ModemSettings& settings);

/// The values that an option or a control line names; nothing for another word.
[[nodiscard]] std::optional<Sim> sim_of(std::string_view word) noexcept;
[[nodiscard]] std::optional<Registration> registration_of(std::string_view word) noexcept;
[[nodiscard]] std::optional<ModemTiming> timing_of(std::string_view word) noexcept;

/// The check digit that follows `digits` (Luhn): the 15th of an IMEI after its first 14.
[[nodiscard]] char luhn_digit(std::string_view digits) noexcept;

/// An optional '+', then 1 to 20 of the characters that can be dialled: digits, '*', '#'.
[[nodiscard]] bool is_number(std::string_view text) noexcept;
/// 5 or 6 digits.
[[nodiscard]] bool is_plmn(std::string_view text) noexcept;

}  // namespace socketcore
