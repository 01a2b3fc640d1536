#include <array>
#include <charconv>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/text.hpp"

/// The radio, the network and the data link.
namespace socketcore {
namespace {

using Domain = Radio::Domain;

constexpr std::string_view kOperatorName = "CHINA MOBILE";
constexpr std::string_view kOperatorShort = "CMCC";

std::string operator_in(int format, const ModemSettings& settings) {
  if (settings.plmn != "46000") return settings.plmn;  // names of others are not known
  if (format == 0) return std::string(kOperatorName);
  return format == 1 ? std::string(kOperatorShort) : settings.plmn;
}

Outcome network_operator(Machine& machine, const Command& command) {
  const ModemSettings& settings = machine.settings;
  if (command.form == Form::test) {
    machine.line(join("+COPS: (2,", quoted(operator_in(0, settings)), ',', quoted(operator_in(1, settings)), ',',
                      quoted(settings.plmn), ',', Cell::technology, "),,(0-4),(0-2)"));
    return Outcome::ok();
  }
  if (command.form == Form::read) {
    const int mode = machine.radio.wanted() ? 0 : 2;
    const int format = machine.operator_format;
    machine.line(machine.radio.registered() ? join("+COPS: ", mode, ',', format, ',',
                                                   quoted(operator_in(format, settings)), ',', Cell::technology)
                                            : join("+COPS: ", mode));
    return Outcome::ok();
  }
  const auto mode = command.number(0, 0, 4);
  const auto format = command.number_or(1, machine.operator_format, 0, 2);
  if (!mode || !format) return Outcome::error();
  if (*mode == 3) {
    machine.operator_format = *format;
  } else {
    machine.after_answer([&machine, wanted = *mode != 2] { machine.radio.set_wanted(wanted); });
  }
  return Outcome::ok();
}

template <Domain domain>
Outcome registration(Machine& machine, const Command& command) {
  constexpr int kMost = domain == Domain::eps ? 5 : 2;
  Radio& radio = machine.radio;
  switch (command.form) {
    case Form::read:
      machine.line(join(command.name, ": ", radio.report(domain), ',', radio.status_text(radio.report(domain))));
      break;
    case Form::test:
      machine.line(join(command.name, ": (0-", kMost, ')'));
      break;
    default: {
      const auto mode = command.number(0, 0, kMost);
      if (!mode || command.count() != 1) return Outcome::error();
      radio.set_report(domain, *mode);
    }
  }
  return Outcome::ok();
}

Outcome function(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CFUN: ", machine.radio.function()));
    return Outcome::ok();
  }
  if (command.form == Form::test) {
    machine.line("+CFUN: (0,1,4),(0,1)");
    return Outcome::ok();
  }
  const auto chosen = command.number(0, 0, 4);
  const auto reset = command.number_or(1, 0, 0, 1);
  if (!chosen || !reset || *chosen == 2 || *chosen == 3 || command.count() > 2) return Outcome::error();
  machine.after_answer([&machine, chosen = *chosen, reset = *reset] {
    if (reset == 1) machine.radio.set_function(0);
    machine.radio.set_function(chosen);
  });
  return Outcome::ok();
}

Outcome signal(Machine& machine, const Command& command) {
  machine.line(command.form == Form::test ? "+CSQ: (0-31,99),(0-7,99)" : join("+CSQ: ", machine.radio.rssi(), ",99"));
  return Outcome::ok();
}

Outcome extended_signal(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line("+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)");
    return Outcome::ok();
  }
  const int power = machine.radio.rsrp();
  constexpr int kQuality = 20;  // -9.5 dB: an empty cell
  machine.line(join("+CESQ: 99,99,255,255,", power == 255 ? 255 : kQuality, ',', power));
  return Outcome::ok();
}

Outcome cells(Machine& machine, const Command& command) {
  if (command.form != Form::read || !machine.radio.registered()) return Outcome::ok();
  const std::string& plmn = machine.settings.plmn;
  int country = 0;  // its digits read as hex: 460 is told as 1120
  std::from_chars(plmn.data(), plmn.data() + 3, country, 16);
  const int network = number_of(std::string_view(plmn).substr(3)).value_or(0);
  machine.line(join("+EEMLTESVC:", country, ", ", plmn.size() - 3, ", ", network, ", ", Cell::area, ", 98, ",
                    Cell::channel, ", 3, 5, 0, ", Cell::id, ", 31, 0, 0, 0, ", machine.radio.rsrp(), ", 0, 0, 0"));
  return Outcome::ok();
}

