#include "board/parts/pins.hpp"

#include <algorithm>
#include <string_view>

namespace socketcore {

namespace {

constexpr std::array<std::string_view, 3> kPullNames = {"none", "up", "down"};

TraceLine pin_line(std::int32_t pin) noexcept {
  return TraceLine("pin").number(pin);
}

}  // namespace

void Pins::open_input(std::int32_t pin, bool interrupt) noexcept {
  Pin& it = at(pin);
  it.direction = interrupt ? PinDirection::interrupt : PinDirection::input;
  forget_edge(it);
  site_.trace(pin_line(pin).word(interrupt ? "int" : "input").view());
}

void Pins::open_output(std::int32_t pin, bool level) noexcept {
  Pin& it = at(pin);
  it.direction = PinDirection::output;
  it.latch = level;
  forget_edge(it);
  site_.trace(pin_line(pin).word("output").view());
  site_.trace(pin_line(pin).number(level).view());
}

void Pins::close(std::int32_t pin) noexcept {
  Pin& it = at(pin);
  it.direction = PinDirection::closed;
  it.pull = PinPull::none;
  it.latch = false;
  forget_edge(it);
  site_.trace(pin_line(pin).word("close").view());
}

void Pins::set_pull(std::int32_t pin, PinPull pull) noexcept {
  Pin& it = at(pin);
  it.pull = pull;
  // The script moved this level itself: no edge came from outside.
  if (!it.driven) forget_edge(it);
  site_.trace(pin_line(pin).word("pull").word(kPullNames[static_cast<std::size_t>(pull)]).view());
}

void Pins::set(std::int32_t pin, bool level) noexcept {
  Pin& it = at(pin);
  if (it.direction != PinDirection::output || it.latch == level) return;
  it.latch = level;
  site_.trace(pin_line(pin).number(level).view());
}

bool Pins::level(std::int32_t pin) const noexcept {
  const Pin& it = at(pin);
  return it.direction == PinDirection::output ? it.latch : input_level(it);
}

void Pins::pulses(std::int32_t pin, std::int32_t high_us, std::int32_t low_us, std::int32_t count, bool idle) noexcept {
  if (at(pin).direction != PinDirection::output) open_output(pin, idle);
  at(pin).latch = idle;
  site_.trace(pin_line(pin).word("plus").number(high_us).number(low_us).number(count).number(idle).view());
}

void Pins::wave(std::int32_t pin, std::int32_t high_us, std::int32_t low_us, std::int32_t count) noexcept {
  site_.trace(pin_line(pin).word("pwm").number(high_us).number(low_us).number(count).view());
}

std::string Pins::control(ControlLine& line) {
  const auto pin = line.number("the pin", 0, kPins - 1);
  const auto level = line.number("the level", 0, 1);
  if (line.complete()) drive(pin, level != 0);
  return line.error();
}

void Pins::on_timer() noexcept {
  const Instant now = site_.now();
  for (std::int32_t pin = 0; pin < kPins; ++pin) {
    if (at(pin).settling && at(pin).settles <= now) report(pin);
  }
  arm();
}

bool Pins::input_level(const Pin& pin) noexcept {
  return pin.driven ? pin.outside : pin.pull == PinPull::up;
}

void Pins::drive(std::int32_t pin, bool level) noexcept {
  Pin& it = at(pin);
  const bool before = input_level(it);
  it.driven = true;
  it.outside = level;
  if (it.direction != PinDirection::interrupt || before == level) return;
  if (debounce_ == Duration::zero()) {
    report(pin);
    return;
  }
  it.settling = level != it.reported;
  it.settles = later(site_.now(), debounce_);
  arm();
}

void Pins::report(std::int32_t pin) noexcept {
  Pin& it = at(pin);
  it.settling = false;
  it.reported = it.outside;
  site_.post(EventKind::pin_edge, pin, it.outside ? 1 : 0);
}

void Pins::forget_edge(Pin& pin) noexcept {
  pin.reported = input_level(pin);
  pin.settling = false;
}

void Pins::arm() noexcept {
  const Pin* first = nullptr;
  for (const Pin& pin : pins_) {
    if (pin.settling && (first == nullptr || pin.settles < first->settles)) first = &pin;
  }
  if (first == nullptr) {
    site_.disarm(PartTimer::debounce);
  } else {
    site_.arm(PartTimer::debounce, std::max(first->settles - site_.now(), Duration::zero()));
  }
}

}  // namespace socketcore
