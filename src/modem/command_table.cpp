#include "modem/command_table.hpp"

#include <algorithm>

namespace socketcore {
namespace {

std::vector<KnownCommand> sorted() {
  std::vector<KnownCommand> all;
  for (const auto part : {general_commands(), identity_commands(), sim_commands(), network_commands(), sms_commands(),
                          call_commands(), phone_book_commands()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

Forms bit(Form form) noexcept {
  switch (form) {
    case Form::exec:
      return kExec;
    case Form::read:
      return kRead;
    case Form::set:
      return kSet;
    case Form::test:
      break;
  }
  return kTest;
}

}  // namespace

std::span<const KnownCommand> known_commands() {
  static const std::vector<KnownCommand> all = sorted();
  return all;
}

const KnownCommand* find_command(std::string_view name) {
  const auto all = known_commands();
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const auto& known, std::string_view wanted) { return known.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

Outcome run(const KnownCommand& known, Machine& machine, const Command& command) {
  if ((known.forms & bit(command.form)) == 0) return Outcome::error();
  if (known.run == nullptr) return Outcome::ok();
  return known.run(machine, command);
}

}  // namespace socketcore
