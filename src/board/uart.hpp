#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_queue.hpp"
#include "board/port.hpp"
#include "board/serial_port.hpp"
#include "socketcore/device.hpp"

namespace socketcore {

/// One UART of a device: what a script sets up, writes and reads. Joined to a serial line of this machine, or to none: then
/// what is written goes nowhere, which the log says once.
class Uart final : public Port, private SerialPort::User {
 public:
  /// Throws std::bad_alloc only.
  Uart(Loop& loop, Device& device, Log* log, std::int32_t id, std::size_t buffer_bytes);
  ~Uart() override;

  /// Joins it to a line (see SerialPort). To be called at most once.
  [[nodiscard]] SysError join(std::string path, int end = -1);

  [[nodiscard]] SysError set_up(const PortSetup& setup) noexcept override;
  [[nodiscard]] bool is_open() const noexcept override { return open_; }
  void close() noexcept override;
  /// One uart_sent event for each write that was taken, if asked for, once all of it has gone.
  std::size_t write(std::span<const std::byte> data) noexcept override;
  /// As far as it fits into the port's buffer; the rest waits in the line.
  [[nodiscard]] std::string_view peek(std::size_t limit) noexcept override;
  [[nodiscard]] std::string_view peek_line() noexcept override;
  void consume(std::size_t count) noexcept override;
  /// Posts the uart_received event for which there was no memory.
  void tell_again() noexcept {
    if (untold_ && !setup_.polled && !input_.empty()) arrived();
  }

 private:
  void arrived() noexcept override;
  void drained() noexcept override;
  void top_up() noexcept;
  void say_once() noexcept;

  Loop& loop_;
  Device& device_;
  Log* log_;
  const std::int32_t id_;
  const std::size_t capacity_;
  std::unique_ptr<SerialPort> line_;
  ByteQueue input_;
  PortSetup setup_;
  std::size_t unanswered_ = 0;  // writes whose uart_sent is to come
  bool open_ = false;
  bool untold_ = false;         // input has come that the script was not told of
  bool said_ = false;
};

}  // namespace socketcore
