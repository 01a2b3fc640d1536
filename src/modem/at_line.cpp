#include "modem/at_line.hpp"

#include <utility>

#include "modem/text.hpp"

namespace socketcore {
namespace {

bool is_letter(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_name(char c) noexcept {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Reads a line from left to right. Each step answers false where the line is malformed.
class Reader {
 public:
  explicit Reader(std::string_view line) noexcept : left_(line) {}

  bool commands(std::vector<Command>& into) {
    while (true) {
      skip(' ');
      if (left_.empty()) return true;
      Command command;
      if (!(extended_prefix() ? extended(command) : basic(command))) return false;
      into.push_back(std::move(command));
    }
  }

 private:
  [[nodiscard]] char peek() const noexcept { return left_.empty() ? '\0' : left_.front(); }
  void skip(char character) noexcept {
    while (peek() == character) left_.remove_prefix(1);
  }
  bool accept(char character) noexcept {
    if (left_.empty() || left_.front() != character) return false;
    left_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool extended_prefix() const noexcept {
    return std::string_view("+*^$%#!@").find(peek()) != std::string_view::npos;
  }
  template <typename Accepts>
  std::string_view take_while(Accepts accepts) noexcept {
    std::size_t size = 0;
    while (size < left_.size() && accepts(left_[size])) ++size;
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  /// Nothing may follow an extended command but a ';' or the end.
  bool end_of_extended() noexcept {
    skip(' ');
    return left_.empty() || accept(';');
  }

  bool extended(Command& command) {
    command.name = left_.front();
    left_.remove_prefix(1);
    if (!is_letter(peek())) return false;
    command.name += upper(take_while(is_name));
    skip(' ');
    if (accept('?')) {
      command.form = Form::read;
      return end_of_extended();
    }
    if (!accept('=')) return end_of_extended();
    skip(' ');
    if (accept('?')) {
      command.form = Form::test;
      return end_of_extended();
    }
    command.form = Form::set;
    return arguments(command) && end_of_extended();
  }

  bool arguments(Command& command) {
    while (true) {
      skip(' ');
      Argument argument;
      if (accept('"')) {
        argument.quoted = true;
        argument.text = take_while([](char c) { return c != '"'; });
        if (!accept('"')) return false;
        skip(' ');
      } else {
        argument.text = trimmed(take_while([](char c) { return c != ',' && c != ';' && c != '"'; }));
      }
      command.arguments.push_back(std::move(argument));
      if (accept(',')) continue;
      return left_.empty() || peek() == ';';
    }
  }

  bool basic(Command& command) {
    if (accept('&')) command.name = '&';
    if (!is_letter(peek())) return false;
    command.name += upper(left_.substr(0, 1));
    left_.remove_prefix(1);
    if (command.name == "D") {
      command.form = Form::set;
      command.dialled = trimmed(take_while([](char c) { return c != ';'; }));
      accept(';');
      return true;
    }
    const std::string_view digits = take_while(is_digit);
    if (!digits.empty()) {
      command.form = Form::set;
      command.arguments.push_back({std::string(digits), false});
    }
    if (accept('?')) {
      command.form = Form::read;
    } else if (accept('=')) {
      command.form = accept('?') ? Form::test : Form::set;
      const std::string_view value = take_while(is_digit);
      if (!value.empty()) command.arguments.push_back({std::string(value), false});
    }
    accept(';');
    return true;
  }

  std::string_view left_;
};

/// Quotes hide everything but control characters; outside of them only ASCII is text.
bool printable(std::string_view line) noexcept {
  bool in_quotes = false;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') in_quotes = !in_quotes;
    if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && !in_quotes)) return false;
  }
  return true;
}

}  // namespace

bool Command::has(std::size_t place) const noexcept {
  return place < arguments.size() && (arguments[place].quoted || !arguments[place].text.empty());
}

std::string_view Command::text(std::size_t place) const noexcept {
  return place < arguments.size() ? std::string_view(arguments[place].text) : std::string_view();
}

std::optional<int> Command::number(std::size_t place) const noexcept {
  if (place >= arguments.size() || arguments[place].quoted) return std::nullopt;
  return number_of(arguments[place].text);
}

std::optional<int> Command::number(std::size_t place, int least, int most) const noexcept {
  const auto value = number(place);
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

std::optional<int> Command::number_or(std::size_t place, int otherwise, int least, int most) const noexcept {
  return has(place) ? number(place, least, most) : std::optional(otherwise);
}

std::optional<std::vector<Command>> parse_line(std::string_view line) {
  line = trimmed(line);
  if (line.size() < 2 || upper(line.substr(0, 2)) != "AT" || !printable(line)) return std::nullopt;
  std::vector<Command> commands;
  if (!Reader(line.substr(2)).commands(commands)) return std::nullopt;
  return commands;
}

}  // namespace socketcore
