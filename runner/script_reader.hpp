#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lua/device/inventory.hpp"

/// What a script's source says of the modules that it uses. Nothing is run.
namespace runner {

enum class Use : std::uint8_t {
  read,
  call,
  test,  ///< whether it is there: `if i2c.write then`, `rtos.x or 7`, `type(uart.y)`
};

/// A use of what this host does not have, through the global name of a module or a local name for it.
struct Mention {
  const socketcore::lua::ModuleEntry* module = nullptr;
  std::string name;  ///< "write", "pin.setdir"
  Use use = Use::read;
  std::size_t line = 0;
  bool guarded = false;  ///< the script looked first whether it is there, or runs it in a pcall
};

struct Requirement {
  std::string module;
  std::size_t line = 0;
  bool guarded = false;
};

/// A string that begins like an AT command.
struct CommandText {
  std::string text;
  std::size_t line = 0;
  bool continued = false;  ///< `..` follows
};

struct GlobalVariable {
  std::size_t line = 0;
  bool number = false;  ///< its first value is a number
};

struct Outline {
  std::vector<Mention> mentions;
  std::vector<Requirement> requirements;
  bool computes_requirements = false;        ///< it requires what cannot be told from its text
  std::set<std::string, std::less<>> words;  ///< strings that may be names of modules or files
  std::vector<CommandText> commands;
  std::map<std::string, GlobalVariable, std::less<>> globals;  ///< that it assigns, and modules that it declares
  std::map<std::string, std::size_t, std::less<>> members;     ///< of modules, that it assigns: "rtos.on", and where
};

/// Reads a source that compiles, and so nests no deeper than Lua lets it.
[[nodiscard]] Outline read_script(std::string_view source);

}  // namespace runner
