#include <algorithm>
#include <array>
#include <optional>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/pdu.hpp"
#include "modem/text.hpp"

/// The phone book.
namespace socketcore {
namespace {

constexpr int kPlaces = PhoneBook::kPlaces;

Outcome storage(Machine& machine, const Command& command) {
  if (command.form == Form::read) {
    machine.line(join("+CPBS: \"SM\",", machine.book.used(), ',', kPlaces));
  } else if (command.form == Form::test) {
    machine.line("+CPBS: (\"SM\",\"ME\")");
  } else if (!command.has(0)) {
    return Outcome::error();
  }
  return Outcome::ok();
}

void show(Machine& machine, std::string_view before, int place) {
  const auto& entry = machine.book.at(place);
  machine.line(join(before, place, ',', quoted(entry->number), ',', entry->type, ',', quoted(entry->name)));
}

Outcome read(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line(join("+CPBR: (1-", kPlaces, "),40,", PhoneBook::kLongestName));
    return Outcome::ok();
  }
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  const auto first = command.number(0, 1, kPlaces);
  const auto last = command.number_or(1, first.value_or(1), 1, kPlaces);
  if (!first || !last) return Outcome::cme(cme::invalid_index);
  for (int place = *first; place <= *last; ++place) {
    if (machine.book.at(place)) show(machine, "+CPBR: ", place);
  }
  return Outcome::ok();
}

Outcome write(Machine& machine, const Command& command) {
  if (command.form == Form::test) {
    machine.line(join("+CPBW: (1-", kPlaces, "),40,(129,145),", PhoneBook::kLongestName));
    return Outcome::ok();
  }
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  const int free_place = machine.book.free_place();
  if (!command.has(0) && free_place == 0) return Outcome::cme(cme::memory_full);
  const auto place = command.number_or(0, free_place, 1, kPlaces);
  if (!place) return Outcome::cme(cme::invalid_index);
  if (command.count() == 1 && command.has(0)) {
    machine.book.set(*place, std::nullopt);
    return Outcome::ok();
  }
  const std::string number(command.text(1));
  const auto type = command.number_or(2, type_of_number(number), 0, 255);
  const std::string name(command.text(3));
  if (!is_number(number) || !type || command.count() > 4 || name.size() > PhoneBook::kLongestName)
    return Outcome::error();
  machine.book.set(*place, PhoneBook::Entry{number, *type, name});
  return Outcome::ok();
}

Outcome find(Machine& machine, const Command& command) {
  if (command.form == Form::test) return Outcome::ok();
  if (!machine.radio.sim_readable()) return machine.radio.sim_error();
  for (int place = 1; place <= kPlaces; ++place) {
    const auto& entry = machine.book.at(place);
    if (entry && entry->name.find(command.text(0)) != std::string::npos) show(machine, "+CPBF: ", place);
  }
  return Outcome::ok();
}

constexpr std::array kCommands = {
    KnownCommand{"+CPBS", kRead | kSet | kTest, Speed::sim, storage, "phone book: storage"},
    KnownCommand{"+CPBR", kSet | kTest, Speed::sim, read, "phone book: read"},
    KnownCommand{"+CPBW", kSet | kTest, Speed::sim, write, "phone book: write, delete"},
    KnownCommand{"+CPBF", kSet | kTest, Speed::sim, find, "phone book: find by name"},
};

}  // namespace

std::span<const KnownCommand> phone_book_commands() {
  return kCommands;
}

}  // namespace socketcore
