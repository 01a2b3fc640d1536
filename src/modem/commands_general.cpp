#include <array>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/text.hpp"

/// The interpreter's own settings, the clock, and what only a device of copper and air can do.
namespace socketcore {
namespace {

/// A basic command whose only argument is a digit: what it sets has no effect here.
Outcome switch_digit(Machine& /*machine*/, const Command& command) {
  if (command.count() > 1) return Outcome::error();
  return command.number_or(0, 0, 0, 255) ? Outcome::ok() : Outcome::error();
}

Outcome error_style(Machine& machine, const Command& command) {
  switch (command.form) {
    case Form::read:
      machine.line(join("+CMEE: ", machine.error_style));
      break;
    case Form::test:
      machine.line("+CMEE: (0-2)");
      break;
    default: {
      const auto style = command.number(0, 0, 2);
      if (!style) return Outcome::error();
      machine.error_style = *style;
    }
  }
  return Outcome::ok();
}

Outcome clock(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CCLK: ", quoted(to_text(machine.time()))));
  } else if (command.form == Form::set) {
    const auto time = local_time_of(command.text(0), machine.zone_quarters);
    if (!time || command.count() != 1) return Outcome::error();
    machine.zone_quarters = time->zone_quarters;
    machine.site.set_clock(wall_time(*time));
  }
  return Outcome::ok();
}

Outcome dns_limits(Machine& machine, const Command& command) {
  const auto retries = command.number(0, 0, 255);
  const auto factor = command.number(1, 0, 255);
  if (!retries || !factor || command.count() != 2) return Outcome::error();
  machine.site.tune_dns(*retries, *factor);
  return Outcome::ok();
}

Outcome tcp_limits(Machine& machine, const Command& command) {
  if (command.count() != 4 || !command.number(0) || !command.number(2)) return Outcome::error();
  const auto retries = command.number(1, 0, 255);
  const auto longest_wait_s = command.number(3, 0, 3600);
  if (!retries || !longest_wait_s) return Outcome::error();
  machine.site.tune_tcp(*retries, *longest_wait_s);
  return Outcome::ok();
}

Outcome usb_network(Machine& machine, const Command& command) {
  if (command.form == Form::read) machine.line("+RNDISCALL: 0,0");
  return Outcome::ok();
}

Outcome indicators(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    const bool registered = machine.radio.registered();
    const int bars = machine.radio.rssi() == 99 ? 0 : machine.radio.rssi() / 6;
    const bool roams = machine.radio.status() == Radio::Status::roaming;
    machine.line(
        join("+CIND: 5,", bars, ',', registered ? 1 : 0, ',', machine.calls.current() ? 1 : 0, ',', roams ? 1 : 0));
  } else if (command.form == Form::test) {
    machine.line("+CIND: (\"battchg\",(0-5)),(\"signal\",(0-5)),(\"service\",(0,1)),(\"call\",(0,1)),(\"roam\",(0,1))");
  }
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"E", kExec | kSet, Speed::quick, switch_digit, "echo: never done"},
    KnownCommand{"V", kExec | kSet, Speed::quick, switch_digit, "form of results: always words"},
    KnownCommand{"Q", kExec | kSet, Speed::quick, switch_digit, "suppression of results: never done"},
    KnownCommand{"X", kExec | kSet, Speed::quick, switch_digit, "results of dialling"},
    KnownCommand{"L", kExec | kSet, Speed::quick, switch_digit, "loudness"},
    KnownCommand{"M", kExec | kSet, Speed::quick, switch_digit, "loudspeaker"},
    KnownCommand{"Z", kExec | kSet, Speed::quick, switch_digit, "stored profile"},
    KnownCommand{"&F", kExec | kSet, Speed::quick, switch_digit, "factory profile"},
    KnownCommand{"&W", kExec | kSet, Speed::quick, switch_digit, "store profile"},
    KnownCommand{"+CMEE", kRead | kSet | kTest, Speed::quick, error_style, "form of errors"},
    KnownCommand{"+CCLK", kRead | kSet | kTest, Speed::quick, clock, "the script's clock"},
    KnownCommand{"*DNSTMOUT", kSet, Speed::quick, dns_limits, "limits of name lookups"},
    KnownCommand{"+TCPUSERPARAM", kSet, Speed::quick, tcp_limits, "limits of TCP"},
    KnownCommand{"+RNDISCALL", kAll, Speed::network, usb_network, "network over USB: none"},
    KnownCommand{"+CIND", kRead | kSet | kTest, Speed::quick, indicators, "indicators"},
    KnownCommand{"+EEMOPT", kAll, Speed::quick, nullptr, "engineering mode"},
    KnownCommand{"*RTIME", kAll, Speed::quick, nullptr, "power saving: release of the radio"},
    KnownCommand{"+CSCLK", kAll, Speed::quick, nullptr, "power saving: sleep"},
    KnownCommand{"+SETVOLTE", kAll, Speed::quick, nullptr, "calls over LTE"},
    KnownCommand{"+CACCP", kAll, Speed::quick, nullptr, "auxiliary settings"},
    KnownCommand{"+CMIC", kAll, Speed::quick, nullptr, "microphone"},
    KnownCommand{"+CLVL", kAll, Speed::quick, nullptr, "loudness"},
    KnownCommand{"+CMUT", kAll, Speed::quick, nullptr, "mute"},
    KnownCommand{"+CRSL", kAll, Speed::quick, nullptr, "loudness of ringing"},
    KnownCommand{"+VTS", kSet | kTest, Speed::network, nullptr, "tones to the other side"},
    KnownCommand{"+VTD", kAll, Speed::quick, nullptr, "length of tones"},
    KnownCommand{"+DTMFDET", kAll, Speed::quick, nullptr, "tones from the other side"},
};

}  // namespace

std::span<const KnownCommand> general_commands() {
  return kCommands;
}

}  // namespace socketcore
