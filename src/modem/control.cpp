#include "modem/control.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "modem/machine.hpp"
#include "modem/text.hpp"

namespace socketcore {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// Takes the first word off the front.
std::string_view take_word(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = trimmed(text.substr(word.size()));
  return word;
}

std::string sms(Machine& machine, std::string_view rest) {
  const std::string_view number = take_word(rest);
  return machine.sms.arrive(number, rest);
}

std::string call(Machine& machine, std::string_view rest) {
  return machine.calls.arrive(rest);
}

std::string hangup(Machine& machine, std::string_view rest) {
  return rest.empty() ? machine.calls.remote_hang_up() : "hangup stands alone";
}

template <Calls::Callee callee>
std::string callee_does(Machine& machine, std::string_view rest) {
  if (!rest.empty()) return "busy, noanswer and answer stand alone";
  machine.calls.set_callee(callee);
  return {};
}

std::string link(Machine& machine, std::string_view rest) {
  if (rest != "up" && rest != "down") return "link goes up or down";
  machine.radio.set_link(rest == "up");
  return {};
}

std::string sim(Machine& machine, std::string_view rest) {
  if (rest == "remove") {
    machine.radio.remove_sim();
  } else if (rest == "insert") {
    machine.radio.insert_sim();
  } else {
    return "a sim is for insert or remove";
  }
  return {};
}

std::string rssi(Machine& machine, std::string_view rest) {
  const auto level = number_of(rest);
  if (!level || ((*level < 0 || *level > 31) && *level != 99)) return "rssi is 0 to 31, or 99 for none";
  machine.settings.rssi = *level;
  return {};
}

std::string registration(Machine& machine, std::string_view rest) {
  const auto chosen = registration_of(rest);
  if (!chosen) return "registration is home, roaming, denied or searching";
  machine.settings.registration = *chosen;
  machine.radio.registration_changed();
  return {};
}

std::string network_operator(Machine& machine, std::string_view rest) {
  if (!is_plmn(rest)) return "an operator is named by 5 or 6 digits";
  machine.settings.plmn = rest;
  return {};
}

std::string temperature(Machine& machine, std::string_view rest) {
  double degrees = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), degrees);
  const bool good = error == std::errc{} && end == rest.data() + rest.size() && degrees > -100 && degrees < 200;
  if (!good) return "a temperature is a number of degrees Celsius";
  machine.settings.temperature = degrees;
  return {};
}

std::string urc(Machine& machine, std::string_view rest) {
  const bool good = !rest.empty() && rest.size() <= 1024 &&
                    std::none_of(rest.begin(), rest.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (!good) return "a URC has 1 to 1024 characters, none of them a control character";
  machine.urc(rest);
  return {};
}

struct Control {
  std::string_view word;
  std::string (*obey)(Machine& machine, std::string_view rest);
};

constexpr std::array<Control, 13> kControls = {{
    {"sms", sms},
    {"call", call},
    {"hangup", hangup},
    {"busy", callee_does<Calls::Callee::busy>},
    {"noanswer", callee_does<Calls::Callee::silent>},
    {"answer", callee_does<Calls::Callee::answers>},
    {"link", link},
    {"sim", sim},
    {"rssi", rssi},
    {"registration", registration},
    {"operator", network_operator},
    {"temperature", temperature},
    {"urc", urc},
}};

const Control* find(std::string_view word) noexcept {
  const auto* const found =
      std::find_if(kControls.begin(), kControls.end(), [word](const Control& control) { return control.word == word; });
  return found != kControls.end() ? found : nullptr;
}

}  // namespace

std::string obey(Machine& machine, std::string_view line) {
  std::string_view rest = trimmed(line);
  const std::string_view word = take_word(rest);
  const Control* control = find(word);
  if (control == nullptr) return join("the modem does not know \"", word.substr(0, 40), '"');
  return control->obey(machine, rest);
}

bool is_control(std::string_view word) noexcept {
  return find(word) != nullptr;
}

}  // namespace socketcore
