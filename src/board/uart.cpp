#include "board/uart.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace socketcore {

Uart::Uart(Loop& loop, Device& device, Log* log, std::int32_t id, std::size_t buffer_bytes)
    : loop_(loop), device_(device), log_(log), id_(id), capacity_(buffer_bytes) {}

Uart::~Uart() {
  for (; unanswered_ > 0; --unanswered_) device_.redeem_event();
}

SysError Uart::join(std::string path, int end) {
  SerialPort::User& user = *this;  // a base that only we know of
  line_ = std::make_unique<SerialPort>(loop_, log_, user, "uart " + std::to_string(id_), std::move(path), end);
  return line_->open();
}

SysError Uart::set_up(const PortSetup& setup) noexcept {
  if (open_) return {};
  try {
    input_.make_room(2 * capacity_);  // so that the queue never needs more, however its head and tail lie
  } catch (...) {
    return SysError::no_memory();
  }
  if (line_) {
    if (const SysError error = line_->set_line(setup.line); !error.ok()) return error;
  }
  setup_ = setup;
  open_ = true;
  arrived();  // what came before the port was open
  return {};
}

void Uart::close() noexcept {
  open_ = untold_ = false;
  input_.clear();
}

std::size_t Uart::write(std::span<const std::byte> data) noexcept {
  if (!open_) return 0;
  if (setup_.tell_when_sent && !device_.promise_event()) return 0;
  if (setup_.tell_when_sent) ++unanswered_;
  if (!line_) {
    say_once();
    drained();
  } else if (!line_->write(data)) {
    if (setup_.tell_when_sent) {
      --unanswered_;
      device_.redeem_event();
    }
    return 0;
  }
  return data.size();
}

void Uart::say_once() noexcept {
  if (std::exchange(said_, true) || log_ == nullptr || !log_->wants(LogLevel::info)) return;
  try {
    log_->write(LogLevel::info, "uart " + std::to_string(id_) + " is joined to nothing: what is written to it is dropped");
  } catch (...) {
    // Not worth more than memory.
  }
}

std::string_view Uart::peek(std::size_t limit) noexcept {
  if (open_) top_up();
  const auto bytes = input_.front();
  return {reinterpret_cast<const char*>(bytes.data()), std::min(limit, bytes.size())};
}

std::string_view Uart::peek_line() noexcept {
  const std::string_view all = peek(capacity_);
  const std::size_t end = all.find('\n');
  return end != std::string_view::npos ? all.substr(0, end + 1) : all;
}

void Uart::consume(std::size_t count) noexcept {
  input_.consume(std::min(count, input_.size()));
  if (input_.empty()) arrived();
}

void Uart::arrived() noexcept {
  if (!open_) return;
  untold_ = untold_ || input_.empty();
  top_up();
  if (input_.empty() || !untold_ || setup_.polled) return;
  if (!device_.promise_event()) return;  // told with what arrives next
  untold_ = false;
  device_.post_event(EventKind::uart_received, id_, 0);
}

// The room was made in set_up().
void Uart::top_up() noexcept {
  if (!line_) return;
  std::array<std::byte, 1024> chunk;
  while (input_.size() < capacity_) {
    const std::size_t size = line_->read(std::span(chunk).first(std::min(chunk.size(), capacity_ - input_.size())));
    if (size == 0) return;
    input_.append(std::span(chunk).first(size));
  }
}

void Uart::drained() noexcept {
  for (; unanswered_ > 0; --unanswered_) device_.post_event(EventKind::uart_sent, id_, 0);
}

}  // namespace socketcore
