#include "modem/machine.hpp"

#include <utility>

#include "modem/text.hpp"

namespace socketcore {

using namespace std::chrono_literals;

Pace Pace::of(ModemTiming timing) noexcept {
  if (timing == ModemTiming::instant) return {};
  return {1500ms, 500ms, 2500ms, 1s, 4s, 3s, 30s};
}

Machine::Machine(const ModemSettings& with, ModemSite& around)
    : settings(with),
      site(around),
      pace(Pace::of(with.timing)),
      radio(*this),
      sms(*this),
      calls(*this),
      zone_quarters(with.zone_quarters) {}

void Machine::after_answer(std::function<void()> effect) {
  if (output.in_command()) {
    effects_.push_back(std::move(effect));
  } else {
    effect();
  }
}

void Machine::run_effects() {
  while (!effects_.empty()) {
    for (const auto& effect : std::exchange(effects_, {})) effect();
  }
}

void Machine::later(Topic topic, Duration delay, Agenda::Action action) {
  agenda.cancel(topic);
  if (delay <= Duration{0}) {
    action();
  } else {
    agenda.set(topic, socketcore::later(site.now(), delay), std::move(action));
  }
}

void Machine::note_dropped() noexcept {
  const std::size_t dropped = output.take_dropped();
  if (dropped == 0) return;
  try {
    log(LogLevel::warning, join("modem: the script does not read its AT port; unread URCs dropped: ", dropped));
  } catch (...) {
    // Not worth more than memory.
  }
}

}  // namespace socketcore
