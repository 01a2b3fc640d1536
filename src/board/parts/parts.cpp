#include "board/parts/parts.hpp"

#include <algorithm>
#include <array>

namespace socketcore {

namespace {

constexpr std::array<std::string_view, 8> kWords = {"pin", "adc", "i2c", "spi", "key", "battery", "charger", "sleeps"};

bool printable(std::string_view line) noexcept {
  return std::none_of(line.begin(), line.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace

Parts::Parts(PartsSite& site, PowerOnReason reason) noexcept
    : pins(site),
      adc(site),
      pwm(site),
      i2c(site),
      spi(site),
      power(site),
      keypad(site),
      audio(site),
      alarm(site),
      site_(site),
      reason_(reason) {}

bool Parts::knows(std::string_view word) noexcept {
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::string Parts::control(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > kMaxLineBytes) return "the line has more than 65536 bytes";
  if (!printable(text)) return "the line holds a control character";
  ControlLine line(text);
  const std::string_view word = line.word();
  if (word.empty() || word.starts_with('#')) return {};
  if (!knows(word)) {
    std::string cause(word.substr(0, 40));
    cause += ": no such part; there are";
    for (const std::string_view known : kWords) (cause += ' ') += known;
    return cause;
  }
  std::string cause = obey(word, line);
  return cause.empty() ? cause : std::string(word) + ": " + cause;
}

std::string Parts::obey(std::string_view word, ControlLine& line) {
  if (word == "pin") return pins.control(line);
  if (word == "adc") return adc.control(line);
  if (word == "i2c") return i2c.control(line);
  if (word == "spi") return spi.control(line);
  if (word == "key") return keypad.control(line);
  if (word == "battery") return power.control_battery(line);
  if (word == "charger") return power.control_charger(line);
  return power.control_sleeps(line);
}

void Parts::on_timer(PartTimer timer) noexcept {
  switch (timer) {
    case PartTimer::debounce:
      pins.on_timer();
      break;
    case PartTimer::audio:
      audio.on_play_timer();
      break;
    case PartTimer::record:
      audio.on_record_timer();
      break;
    case PartTimer::alarm:
      alarm.on_timer();
      break;
  }
}

}  // namespace socketcore
