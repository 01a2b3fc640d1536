#include "board/at_port.hpp"

#include <algorithm>

namespace socketcore {

SysError AtPort::set_up(const PortSetup& setup) noexcept {
  if (open_) return {};
  setup_ = setup;
  open_ = true;
  if (modem_.available() > 0) output_ready();
  return {};
}

std::size_t AtPort::write(std::span<const std::byte> data) noexcept {
  if (!open_) return 0;
  if (untold_) output_ready();
  const bool tell = setup_.tell_when_sent && device_.promise_event();
  std::size_t taken = 0;
  try {
    taken = modem_.write({reinterpret_cast<const char*>(data.data()), data.size()});
  } catch (...) {
    // Out of memory: what was not taken may be written again.
  }
  if (tell) device_.post_event(EventKind::uart_sent, id_, 0);
  return taken;
}

std::string_view AtPort::peek(std::size_t limit) noexcept try {
  if (open_ && taken_.empty()) taken_ = modem_.read(limit);
  return taken_.substr(0, limit);
} catch (...) {
  return {};
}

std::string_view AtPort::peek_line() noexcept try {
  if (open_ && taken_.empty()) taken_ = modem_.read_line();
  const std::size_t end = taken_.find('\n');
  return taken_.substr(0, end != std::string_view::npos ? end + 1 : end);
} catch (...) {
  return {};
}

void AtPort::consume(std::size_t count) noexcept { taken_.remove_prefix(std::min(count, taken_.size())); }

void AtPort::output_ready() noexcept {
  untold_ = true;
  if (!open_ || setup_.polled || !device_.promise_event()) return;
  untold_ = false;
  device_.post_event(EventKind::uart_received, id_, 0);
}

}  // namespace socketcore
