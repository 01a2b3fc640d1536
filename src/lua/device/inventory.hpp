#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// What a device's script may call, and what this host makes of it. The tables that scripts see are made elsewhere; a test
/// holds both against each other.
namespace socketcore::lua {

enum class Status : std::uint8_t {
  real,          ///< what this machine has
  virtual_part,  ///< a part that exists in software: tests set it and watch it
  absent,        ///< left out, so that scripts which probe for it do without
};

enum class EntryKind : std::uint8_t { function, constant, table };

/// Names of one kind that share what there is to say about them.
struct Entries {
  EntryKind kind;
  Status status;
  std::string_view names;  ///< joined by single blanks; those of an inner table with its name: "pin.setdir"
  std::string_view note;   ///< for people: a few words; for what is absent, why
};

struct ModuleEntry {
  std::string_view name;
  Status status;
  std::string_view note;
  std::span<const Entries> entries;  ///< empty for a module that is absent
};

/// All modules: first those that the device adds to Lua, then Lua's own tables, each by name. They live for ever.
[[nodiscard]] std::span<const ModuleEntry> inventory() noexcept;

/// Null for a name that is no module of the device.
[[nodiscard]] const ModuleEntry* find_module(std::string_view name) noexcept;
/// The same for those that are absent only.
[[nodiscard]] const ModuleEntry* find_absent_module(std::string_view name) noexcept;

/// The entries that `name` is one of, null if there are none. `name` is as in Entries::names; a longer one counts as the
/// longest of its beginnings that is no table: "write.x" as "write".
[[nodiscard]] const Entries* find_entry(const ModuleEntry& module, std::string_view name) noexcept;

/// Takes the first name off `names`: for (auto rest = entries.names; !rest.empty();) use(take_name(rest)).
[[nodiscard]] std::string_view take_name(std::string_view& names) noexcept;

}  // namespace socketcore::lua
