#pragma once

#include <functional>
#include <string_view>

#include "board/port.hpp"
#include "modem/modem.hpp"
#include "socketcore/device.hpp"

namespace socketcore {

/// The port behind which the modem sits. Its lines wait in the modem until they are read, so that it can keep URCs out of
/// answers.
class AtPort final : public Port {
 public:
  AtPort(Modem& modem, Device& device, std::int32_t id) noexcept : modem_(modem), device_(device), id_(id) {}

  [[nodiscard]] SysError set_up(const PortSetup& setup) noexcept override;
  [[nodiscard]] bool is_open() const noexcept override { return open_; }
  void close() noexcept override { open_ = false; }
  std::size_t write(std::span<const std::byte> data) noexcept override;
  [[nodiscard]] std::string_view peek(std::size_t limit) noexcept override;
  [[nodiscard]] std::string_view peek_line() noexcept override;
  void consume(std::size_t count) noexcept override;

  /// The modem has something to say, where it had nothing before.
  void output_ready() noexcept;
  /// Posts the uart_received event for which there was no memory.
  void tell_again() noexcept {
    if (untold_ && open_ && !setup_.polled && modem_.available() > 0) output_ready();
  }

 private:
  Modem& modem_;
  Device& device_;
  const std::int32_t id_;
  std::string_view taken_;  // from the modem, which keeps it until it is read again, and not consumed
  PortSetup setup_;
  bool open_ = false;
  bool untold_ = false;
};

}  // namespace socketcore
