#include "runner/compatibility.hpp"

#include <string_view>

#include "lua/device/inventory.hpp"
#include "modem/command_table.hpp"

namespace runner {

namespace {

using socketcore::KnownCommand;
using socketcore::lua::Entries;
using socketcore::lua::EntryKind;
using socketcore::lua::ModuleEntry;
using socketcore::lua::Status;
using socketcore::lua::take_name;

constexpr std::string_view kHead = R"(# Compatibility

What a script of the device finds in a project run (`socketcore run FOLDER`). Written by `socketcore doctor --compatibility`;
[doctor.md](doctor.md) tells how to hold a project against it.

- **real**: what this machine has.
- **virtual**: a part that exists in software. Tests set it and watch it.
- **absent**: left out, so that scripts which look first do without.

)";

constexpr std::string_view kCommandsHead = R"(
## AT commands

What the virtual modem on `uart.ATC` knows. To any other command it answers `OK` and writes a line to the log.

- **answered**: it does what it says, or tells what the modem's settings say.
- **accepted**: `OK`, and nothing follows: there is no radio, no sound and no power to be saved.

| command | forms | status | note |
| --- | --- | --- | --- |
)";

std::string_view word_of(Status status) {
  switch (status) {
    case Status::real:
      return "real";
    case Status::virtual_part:
      return "virtual";
    case Status::absent:
      break;
  }
  return "absent";
}

void add(std::string& page, std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) page += piece;
}

void add_names(std::string& page, const ModuleEntry& module, const Entries& entries) {
  std::string_view separator;
  for (std::string_view rest = entries.names; !rest.empty(); separator = " ") {
    const std::string_view name = take_name(rest);
    const std::string_view call = entries.kind == EntryKind::function ? "()" : "";
    add(page, {separator, "`", module.name, ".", name, call, "`"});
  }
}

void add_module(std::string& page, const ModuleEntry& module) {
  add(page, {"\n## ", module.name, "\n\n", word_of(module.status), ": ", module.note, "\n"});
  if (module.entries.empty()) return;
  page += "\n| name | status | note |\n| --- | --- | --- |\n";
  for (const Entries& entries : module.entries) {
    page += "| ";
    add_names(page, module, entries);
    add(page, {" | ", word_of(entries.status), " | ", entries.note, " |\n"});
  }
}

// "`AT+CREG?` `AT+CREG=`"
void add_forms(std::string& page, const KnownCommand& command) {
  struct Named {
    socketcore::Forms form;
    std::string_view end;
  };
  std::string_view separator;
  for (const auto& [form, end] : {Named{socketcore::kExec, ""}, Named{socketcore::kRead, "?"},
                                  Named{socketcore::kSet, "=..."}, Named{socketcore::kTest, "=?"}}) {
    if ((command.forms & form) == 0) continue;
    // Basic commands have their value right behind them.
    const bool basic = command.name.find_first_of("+*^") == std::string_view::npos;
    add(page, {separator, "`AT", command.name, basic && form == socketcore::kSet ? "..." : end, "`"});
    separator = " ";
  }
}

void add_command(std::string& page, const KnownCommand& command) {
  add(page, {"| `", command.name, "` | "});
  add_forms(page, command);
  add(page, {" | ", command.run != nullptr ? "answered" : "accepted", " | ", command.about, " |\n"});
}

}  // namespace

std::string compatibility_page() {
  std::string page(kHead);
  page += "| module | status | note |\n| --- | --- | --- |\n";
  for (const ModuleEntry& module : socketcore::lua::inventory()) {
    add(page, {"| `", module.name, "` | ", word_of(module.status), " | ", module.note, " |\n"});
  }
  for (const ModuleEntry& module : socketcore::lua::inventory()) {
    if (module.status != Status::absent) add_module(page, module);
  }
  page += kCommandsHead;
  for (const KnownCommand& command : socketcore::known_commands()) add_command(page, command);
  return page;
}

}  // namespace runner
