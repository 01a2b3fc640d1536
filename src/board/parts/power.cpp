#include "board/parts/power.hpp"

#include <algorithm>

namespace socketcore {

std::int32_t Power::charge_milliampere() const noexcept {
  return now_.state == ChargeState::charging ? milliampere_ : 0;
}

void Power::set_regulator(std::size_t regulator, std::int32_t level) noexcept {
  if (levels_[regulator] == level) return;
  levels_[regulator] = level;
  site_.trace(TraceLine("ldo").word(kRegulators[regulator]).number(level).view());
}

void Power::sleep(bool on) noexcept {
  if (on && !asleep_) ++sleeps_;
  asleep_ = on;
}

std::string Power::control_battery(ControlLine& line) {
  PowerEvent to = now_;
  ControlLine rest = line;
  if (rest.word() == "none") {
    line = rest;
    to.present = false;
    to.millivolt = 0;
    to.percent = 0;
  } else {
    to.present = true;
    to.millivolt = line.number("the voltage in mV", 0, 20000);
    to.percent = static_cast<std::uint8_t>(std::clamp((to.millivolt - 3400) * 100 / 800, 0, 100));
    if (!line.at_end()) to.percent = static_cast<std::uint8_t>(line.number("the charge in percent", 0, 100));
  }
  if (line.complete()) change(to);
  return line.error();
}

std::string Power::control_charger(ControlLine& line) {
  PowerEvent to = now_;
  to.charger = line.choice("the charger", {"off", "on"}) == 1;
  std::int32_t milliampere = to.charger ? 500 : 0;
  if (to.charger && !line.at_end()) milliampere = line.number("the current in mA", 0, 10000);
  if (!line.complete()) return line.error();
  milliampere_ = milliampere;
  change(to);
  return {};
}

std::string Power::control_sleeps(ControlLine& line) {
  if (line.complete()) {
    site_.trace(TraceLine("sleeps").number(static_cast<std::int64_t>(sleeps_)).word(asleep_ ? "on" : "off").view());
  }
  return line.error();
}

void Power::change(PowerEvent to) noexcept {
  to.state = !to.charger || !to.present ? ChargeState::none : to.percent < 100 ? ChargeState::charging : ChargeState::full;
  if (to == now_) return;
  now_ = to;
  if (!started_) return;
  const EventValues values = pack(now_);
  site_.post(EventKind::power, values.a, values.b);
}

}  // namespace socketcore
