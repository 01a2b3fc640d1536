#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "modem/at_line.hpp"
#include "modem/outcome.hpp"

namespace socketcore {

class Machine;

/// Makes commands of the bytes that the script writes, and runs one line after the other.
class Interpreter {
 public:
  /// What is not executed yet may be so long.
  static constexpr std::size_t kMostInput = 8192;
  /// A longer line is malformed. The longest that means something, a message in hex, has less than 400.
  static constexpr std::size_t kLongestLine = 4096;
  /// No line is begun while more than this is unread.
  static constexpr std::size_t kMostUnread = 8192;

  explicit Interpreter(Machine& machine) : machine_(machine) {}

  /// Returns how many bytes were taken: fewer than all only while commands wait for the script to read the answers (or
  /// for the modem to start) and kMostInput of them are there.
  std::size_t write(std::string_view bytes);
  /// From now on lines are executed.
  void start() noexcept;
  /// Goes on, if something held it up.
  void pump() noexcept;

 private:
  [[nodiscard]] bool take_line();
  [[nodiscard]] bool take_argument();
  void execute(std::string_view line);
  void run_commands(const std::vector<Command>& commands);
  [[nodiscard]] Outcome run_one(const Command& command);
  void finish(const Outcome& outcome) noexcept;
  template <typename Does>
  void answering(Does does) noexcept;

  Machine& machine_;
  std::string input_;
  bool running_ = false;
  bool busy_ = false;      // a line is being executed
  bool too_long_ = false;  // what comes up to the next end belongs to a line that is dropped
  Outcome::Continuation prompted_;
  std::set<std::string, std::less<>> unknown_;
};

}  // namespace socketcore