Outcome mode(Machine& machine, const Command& command) {
  if (command.form == Form::read) machine.line(machine.radio.registered() ? "^MODE: 17,17" : "^MODE: 0,0");
  return Outcome::ok();
}

Outcome band(Machine& machine, const Command& command) {
  if (command.form == Form::read) machine.line("*BAND: 5,0,0,0,482,149,0,0,0,0");
  return Outcome::ok();
}

Outcome attach(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CGATT: ", machine.radio.registered() ? 1 : 0));
  } else if (command.form == Form::test) {
    machine.line("+CGATT: (0,1)");
  } else {
    const auto wanted = command.number(0, 0, 1);
    if (!wanted) return Outcome::error();
    machine.after_answer([&machine, wanted = *wanted == 1] { machine.radio.set_wanted(wanted); });
  }
  return Outcome::ok();
}

Outcome activate(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CGACT: 1,", machine.radio.context() ? 1 : 0));
  } else if (command.form == Form::test) {
    machine.line("+CGACT: (0,1)");
  } else {
    const auto active = command.number(0, 0, 1);
    const auto context = command.number_or(1, 1, 1, 8);
    if (!active || !context || command.count() > 2) return Outcome::error();
    if (*active == 1 && !machine.radio.registered()) return Outcome::cme(cme::no_network);
    if (*context == 1) machine.after_answer([&machine, on = *active == 1] { machine.radio.set_context(on); });
  }
  return Outcome::ok();
}

std::string address(const Machine& machine) {
  return machine.radio.context() ? machine.settings.address : std::string();
}

Outcome context(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    // One line and no more: for another one without an address scripts ask again each second.
    machine.line(join("+CGDCONT: 1,\"IP\",", quoted(machine.settings.apn), ',', quoted(address(machine)), ",0,0"));
    return Outcome::ok();
  }
  if (command.form == Form::test) {
    machine.line("+CGDCONT: (1-8),\"IP\",,,(0,1),(0,1)");
    return Outcome::ok();
  }
  if (!command.number(0, 1, 8)) return Outcome::error();
  ModemSettings changed = machine.settings;
  changed.apn = command.text(2);
  if (*command.number(0) != 1 || !command.has(2) || changed.apn.empty()) return Outcome::ok();
  if (!check(changed).empty()) return Outcome::error();
  machine.settings.apn = changed.apn;
  return Outcome::ok();
}

Outcome addresses(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line("+CGPADDR: (1)");
  } else if (command.form == Form::set && !command.number(0, 1, 8)) {
    return Outcome::error();
  } else if (command.form == Form::exec || *command.number(0) == 1) {
    machine.line(join("+CGPADDR: 1,", quoted(address(machine))));
  }
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"+COPS", kRead | kSet | kTest, Speed::network, network_operator, "operator"},
    KnownCommand{"+CREG", kRead | kSet | kTest, Speed::quick, registration<Domain::circuit>, "registration"},
    KnownCommand{"+CGREG", kRead | kSet | kTest, Speed::quick, registration<Domain::packet>, "registration for data"},
    KnownCommand{"+CEREG", kRead | kSet | kTest, Speed::quick, registration<Domain::eps>, "registration with LTE"},
    KnownCommand{"+CFUN", kRead | kSet | kTest, Speed::slow, function, "radio on and off"},
    KnownCommand{"+CSQ", kExec | kTest, Speed::quick, signal, "signal"},
    KnownCommand{"+CESQ", kExec | kTest, Speed::quick, extended_signal, "signal, extended"},
    KnownCommand{"+EEMGINFO", kRead | kExec | kTest, Speed::network, cells, "serving cell"},
    KnownCommand{"^MODE", kRead, Speed::quick, mode, "technology in use"},
    KnownCommand{"*BAND", kAll, Speed::quick, band, "bands"},
    KnownCommand{"+CGATT", kRead | kSet | kTest, Speed::network, attach, "attachment for data"},
    KnownCommand{"+CGACT", kRead | kSet | kTest, Speed::network, activate, "data link on and off"},
    KnownCommand{"+CGDCONT", kRead | kSet | kTest, Speed::network, context, "data link: APN and address"},
    KnownCommand{"+CGPADDR", kExec | kSet | kTest, Speed::quick, addresses, "data link: address"},
    KnownCommand{"+CPNETAPN", kAll, Speed::quick, nullptr, "APN, user and password"},
    KnownCommand{"+CGDATA", kAll, Speed::quick, nullptr, "data mode: always"},
    KnownCommand{"+CGEREP", kAll, Speed::quick, nullptr, "reports of the data link"},
};

}  // namespace

std::span<const KnownCommand> network_commands() {
  return kCommands;
}

}  // namespace socketcore
