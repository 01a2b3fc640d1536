#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketcore {

/// `AT+X`, `AT+X?`, `AT+X=...`, `AT+X=?`.
enum class Form : std::uint8_t { exec, read, set, test };

struct Argument {
  std::string text;     ///< without its quotes
  bool quoted = false;  ///< `""` is a text without characters; a place without quotes and characters is left out
};

/// One command of a line.
struct Command {
  std::string name;  ///< in capitals, with its prefix: "+CREG", "*BAND", "^MODE", "&F", "E"
  Form form = Form::exec;
  std::vector<Argument> arguments;  ///< "E0" has one; "S7=60" and "S7?" have the register as their first
  std::string dialled;              ///< what stands behind `D`, without the closing ';'

  [[nodiscard]] std::size_t count() const noexcept { return arguments.size(); }
  /// Whether the place is there and not left out.
  [[nodiscard]] bool has(std::size_t place) const noexcept;
  /// The text of a place, quoted or not; empty if it is left out.
  [[nodiscard]] std::string_view text(std::size_t place) const noexcept;
  /// The unquoted integer of a place.
  [[nodiscard]] std::optional<int> number(std::size_t place) const noexcept;
  /// The same where the integer is in the range, else nothing.
  [[nodiscard]] std::optional<int> number(std::size_t place, int least, int most) const noexcept;
  /// `otherwise` where the place is left out; nothing where it is not an integer of the range.
  [[nodiscard]] std::optional<int> number_or(std::size_t place, int otherwise, int least, int most) const noexcept;
};

/// The commands of a line, as V.250 joins them: `AT` first, basic commands one behind the other, extended ones with a
/// ';' behind them. Nothing if the line is malformed; an empty list for a bare `AT`.
[[nodiscard]] std::optional<std::vector<Command>> parse_line(std::string_view line);

}  // namespace socketcore
