#include "modem/settings.hpp"

#include <algorithm>

#include "modem/text.hpp"

namespace socketcore {
namespace {

bool digits(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most && all_digits(text);
}

// What can stand in an answer, inside quotes or alone, without being taken for something else.
bool plain(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != ','; });
}

bool dotted(std::string_view text) {
  int fields = 0;
  while (true) {
    const auto dot = text.find('.');
    const auto value = number_of(text.substr(0, dot));
    if (!value || *value < 0 || *value > 255) return false;
    ++fields;
    if (dot == std::string_view::npos) return fields == 4;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string check(const ModemSettings& settings) {
  if (!digits(settings.imei, 15, 15)) return "an IMEI has 15 digits";
  if (!digits(settings.imsi, 15, 15)) return "an IMSI has 15 digits";
  if (!digits(settings.iccid, 19, 20)) return "an ICCID has 19 or 20 digits";
  if (!plain(settings.serial)) return "the serial number has to be printable, without quotes, commas and blanks";
  if (!plain(settings.muid)) return "the MUID has to be printable, without quotes, commas and blanks";
  if (!plain(settings.model)) return "the model has to be printable, without quotes, commas and blanks";
  if (!plain(settings.firmware)) return "the firmware's name has to be printable, without quotes, commas and blanks";
  if (!plain(settings.apn)) return "the APN has to be printable, without quotes, commas and blanks";
  if (!is_plmn(settings.plmn)) return "an operator is named by 5 or 6 digits";
  if (!is_number(settings.own_number)) return "the modem's own number is no telephone number";
  if (!is_number(settings.service_centre)) return "the service centre is no telephone number";
  if (!dotted(settings.address)) return "the link's address has to be a dotted IPv4 address";
  if (settings.rssi != 99 && (settings.rssi < 0 || settings.rssi > 31)) return "a signal is 0 to 31, or 99 for none";
  if (!(settings.temperature > -100 && settings.temperature < 200)) return "the temperature is out of range";
  if (settings.zone_quarters < -48 || settings.zone_quarters > 56)
    return "a time zone is -48 to 56 quarters of an hour";
  if (!digits(settings.pin, 4, 8)) return "a PIN has 4 to 8 digits";
  if (!digits(settings.puk, 8, 8)) return "a PUK has 8 digits";
  if (settings.attach_delay < Duration{0}) return "the attach delay is negative";
  return {};
}

std::optional<Sim> sim_of(std::string_view word) noexcept {
  if (word == "ready") return Sim::ready;
  if (word == "absent") return Sim::absent;
  if (word == "pin") return Sim::pin;
  return std::nullopt;
}

std::optional<Registration> registration_of(std::string_view word) noexcept {
  if (word == "home") return Registration::home;
  if (word == "roaming") return Registration::roaming;
  if (word == "denied") return Registration::denied;
  if (word == "searching") return Registration::searching;
  return std::nullopt;
}

std::optional<ModemTiming> timing_of(std::string_view word) noexcept {
  if (word == "instant") return ModemTiming::instant;
  if (word == "real") return ModemTiming::real;
  return std::nullopt;
}

char luhn_digit(std::string_view digits) noexcept {
  int sum = 0;
  bool twice = true;  // counted from the right, the digit before the check digit is doubled
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
    const int value = (*digit - '0') * (twice ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

bool is_number(std::string_view text) noexcept {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  return !text.empty() && text.size() <= 20 && text.find_first_not_of("0123456789*#") == std::string_view::npos;
}

bool is_plmn(std::string_view text) noexcept {
  return digits(text, 5, 6);
}

}  // namespace socketcore
