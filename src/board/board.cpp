#include "board/board.hpp"

#include <cerrno>
#include <cstring>

#include "device/core.hpp"

namespace socketcore {
namespace {

constexpr std::size_t kUartBuffer = 2048;  // as on the device
constexpr std::size_t kUsbBuffer = 8192;

}  // namespace

std::unique_ptr<Board> Board::create(Reactor& reactor, Device& device, Clock& clock, Log* log,
                                     const BoardSettings& settings, std::string& problem) {
  std::unique_ptr<Board> board(new Board(reactor, device, clock, log, settings));
  problem = board->join(settings);
  if (!problem.empty()) return nullptr;
  return board;
}

Board::Board(Reactor& reactor, Device& device, Clock& clock, Log* log, const BoardSettings& settings)
    : loop_(reactor.core().loop()),
      device_(device),
      clock_(clock),
      log_(log),
      alarms_(*this),
      parts_(*this, settings.power_on_reason),
      modem_(settings.modem, *this),
      at_port_(modem_, device_, kAtPort),
      update_(settings.data_folder) {
  try {
    token_ = loop_.attach(alarms_);  // not earlier: a member that could not be made would leave it behind
    for (std::size_t i = 0; i < kTimers; ++i) timers_[i] = loop_.timers().make(token_, static_cast<std::uint32_t>(i));
    for (const std::int32_t id : {1, 2, 3}) uarts_.try_emplace(id, loop_, device_, log_, id, kUartBuffer);
    uarts_.try_emplace(kUsbPort, loop_, device_, log_, kUsbPort, kUsbBuffer);
  } catch (...) {
    leave_loop();
    throw;
  }
}

Board::~Board() { leave_loop(); }

void Board::leave_loop() noexcept {
  for (const TimerKey timer : timers_) loop_.timers().destroy(timer);
  loop_.detach(token_);
}

std::string Board::join(const BoardSettings& settings) {
  for (const auto& [id, path, end] : settings.uarts) {
    const auto found = uarts_.find(id);
    if (found == uarts_.end()) return "uart " + std::to_string(id) + ": there is no such port";
    joined_ = true;
    if (const SysError error = found->second.join(path, end); !error.ok()) {
      return "uart " + std::to_string(id) + ": " + path + ": " + std::string(error.words());
    }
  }
  if (!settings.trace_file.empty()) {
    trace_.open(settings.trace_file, std::ios::app);
    if (!trace_) return "trace file " + settings.trace_file + ": " + std::strerror(errno);
  }
  if (!settings.control_fifo.empty()) {
    ControlInput::User& user = *this;  // a base that only we know of
    control_ = std::make_unique<ControlInput>(loop_, user);
    if (const SysError error = control_->open(settings.control_fifo.c_str()); !error.ok()) {
      return "control FIFO " + settings.control_fifo + ": " + std::string(error.words());
    }
  }
  return settings.parts_file.empty() ? std::string() : do_file(settings.parts_file);
}

std::string Board::do_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return "parts file " + path + ": " + std::strerror(errno);
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const std::string problem = control(line);
    if (!problem.empty()) return path + ":" + std::to_string(number) + ": " + problem;
  }
  return {};
}

void Board::before_wait() noexcept {
  power_on();
  at_port_.tell_again();
  for (auto& [id, uart] : uarts_) uart.tell_again();
}

void Board::power_on() noexcept {
  if (powered_) return;
  try {
    modem_.power_on();
    powered_ = true;
  } catch (...) {
    log(LogLevel::error, "the modem could not start: out of memory");
  }
}

bool Board::idle() const noexcept {
  if (joined_ || control_ != nullptr) return false;
  for (const TimerKey timer : timers_) {
    if (loop_.timers().armed(timer)) return false;
  }
  return true;
}

Port* Board::port(std::int32_t id) noexcept {
  if (id == kAtPort) return &at_port_;
  const auto found = uarts_.find(id);
  return found != uarts_.end() ? &found->second : nullptr;
}

std::string Board::control(std::string_view line) noexcept try {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line[begin] == '#') return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  return Parts::knows(word) ? parts_.control(line) : modem_.control(line);
} catch (...) {
  return "out of memory";
}

void Board::control_line(std::string_view line) noexcept try {
  if (const std::string problem = control(line); !problem.empty()) log(LogLevel::warning, "control line: " + problem);
} catch (...) {
  log(LogLevel::warning, "control line: out of memory");
}

void Board::set_clock(WallTime time) noexcept {
  clock_.set(time);
  parts_.clock_changed();
}

void Board::trace(std::string_view line) noexcept try {
  log(LogLevel::debug, line);
  if (!trace_.is_open()) return;
  trace_ << line << std::endl;  // whoever watches reads it at once
  if (trace_) return;
  trace_.close();
  log(LogLevel::error, "the trace file cannot be written any more: it ends here");
} catch (...) {
  // A watcher that cannot be told does not hold up the device.
}

void Board::log(LogLevel level, std::string_view line) noexcept {
  if (log_ != nullptr && log_->wants(level)) log_->write(level, line);
}

void Board::on_timer(std::uint32_t cookie) noexcept {
  if (cookie == kModemTimer) {
    try {
      modem_.on_timer();
    } catch (...) {
      log(LogLevel::error, "the modem could not go on: out of memory");
    }
  } else {
    parts_.on_timer(static_cast<PartTimer>(cookie - kFirstPartTimer));
  }
}

void Board::arm(Duration after) noexcept { loop_.timers().arm(timers_[kModemTimer], later(now(), after)); }
Instant Board::now() noexcept { return loop_.os().now(); }

// How often this machine asks and sends again is its own business: the limits of the contract hold either way.
void Board::tune_dns(int /*retries*/, int /*factor*/) noexcept {
  log(LogLevel::debug, "AT*DNSTMOUT: names are asked for as this machine is set up to");
}
void Board::tune_tcp(int /*retries*/, int /*longest_wait_s*/) noexcept {
  log(LogLevel::debug, "AT+TCPUSERPARAM: segments are sent again as this machine's kernel does");
}

bool Board::post(EventKind kind, std::int32_t first, std::int32_t second) noexcept {
  if (!device_.promise_event()) {
    log(LogLevel::error, "a message of the device is lost: out of memory");
    return false;
  }
  device_.post_event(kind, first, second);
  return true;
}

void Board::arm(PartTimer timer, Duration delay) noexcept {
  loop_.timers().arm(timers_[kFirstPartTimer + static_cast<std::size_t>(timer)], later(now(), delay));
}

void Board::disarm(PartTimer timer) noexcept {
  loop_.timers().disarm(timers_[kFirstPartTimer + static_cast<std::size_t>(timer)]);
}

}  // namespace socketcore
