#include "modem/modem.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include "modem/control.hpp"
#include "modem/interpreter.hpp"
#include "modem/machine.hpp"

namespace socketcore {

struct Modem::Parts {
  Parts(const ModemSettings& settings, ModemSite& site) : machine(settings, site), interpreter(machine) {}

  Machine machine;
  Interpreter interpreter;
  bool powered = false;
  std::optional<Instant> armed;
};

Modem::Modem(const ModemSettings& settings, ModemSite& site) : parts_(std::make_unique<Parts>(settings, site)) {
  assert(check(settings).empty());
}

Modem::~Modem() = default;

/// After whatever was done, or failed: executes what may be executed now, and has the site's timer follow the agenda.
template <typename Does>
auto Modem::doing(Does does) {
  struct Follow {
    Parts& parts;
    ~Follow() {
      parts.interpreter.pump();
      const auto next = parts.machine.agenda.next();
      if (next && next != parts.armed) parts.machine.site.arm(std::max(Duration{0}, *next - parts.machine.site.now()));
      parts.armed = next;
    }
  } const follow{*parts_};
  return does(*parts_);
}

void Modem::power_on() {
  if (parts_->powered) return;
  doing([](Parts& parts) {
    parts.machine.radio.power_on([&parts] { parts.interpreter.start(); });
    parts.powered = true;
    return true;
  });
}

std::size_t Modem::write(std::string_view bytes) {
  return doing([bytes](Parts& parts) { return parts.interpreter.write(bytes); });
}

const std::string& Modem::firmware() const noexcept {
  return parts_->machine.settings.firmware;
}

std::size_t Modem::available() const noexcept {
  return parts_->machine.output.available();
}

std::string_view Modem::read_line() {
  taken_ = doing([](Parts& parts) { return parts.machine.output.take_line(); });
  return taken_;
}

std::string_view Modem::read(std::size_t most) {
  taken_ = doing([most](Parts& parts) { return parts.machine.output.take(most); });
  return taken_;
}

void Modem::on_timer() {
  doing([](Parts& parts) {
    parts.armed.reset();
    parts.machine.agenda.run(parts.machine.site.now());
    return true;
  });
}

std::string Modem::control(std::string_view line) {
  return doing([line](Parts& parts) { return obey(parts.machine, line); });
}

bool Modem::controls(std::string_view word) noexcept {
  return is_control(word);
}

}  // namespace socketcore
