#include "modem/interpreter.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "modem/command_table.hpp"
#include "modem/machine.hpp"
#include "modem/text.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;

constexpr char kCancel = '\x1b';
constexpr std::string_view kArgumentEnds = "\x1a\x1b";
constexpr std::size_t kMostUnknownNames = 256;

Duration time_of(Speed speed) noexcept {
  switch (speed) {
    case Speed::quick:
      return 5ms;
    case Speed::sim:
      return 40ms;
    case Speed::network:
      return 120ms;
    case Speed::slow:
      break;
  }
  return 700ms;
}

std::string_view words_of_cme(int code) noexcept {
  switch (code) {
    case cme::not_allowed:
      return "operation not allowed";
    case cme::sim_not_inserted:
      return "SIM not inserted";
    case cme::sim_pin:
      return "SIM PIN required";
    case cme::sim_puk:
      return "SIM PUK required";
    case cme::wrong_password:
      return "incorrect password";
    case cme::memory_full:
      return "memory full";
    case cme::invalid_index:
      return "invalid index";
    case cme::no_network:
      return "no network service";
    default:
      return "unknown";
  }
}

std::string result_line(const Outcome& outcome, int error_style) {
  switch (outcome.kind) {
    case Outcome::Kind::cme:
      if (error_style == 1) return join("+CME ERROR: ", outcome.code);
      if (error_style == 2) return join("+CME ERROR: ", words_of_cme(outcome.code));
      return "ERROR";
    case Outcome::Kind::cms:
      return join("+CMS ERROR: ", outcome.code);
    case Outcome::Kind::error:
      return "ERROR";
    default:
      return "OK";
  }
}

}  // namespace

// Whatever happens, a command has one final result.
template <typename Does>
void Interpreter::answering(Does does) noexcept try {
  does();
} catch (...) {
  machine_.log(LogLevel::error, "modem: a command could not be executed: out of memory");
  prompted_ = nullptr;
  finish(Outcome::error());
}

std::size_t Interpreter::write(std::string_view bytes) {
  std::size_t taken = 0;
  if (!machine_.output.ready()) return taken;  // there is no memory to answer with
  while (taken < bytes.size() && input_.size() < kMostInput) {
    const std::string_view piece = bytes.substr(taken, kMostInput - input_.size());
    input_ += piece;
    taken += piece.size();
    pump();
  }
  return taken;
}

void Interpreter::start() noexcept {
  running_ = true;
  pump();
}

void Interpreter::pump() noexcept {
  while (running_ && !busy_ && machine_.output.available() < kMostUnread) {
    if (!(prompted_ ? take_argument() : take_line())) return;
  }
}

bool Interpreter::take_line() {
  const auto begin = input_.find_first_not_of("\r\n");
  const auto end = begin == std::string::npos ? begin : input_.find('\r', begin);
  if (end == std::string::npos) {
    if (begin != std::string::npos && input_.size() <= kLongestLine) return false;
    too_long_ = too_long_ || begin != std::string::npos;
    input_.clear();
    return false;
  }
  const std::string_view line = std::string_view(input_).substr(begin, end - begin);
  const bool dropped = std::exchange(too_long_, false) || line.size() > kLongestLine;
  if (dropped) {
    machine_.log(LogLevel::warning, "modem: a line of more than 4096 characters is no AT command");
    machine_.output.begin_command();
    finish(Outcome::error());
  } else {
    answering([&] { execute(line); });
  }
  input_.erase(0, end + 1);
  return true;
}

bool Interpreter::take_argument() {
  const auto end = input_.find_first_of(kArgumentEnds);
  if (end == std::string::npos) {
    if (input_.size() > kLongestLine) {
      too_long_ = true;
      input_.clear();
    }
    return false;
  }
  std::string_view argument = std::string_view(input_).substr(0, end);
  if (argument.substr(0, 1) == "\n") argument.remove_prefix(1);  // of the CR LF behind the command
  const bool dropped = std::exchange(too_long_, false) || argument.size() > kLongestLine;
  const auto then = std::exchange(prompted_, nullptr);
  answering([&] {
    if (input_[end] == kCancel) {
      finish(Outcome::ok());
    } else if (dropped) {
      finish(Outcome::cms(cms::invalid_text));
    } else if (machine_.settings.timing == ModemTiming::instant) {
      finish(then(argument));
    } else {
      machine_.later(Topic::command, time_of(Speed::slow),
                     [this, then, text = std::string(argument)] { answering([&] { finish(then(text)); }); });
      busy_ = true;
    }
  });
  input_.erase(0, end + 1);
  return true;
}

void Interpreter::execute(std::string_view line) {
  machine_.output.begin_command();
  auto commands = parse_line(line);
  if (!commands) return finish(Outcome::error());
  if (machine_.settings.timing == ModemTiming::instant) return run_commands(*commands);
  Duration time = commands->empty() ? time_of(Speed::quick) : Duration{0};
  for (const Command& command : *commands) {
    const KnownCommand* known = find_command(command.name);
    time += time_of(known != nullptr ? known->speed : Speed::quick);
  }
  machine_.later(Topic::command, time, [this, all = std::move(*commands)] { answering([&] { run_commands(all); }); });
  busy_ = true;
}

void Interpreter::run_commands(const std::vector<Command>& commands) {
  Outcome outcome;
  for (std::size_t i = 0; i < commands.size() && outcome.kind == Outcome::Kind::ok; ++i) {
    outcome = run_one(commands[i]);
    // The argument's end is the line's end: nothing can follow a prompt.
    if (outcome.kind == Outcome::Kind::prompt && i + 1 < commands.size()) outcome = Outcome::error();
  }
  if (outcome.kind != Outcome::Kind::prompt) return finish(outcome);
  busy_ = false;
  prompted_ = std::move(outcome.then);
  machine_.put([this] { machine_.output.prompt(); });
}

Outcome Interpreter::run_one(const Command& command) {
  if (const KnownCommand* known = find_command(command.name)) return run(*known, machine_, command);
  if (unknown_.size() < kMostUnknownNames && unknown_.insert(command.name).second) {
    machine_.log(LogLevel::warning, join("modem: unknown command AT", command.name, ", answered OK"));
  }
  return Outcome::ok();
}

void Interpreter::finish(const Outcome& outcome) noexcept {
  busy_ = false;
  try {
    machine_.line(result_line(outcome, machine_.error_style));
  } catch (...) {
    machine_.put([this] { machine_.output.refuse(); });
  }
  try {
    machine_.run_effects();
  } catch (...) {
    machine_.log(LogLevel::error, "modem: what a command sets off is lost: out of memory");
  }
  machine_.put([this] { machine_.output.end_command(); });
}

}  // namespace socketcore
