#include "modem/radio.hpp"

#include <algorithm>
#include <utility>

#include "modem/machine.hpp"
#include "modem/text.hpp"

namespace socketcore {
namespace {

Radio::SimState state_of(Sim sim) noexcept {
  switch (sim) {
    case Sim::absent:
      return Radio::SimState::absent;
    case Sim::pin:
      return Radio::SimState::pin;
    case Sim::ready:
      break;
  }
  return Radio::SimState::ready;
}

std::string hex(unsigned value, std::size_t width) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(width, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4U) *digit = kDigits[value & 0x0fU];
  return text;
}

bool is_pin(std::string_view text) noexcept {
  return text.size() >= 4 && text.size() <= 8 && all_digits(text);
}

}  // namespace

Radio::Radio(Machine& machine)
    : machine_(machine),
      sim_(state_of(machine.settings.sim)),
      pin_lock_(machine.settings.sim == Sim::pin),
      function_(machine.settings.flight_mode ? 0 : 1) {}

void Radio::power_on(std::function<void()> booted) {
  const auto chosen = machine_.settings.registration;
  const bool open = chosen == Registration::home || chosen == Registration::roaming;
  const bool slow = machine_.pace.attach + machine_.settings.attach_delay > Duration{0};
  if (function_ != 1 || sim_ != SimState::ready || !link_up_ || !open || slow) set_radio(false);
  machine_.later(Topic::boot, machine_.pace.boot, [this, booted = std::move(booted)] {
    booted_ = true;
    machine_.urc("RDY");
    if (function_ == 0) {
      refresh();
    } else {
      start_sim();
    }
    booted();
  });
}

// ---- the SIM

std::string_view Radio::sim_text() const noexcept {
  switch (sim_) {
    case SimState::absent:
      return "NOT INSERTED";
    case SimState::pin:
      return "SIM PIN";
    case SimState::puk:
      return "SIM PUK";
    case SimState::ready:
      break;
  }
  return "READY";
}

Outcome Radio::sim_error() const {
  if (function_ == 0) return Outcome::cme(cme::not_allowed);
  switch (sim_) {
    case SimState::absent:
      return Outcome::cme(cme::sim_not_inserted);
    case SimState::pin:
      return Outcome::cme(cme::sim_pin);
    case SimState::puk:
      return Outcome::cme(cme::sim_puk);
    case SimState::ready:
      break;
  }
  return Outcome::cme(cme::not_allowed);
}

void Radio::wrong_pin() {
  if (--pin_tries_ > 0) return;
  sim_ = SimState::puk;
  machine_.after_answer([this] {
    machine_.urc("+CPIN: SIM PUK");
    refresh();
  });
}

Outcome Radio::enter_pin(std::string_view pin) {
  if (function_ == 0 || sim_ != SimState::pin) return sim_error();
  if (pin != machine_.settings.pin) {
    wrong_pin();
    return Outcome::cme(cme::wrong_password);
  }
  pin_tries_ = 3;
  sim_ = SimState::ready;
  machine_.after_answer([this] { announce_sim(); });
  return Outcome::ok();
}

Outcome Radio::enter_puk(std::string_view puk, std::string_view new_pin) {
  if (function_ == 0 || sim_ != SimState::puk) return sim_error();
  if (!is_pin(new_pin)) return Outcome::error();
  if (puk_tries_ == 0 || puk != machine_.settings.puk) {
    puk_tries_ = std::max(0, puk_tries_ - 1);
    return Outcome::cme(cme::wrong_password);
  }
  machine_.settings.pin = new_pin;
  pin_tries_ = 3;
  puk_tries_ = 10;
  sim_ = SimState::ready;
  machine_.after_answer([this] { announce_sim(); });
  return Outcome::ok();
}

Outcome Radio::set_pin_lock(bool on, std::string_view pin) {
  if (!sim_readable()) return sim_error();
  if (pin != machine_.settings.pin) {
    wrong_pin();
    return Outcome::cme(cme::wrong_password);
  }
  pin_lock_ = on;
  return Outcome::ok();
}

Outcome Radio::change_pin(std::string_view old_pin, std::string_view new_pin) {
  if (!is_pin(new_pin)) return Outcome::error();
  const Outcome outcome = set_pin_lock(pin_lock_, old_pin);
  if (outcome.kind == Outcome::Kind::ok) machine_.settings.pin = new_pin;
  return outcome;
}

void Radio::insert_sim() {
  if (sim_ != SimState::absent) return;
  sim_ = pin_lock_ ? SimState::pin : SimState::ready;
  start_sim();
}

void Radio::remove_sim() {
  if (sim_ == SimState::absent) return;
  sim_ = SimState::absent;
  machine_.agenda.cancel(Topic::sim);
  if (booted_ && function_ != 0) machine_.urc("+CPIN: NOT INSERTED");
  refresh();
}

void Radio::start_sim() {
  if (!booted_ || function_ == 0) return;
  machine_.later(Topic::sim, machine_.pace.sim, [this] { announce_sim(); });
}

