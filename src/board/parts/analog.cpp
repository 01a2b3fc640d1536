#include "board/parts/analog.hpp"

#include <algorithm>

namespace socketcore {

void Adc::open(std::int32_t channel, std::size_t scale) noexcept {
  Channel& it = channels_[static_cast<std::size_t>(channel)];
  it.open = true;
  it.full = kScales[scale];
  site_.trace(TraceLine("adc").number(channel).word("open").number(it.full).view());
}

void Adc::close(std::int32_t channel) noexcept {
  channels_[static_cast<std::size_t>(channel)].open = false;
  site_.trace(TraceLine("adc").number(channel).word("close").view());
}

std::optional<Adc::Value> Adc::read(std::int32_t channel) const noexcept {
  const Channel& it = channels_[static_cast<std::size_t>(channel)];
  if (!it.open) return std::nullopt;
  const std::int32_t millivolt = std::min(it.millivolt, it.full);
  return Value{millivolt * kMaxRaw / it.full, millivolt};
}

std::string Adc::control(ControlLine& line) {
  const auto channel = line.number("the channel", 0, kChannels - 1);
  const auto millivolt = line.number("the voltage in mV", 0, 100000);
  if (line.complete()) channels_[static_cast<std::size_t>(channel)].millivolt = millivolt;
  return line.error();
}

void Pwm::open(std::int32_t channel) noexcept {
  open_[static_cast<std::size_t>(channel)] = true;
  site_.trace(TraceLine("pwm").number(channel).word("open").view());
}

void Pwm::close(std::int32_t channel) noexcept {
  open_[static_cast<std::size_t>(channel)] = false;
  site_.trace(TraceLine("pwm").number(channel).word("close").view());
}

bool Pwm::set(std::int32_t channel, std::int32_t a, std::int32_t b, std::optional<std::int32_t> divider) noexcept {
  if (!open_[static_cast<std::size_t>(channel)]) return false;
  TraceLine line("pwm");
  line.number(channel).number(a).number(b);
  if (divider) line.number(*divider);
  site_.trace(line.view());
  return true;
}

}  // namespace socketcore
