#include <array>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/text.hpp"

/// The SIM: its state, its numbers and its lock.
namespace socketcore {
namespace {

Outcome pin(Machine& machine, const Command& command) {
  Radio& radio = machine.radio;
  if (command.form == Form::test) return Outcome::ok();
  if (command.form == Form::read) {
    if (radio.function() == 0 || radio.sim() == Radio::SimState::absent) return radio.sim_error();
    machine.line(join("+CPIN: ", radio.sim_text()));
    return Outcome::ok();
  }
  if (command.count() < 1 || command.count() > 2 || !command.has(0)) return Outcome::error();
  return command.count() == 2 ? radio.enter_puk(command.text(0), command.text(1)) : radio.enter_pin(command.text(0));
}

Outcome lock(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line("+CLCK: (\"SC\")");
    return Outcome::ok();
  }
  const auto mode = command.number(1, 0, 2);
  if (command.text(0) != "SC" || !mode) return Outcome::error();
  if (*mode != 2) return machine.radio.set_pin_lock(*mode == 1, command.text(2));
  machine.line(join("+CLCK: ", machine.radio.pin_lock() ? 1 : 0));
  return Outcome::ok();
}

Outcome password(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line("+CPWD: (\"SC\",8)");
    return Outcome::ok();
  }
  if (command.text(0) != "SC" || command.count() != 3) return Outcome::error();
  return machine.radio.change_pin(command.text(1), command.text(2));
}

Outcome iccid(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  if (machine.radio.function() == 0 || machine.radio.sim() == Radio::SimState::absent) return machine.radio.sim_error();
  machine.line(join("+ICCID: ", machine.settings.iccid));
  return Outcome::ok();
}

Outcome imsi(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  machine.line(machine.settings.imsi);
  machine.after_answer([&machine] { machine.radio.imsi_was_read(); });
  return Outcome::ok();
}

Outcome own_number(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  const std::string& number = machine.settings.own_number;
  machine.line(join("+CNUM: \"\",", quoted(number), ',', type_of_number(number)));
  return Outcome::ok();
}

Outcome slot(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+SIMCROSS: ", machine.sim_slot));
  } else if (command.form == Form::test) {
    machine.line("+SIMCROSS: (0,1)");
  } else {
    const auto chosen = command.number(0, 0, 1);
    if (!chosen) return Outcome::error();
    machine.sim_slot = *chosen;
  }
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"+CPIN", kRead | kSet | kTest, Speed::sim, pin, "state of the SIM, PIN, PUK"},
    KnownCommand{"+CLCK", kSet | kTest, Speed::sim, lock, "lock of the SIM"},
    KnownCommand{"+CPWD", kSet | kTest, Speed::sim, password, "change of the PIN"},
    KnownCommand{"+ICCID", kExec | kRead | kTest, Speed::sim, iccid, "ICCID"},
    KnownCommand{"+CIMI", kExec | kTest, Speed::sim, imsi, "IMSI"},
    KnownCommand{"+CNUM", kExec | kTest, Speed::sim, own_number, "own number"},
    KnownCommand{"+SIMCROSS", kRead | kSet | kTest, Speed::sim, slot, "SIM slot: both hold the same SIM"},
    KnownCommand{"*SIMAUTO", kAll, Speed::sim, nullptr, "automatic choice of the SIM slot"},
};

}  // namespace

std::span<const KnownCommand> sim_commands() {
  return kCommands;
}

}  // namespace socketcore
