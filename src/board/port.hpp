#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "socketcore/os.hpp"

namespace socketcore {

struct PortSetup {
  SerialLine line;
  bool polled = false;          ///< no uart_received events: the script asks
  bool tell_when_sent = false;  ///< a uart_sent event for each write
};

/// What a script opens, writes and reads by a port number: a UART, or the modem's AT port.
class Port {
 public:
  virtual ~Port() = default;

  /// Opens the port; one that is open stays as it is. Fails where the line refuses the settings.
  [[nodiscard]] virtual SysError set_up(const PortSetup& setup) noexcept = 0;
  [[nodiscard]] virtual bool is_open() const noexcept = 0;
  virtual void close() noexcept = 0;

  /// Bytes taken: all, or 0 if the port is not open or a slow line has too much to send already.
  virtual std::size_t write(std::span<const std::byte> data) noexcept = 0;

  /// What read() of up to `limit` bytes would take; it stays until it is consumed. The view lives until the next call of
  /// the port or of the reactor.
  [[nodiscard]] virtual std::string_view peek(std::size_t limit) noexcept = 0;
  /// The same up to and including the next LF, or everything there is without one.
  [[nodiscard]] virtual std::string_view peek_line() noexcept = 0;
  virtual void consume(std::size_t count) noexcept = 0;
};

}  // namespace socketcore