void Radio::announce_sim() {
  imsi_read_ = false;
  machine_.urc(join("+CPIN: ", sim_text()));
  if (sim_ == SimState::ready) start_services();
  refresh(machine_.pace.attach_unasked + machine_.settings.attach_delay);
}

void Radio::start_services() {
  if (services_told_) return;
  services_told_ = true;
  machine_.later(Topic::services, machine_.pace.services, [this] {
    machine_.urc("SMS READY");
    machine_.urc("CALL READY");
  });
}

void Radio::imsi_was_read() {
  imsi_read_ = true;
  hasten();
}

void Radio::set_report(Domain domain, int mode) {
  reports_[static_cast<std::size_t>(domain)] = mode;
  machine_.after_answer([this] { hasten(); });
}

void Radio::hasten() {
  if (!imsi_read_ || (report(Domain::circuit) == 0 && report(Domain::packet) == 0)) return;
  const auto planned = machine_.agenda.at(Topic::registration);
  if (!planned) return;
  const Duration delay = machine_.pace.attach + machine_.settings.attach_delay;
  if (later(machine_.site.now(), delay) < *planned) machine_.later(Topic::registration, delay, [this] { enter(); });
}

// ---- the radio

void Radio::set_function(int function) {
  if (function == function_) return;
  const bool sim_starts = function_ == 0;
  function_ = function;
  if (function == 0) {
    machine_.agenda.cancel(Topic::sim);
    wanted_ = true;
    if (sim_ == SimState::ready && pin_lock_) sim_ = SimState::pin;
  }
  if (sim_starts) {
    start_sim();
  } else {
    refresh();
  }
}

// ---- the network

void Radio::set_wanted(bool wanted) {
  wanted_ = wanted;
  refresh();
}

void Radio::set_link(bool up) {
  link_up_ = up;
  refresh();
}

void Radio::refresh() {
  refresh(machine_.pace.attach + machine_.settings.attach_delay);
}

void Radio::refresh(Duration delay) {
  if (!booted_) return;
  const auto chosen = machine_.settings.registration;
  if (function_ != 1 || sim_ != SimState::ready || !wanted_) return drop(Status::idle);
  if (machine_.agenda.at(Topic::sim)) return;  // what the SIM says comes first
  if (!link_up_ || chosen == Registration::searching) return drop(Status::searching);
  if (registered()) {
    if (chosen == Registration::denied) return drop(Status::denied);
    if ((chosen == Registration::home) == (status_ == Status::home)) return;
  }
  if (status_ == Status::denied && chosen == Registration::denied) return;
  if (!registered()) status_ = Status::searching;
  machine_.later(Topic::registration, delay, [this] { enter(); });
}

void Radio::enter() {
  if (machine_.settings.registration == Registration::denied) return drop(Status::denied);
  status_ = machine_.settings.registration == Registration::roaming ? Status::roaming : Status::home;
  context_ = true;
  set_radio(true);
  // Some releases of the script's library learn the technology from ^MODE alone, so it comes before the registration.
  machine_.urc("^MODE: 17,17");
  tell_status();
  machine_.urc(join("+NITZ: ", to_text(machine_.time()), ",0"));
  machine_.sms.deliver();
}

void Radio::drop(Status status) {
  machine_.agenda.cancel(Topic::registration);
  set_radio(false);
  if (status == status_) return;
  const bool was_registered = registered();
  const bool had_context = std::exchange(context_, false);
  const bool tell = was_registered || status_ == Status::denied || status == Status::denied;
  status_ = status;
  if (tell) tell_status();
  machine_.calls.lose();
  if (had_context) machine_.site.link_lost();
}

void Radio::tell_status() {
  constexpr std::array<std::string_view, 3> kNames = {"+CREG: ", "+CGREG: ", "+CEREG: "};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (reports_[i] > 0) machine_.urc(join(kNames[i], status_text(reports_[i])));
  }
}

std::string Radio::status_text(int mode) const {
  std::string text = std::to_string(static_cast<int>(status_));
  if (mode >= 2 && registered()) {
    text += join(',', quoted(hex(Cell::area, 4)), ',', quoted(hex(Cell::id, 8)), ',', Cell::technology);
  }
  return text;
}

int Radio::rssi() const noexcept {
  const bool hears = function_ == 1 && link_up_ && machine_.settings.registration != Registration::searching;
  return hears ? machine_.settings.rssi : 99;
}

int Radio::rsrp() const noexcept {
  // The power of a whole carrier of 20 MHz is about 32 dB above that of one reference signal in it.
  const int level = rssi();
  return level == 99 ? 255 : std::clamp(2 * level - 5, 0, 97);
}

void Radio::set_radio(bool up) {
  if (std::exchange(radio_up_, up) != up) machine_.site.set_radio(up);
}

// ---- the data link

void Radio::set_context(bool active) {
  if (active == context_ || (active && !registered())) return;
  context_ = active;
  set_radio(active);
  if (!active) machine_.site.link_lost();
}

}  // namespace socketcore
