#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>

namespace socketcore {

/// What the modem has to say, line by line, until the script reads it.
///
/// An unsolicited line (URC) never stands between a command and its final result: begin_command() takes those that the
/// script has not begun to read out of the queue, and they follow, with those that came meanwhile, after end_command().
class Output {
 public:
  /// So many bytes of URCs are kept; beyond it the oldest are dropped.
  static constexpr std::size_t kMostUrcBytes = 8192;

  /// A line of an answer: CR LF, the text, CR LF.
  void answer(std::string_view text);
  /// The final result ERROR, for which there is always memory while ready() is true.
  void refuse() noexcept;
  /// Whether that memory is there, or could be had again.
  [[nodiscard]] bool ready() noexcept;
  /// "> ", which has no line end.
  void prompt();
  void urc(std::string_view text);

  void begin_command() noexcept;
  void end_command() noexcept;
  [[nodiscard]] bool in_command() const noexcept { return in_command_; }

  [[nodiscard]] std::size_t available() const noexcept { return available_; }
  /// Takes up to and including the next LF, or everything if there is none.
  [[nodiscard]] std::string take_line();
  [[nodiscard]] std::string take(std::size_t most);
  /// How many URCs were dropped since the last call of this.
  [[nodiscard]] std::size_t take_dropped() noexcept;

 private:
  struct Entry {
    std::string text;
    bool is_urc = false;
    std::size_t taken = 0;

    [[nodiscard]] std::string_view rest() const noexcept { return std::string_view(text).substr(taken); }
    /// The blank line before the text says nothing: who read only that has not begun to read the line.
    [[nodiscard]] bool begun() const noexcept { return taken > 2; }
  };

  using Entries = std::list<Entry>;

  void put(Entry&& entry);
  void put_all(Entries& entries) noexcept;
  void trim_urcs();

  Entries lines_;
  Entries held_;
  Entries spare_{1};  // for refuse()
  std::size_t available_ = 0;  // bytes in lines_
  std::size_t urc_bytes_ = 0;  // in both
  std::size_t dropped_ = 0;
  bool in_command_ = false;
};

}  // namespace socketcore
