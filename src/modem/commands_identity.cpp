#include <array>
#include <cmath>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/text.hpp"

/// Who the modem is.
namespace socketcore {
namespace {

constexpr std::string_view kMaker = "AirM2M";

Outcome maker(Machine& machine, const Command& command) {
  if (command.form != Form::test) machine.line(kMaker);
  return Outcome::ok();
}

Outcome model(Machine& machine, const Command& command) {
  if (command.form != Form::test) machine.line(join("+CGMM: ", quoted(machine.settings.model)));
  return Outcome::ok();
}

Outcome firmware(Machine& machine, const Command& command) {
  if (command.form != Form::test) machine.line(machine.settings.firmware);
  return Outcome::ok();
}

Outcome summary(Machine& machine, const Command& /*command*/) {
  machine.line(kMaker);
  machine.line(machine.settings.model);
  machine.line(machine.settings.firmware);
  return Outcome::ok();
}

Outcome imei(Machine& machine, const Command& command) {
  if (command.form == Form::exec) {
    machine.line(machine.settings.imei);
  } else if (command.form == Form::set) {
    const auto kind = command.number(0, 0, 1);
    if (!kind) return Outcome::error();
    machine.line(*kind == 0 ? machine.settings.imei : join("+CGSN: ", quoted(machine.settings.imei)));
  }
  return Outcome::ok();
}

Outcome written_imei(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(machine.settings.imei);
    return Outcome::ok();
  }
  ModemSettings changed = machine.settings;
  changed.imei = command.text(0);
  if (command.count() != 1 || !check(changed).empty()) return Outcome::error();
  machine.settings.imei = changed.imei;
  return Outcome::ok();
}

Outcome serial(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(machine.settings.serial);
    return Outcome::ok();
  }
  ModemSettings changed = machine.settings;
  changed.serial = command.text(0);
  if (command.count() != 1 || !check(changed).empty()) return Outcome::error();
  machine.settings.serial = changed.serial;
  return Outcome::ok();
}

Outcome muid(Machine& machine, const Command& command) {
  // Without quotes: most releases of the script's library take them for a part of it.
  if (command.form != Form::test) machine.line(join("+MUID: ", machine.settings.muid));
  return Outcome::ok();
}

Outcome temperature(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  const long hundredths = std::lround(machine.settings.temperature * 100);
  const int rest = static_cast<int>(std::labs(hundredths) % 100);
  machine.line(join("+RFTEMPERATURE: ", hundredths < 0 ? "-" : "", std::labs(hundredths) / 100, '.', padded(rest, 2)));
  return Outcome::ok();
}

Outcome calibration(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line("LTE_afc:1,LTE_TDD_agc:1,LTE_TDD_apc:1,LTE_FDD_agc:1,LTE_FDD_apc:1,ANT_LTE:1");
  }
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"I", kExec | kSet, Speed::quick, summary, "maker, model and firmware"},
    KnownCommand{"+CGMI", kExec | kRead | kTest, Speed::quick, maker, "maker"},
    KnownCommand{"+GMI", kExec | kRead | kTest, Speed::quick, maker, "maker"},
    KnownCommand{"+CGMM", kExec | kRead | kTest, Speed::quick, model, "model"},
    KnownCommand{"+GMM", kExec | kRead | kTest, Speed::quick, model, "model"},
    KnownCommand{"+CGMR", kExec | kRead | kTest, Speed::quick, firmware, "firmware"},
    KnownCommand{"+GMR", kExec | kRead | kTest, Speed::quick, firmware, "firmware"},
    KnownCommand{"+VER", kExec | kRead | kTest, Speed::quick, firmware, "firmware"},
    KnownCommand{"+CGSN", kExec | kSet | kTest, Speed::quick, imei, "IMEI"},
    KnownCommand{"+GSN", kExec | kSet | kTest, Speed::quick, imei, "IMEI"},
    KnownCommand{"+WIMEI", kRead | kSet, Speed::quick, written_imei, "IMEI, to write"},
    KnownCommand{"+WISN", kRead | kSet, Speed::quick, serial, "serial number"},
    KnownCommand{"+MUID", kExec | kRead | kTest, Speed::quick, muid, "module id"},
    KnownCommand{"*EXINFO", kAll, Speed::quick, nullptr, "more of the module's identity: none"},
    KnownCommand{"+RFTEMPERATURE", kExec | kRead | kTest, Speed::quick, temperature, "temperature of the radio"},
    KnownCommand{"+CALIBINFO", kRead | kTest, Speed::quick, calibration, "calibration: all done"},
};

}  // namespace

std::span<const KnownCommand> identity_commands() {
  return kCommands;
}

}  // namespace socketcore
