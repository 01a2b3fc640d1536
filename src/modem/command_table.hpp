#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "modem/at_line.hpp"
#include "modem/outcome.hpp"

namespace socketcore {

class Machine;

/// About how long the device takes for it, in ModemTiming::real.
enum class Speed : std::uint8_t { quick, sim, network, slow };

/// Which forms a command has.
using Forms = std::uint8_t;
inline constexpr Forms kExec = 1;
inline constexpr Forms kRead = 2;
inline constexpr Forms kSet = 4;
inline constexpr Forms kTest = 8;
inline constexpr Forms kAll = kExec | kRead | kSet | kTest;

/// A command that the modem knows. `run` puts the lines of the answer out and returns its end; it is called for the
/// listed forms only. Null where the command is accepted and has nothing to do in a modem without radio, sound and
/// power.
struct KnownCommand {
  using Run = Outcome (*)(Machine& machine, const Command& command);

  std::string_view name;
  Forms forms = kAll;
  Speed speed = Speed::quick;
  Run run = nullptr;
  std::string_view about;  ///< for people, a few words
};

/// All of them, ordered by name.
[[nodiscard]] std::span<const KnownCommand> known_commands();
/// Null for a name that is not known. `name` is in capitals, with its prefix: "+CREG", "E".
[[nodiscard]] const KnownCommand* find_command(std::string_view name);

/// Runs a command that is known; ERROR for a form that it has not.
[[nodiscard]] Outcome run(const KnownCommand& known, Machine& machine, const Command& command);

// The table's parts, by area.
[[nodiscard]] std::span<const KnownCommand> general_commands();
[[nodiscard]] std::span<const KnownCommand> identity_commands();
[[nodiscard]] std::span<const KnownCommand> sim_commands();
[[nodiscard]] std::span<const KnownCommand> network_commands();
[[nodiscard]] std::span<const KnownCommand> sms_commands();
[[nodiscard]] std::span<const KnownCommand> call_commands();
[[nodiscard]] std::span<const KnownCommand> phone_book_commands();

}  // namespace socketcore
