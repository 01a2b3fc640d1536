#include <array>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/pdu.hpp"
#include "modem/text.hpp"

/// Telephone calls.
namespace socketcore {
namespace {

Outcome dial(Machine& machine, const Command& command) {
  std::string_view number = command.dialled;
  if (!number.empty() && (upper(number.substr(0, 1)) == "T" || upper(number.substr(0, 1)) == "P"))
    number.remove_prefix(1);
  return machine.calls.dial(number);
}

Outcome answer(Machine& machine, const Command& /*command*/) {
  return machine.calls.answer();
}

Outcome hang_up(Machine& machine, const Command& command) {
  if (command.form != Form::test) machine.calls.hang_up();
  return Outcome::ok();
}

Outcome list(Machine& machine, const Command& command) {
  const auto& call = machine.calls.current();
  if (command.form == Form::test || !call) return Outcome::ok();
  machine.line(join("+CLCC: 1,", call->incoming ? 1 : 0, ',', static_cast<int>(call->state), ",0,0,",
                    quoted(call->number), ',', type_of_number(call->number), ",\"\""));
  return Outcome::ok();
}

Outcome caller(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CLIP: ", machine.calls.caller_shown ? 1 : 0, ",1"));
  } else if (command.form == Form::test) {
    machine.line("+CLIP: (0,1)");
  } else {
    const auto shown = command.number(0, 0, 1);
    if (!shown) return Outcome::error();
    machine.calls.caller_shown = *shown == 1;
  }
  return Outcome::ok();
}

Outcome waiting(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CCWA: ", machine.calls.waiting_shown ? 1 : 0));
  } else if (command.form == Form::test) {
    machine.line("+CCWA: (0,1)");
  } else {
    const auto shown = command.number_or(0, machine.calls.waiting_shown ? 1 : 0, 0, 1);
    const auto mode = command.number_or(1, 0, 0, 2);
    if (!shown || !mode) return Outcome::error();
    machine.calls.waiting_shown = *shown == 1;
    if (*mode == 2) machine.line("+CCWA: 0,1");
  }
  return Outcome::ok();
}

Outcome forward(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line("+CCFC: (0-5)");
    return Outcome::ok();
  }
  const auto reason = command.number(0, 0, 5);
  const auto mode = command.number(1, 0, 4);
  if (!reason || !mode || (command.has(2) && !is_number(command.text(2)))) return Outcome::error();
  if (!machine.radio.registered()) return Outcome::cme(cme::no_network);
  auto& rules = machine.calls.forwarding;
  // 4 is all of them, 5 those for calls that cannot be taken.
  const std::size_t first = *reason < 4 ? static_cast<std::size_t>(*reason) : *reason == 4 ? 0 : 1;
  const std::size_t last = *reason < 4 ? first : rules.size() - 1;
  if (*mode == 2) {
    const Calls::Forwarding& rule = rules[first];
    machine.line(rule.active ? join("+CCFC: 1,1,", quoted(rule.number), ',', type_of_number(rule.number))
                             : "+CCFC: 0,7");
    return Outcome::ok();
  }
  if ((*mode == 3 && !command.has(2)) || (*mode == 1 && rules[first].number.empty())) return Outcome::error();
  for (std::size_t i = first; i <= last; ++i) {
    rules[i].active = *mode == 1 || *mode == 3;
    if (*mode == 3) rules[i].number = command.text(2);
    if (*mode == 4) rules[i].number.clear();
  }
  return Outcome::ok();
}

Outcome s_register(Machine& machine, const Command& command) {
  auto& registers = machine.calls.registers;
  const auto which = command.number(0, 0, static_cast<int>(registers.size()) - 1);
  if (!which) return Outcome::error();
  int& value = registers[static_cast<std::size_t>(*which)];
  if (command.form == Form::read) {
    machine.line(padded(value, 3));
    return Outcome::ok();
  }
  const auto wanted = command.number(1, 0, 255);
  if (!wanted || command.count() != 2) return Outcome::error();
  value = *wanted;
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"D", kSet, Speed::network, dial, "call out"},
    KnownCommand{"A", kExec, Speed::network, answer, "take a call"},
    KnownCommand{"H", kExec | kSet, Speed::network, hang_up, "end a call"},
    KnownCommand{"S", kRead | kSet, Speed::quick, s_register, "registers; S0 takes calls by itself"},
    KnownCommand{"+CHUP", kExec | kTest, Speed::network, hang_up, "end a call"},
    KnownCommand{"+CLCC", kExec | kTest, Speed::quick, list, "calls that there are"},
    KnownCommand{"+CLIP", kRead | kSet | kTest, Speed::network, caller, "caller's number"},
    KnownCommand{"+CCWA", kRead | kSet | kTest, Speed::network, waiting, "call waiting"},
    KnownCommand{"+CCFC", kSet | kTest, Speed::network, forward, "call forwarding"},
    KnownCommand{"+CHLD", kSet | kTest, Speed::network, nullptr, "several calls: there is one at most"},
    KnownCommand{"+COLP", kAll, Speed::network, nullptr, "number of who answered"},
    KnownCommand{"+CLIR", kAll, Speed::network, nullptr, "hiding of the own number"},
};

}  // namespace

std::span<const KnownCommand> call_commands() {
  return kCommands;
}

}  // namespace socketcore
