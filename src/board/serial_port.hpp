#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/byte_queue.hpp"
#include "loop/loop.hpp"
#include "socketcore/log.hpp"

namespace socketcore {

/// A serial line of this machine that one UART of a device is joined to: a serial device, an end of somebody's pseudo
/// terminal, or our end of one that outlives the device. One that goes away is looked for every second.
class SerialPort final : public Handler {
 public:
  /// Whom it tells. The calls come from a turn, or from within a call of the port.
  class User {
   public:
    /// There is something to read().
    virtual void arrived() noexcept = 0;
    /// All that write() took has gone.
    virtual void drained() noexcept = 0;

   protected:
    ~User() = default;
  };

  /// `path`: of a terminal; `end`: our end of a pseudo terminal, which stays the caller's, or -1 for none, and then `path` is
  /// opened. `name` is for people. Throws std::bad_alloc only.
  SerialPort(Loop& loop, Log* log, User& user, std::string name, std::string path, int end);
  ~SerialPort() override;
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;

  /// To be called once, before all else.
  [[nodiscard]] SysError open() noexcept;
  [[nodiscard]] SysError set_line(const SerialLine& line) noexcept;

  /// Takes what has arrived, as much as fits. 0: nothing.
  [[nodiscard]] std::size_t read(std::span<std::byte> into) noexcept;
  /// Takes all of `data`, or none where more than kMaxUnsent bytes would wait for the line. What is written while nobody
  /// has the other end open is gone, as it is on a wire. drained() follows, within this call if all has gone.
  [[nodiscard]] bool write(std::span<const std::byte> data) noexcept;
  [[nodiscard]] std::size_t unsent() const noexcept { return unsent_.size(); }

  static constexpr std::size_t kMaxUnsent = std::size_t{64} * 1024;

  void on_ready(Readiness what) noexcept override;
  void on_timer(std::uint32_t cookie) noexcept override;

 private:
  void flush() noexcept;
  void lose(SysError error) noexcept;
  void tell(LogLevel level, std::string_view what, std::string_view more = {}) const noexcept;

  Loop& loop_;
  Log* log_;
  User& user_;
  const std::string name_;
  const std::string path_;
  const int end_;
  Token token_;
  TimerKey search_;
  OwnedFd fd_;
  SerialLine line_;
  bool line_set_ = false;
  ByteQueue unsent_;
};

}  // namespace socketcore
