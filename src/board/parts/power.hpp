#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "board/parts/line.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// Battery, charger, regulators and sleep. A battery of 3800 mV and no charger until a control line says otherwise.
class Power {
 public:
  /// The regulators, by the numbers that scripts have for them, from 0 on.
  static constexpr std::array<std::string_view, 14> kRegulators = {
      "VLCD",         "VMMC",         "VSIM1",        "VCAMA",    "VCAMD",   "VIBR", "VBACKLIGHT_R",
      "VBACKLIGHT_G", "VBACKLIGHT_B", "VBACKLIGHT_W", "HMICBIAS", "FLASHIB", "VASW", "KEYPAD"};
  static constexpr std::int32_t kMaxLevel = 15;

  explicit Power(PartsSite& site) noexcept : site_(site) {}

  /// From now on the script gets a message for each change of what battery() says.
  void start() noexcept { started_ = true; }
  [[nodiscard]] const PowerEvent& battery() const noexcept { return now_; }
  [[nodiscard]] std::int32_t charge_milliampere() const noexcept;
  /// 0: off. Changes are traced.
  void set_regulator(std::size_t regulator, std::int32_t level) noexcept;
  /// Scripts call it around every write to a port, so it is counted, and not traced.
  void sleep(bool on) noexcept;
  [[nodiscard]] bool asleep() const noexcept { return asleep_; }

  /// `MILLIVOLT [PERCENT]` or `none`. Without PERCENT it is that of the device: 3400 mV is 0, 4200 mV is 100.
  [[nodiscard]] std::string control_battery(ControlLine& line);
  /// `on [MILLIAMPERE]` or `off`
  [[nodiscard]] std::string control_charger(ControlLine& line);
  /// Nothing more: traces `sleeps N on|off`, how often the script went to sleep so far and whether it sleeps.
  [[nodiscard]] std::string control_sleeps(ControlLine& line);

 private:
  void change(PowerEvent to) noexcept;

  PartsSite& site_;
  PowerEvent now_;
  bool started_ = false;
  bool asleep_ = false;
  std::uint64_t sleeps_ = 0;
  std::int32_t milliampere_ = 0;
  std::array<std::int32_t, kRegulators.size()> levels_{};
};

}  // namespace socketcore
