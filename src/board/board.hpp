#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "board/at_port.hpp"
#include "board/clock.hpp"
#include "board/control_input.hpp"
#include "board/parts/parts.hpp"
#include "board/uart.hpp"
#include "board/update.hpp"
#include "modem/modem.hpp"
#include "socketcore/device.hpp"
#include "socketcore/log.hpp"

namespace socketcore {

/// What a UART is joined to (SerialPort).
struct UartLine {
  std::int32_t port = 0;
  std::string path;
  int end = -1;
};

struct BoardSettings {
  ModemSettings modem;
  std::vector<UartLine> uarts;
  std::filesystem::path data_folder;  ///< the flash, for updates over the air
  std::string control_fifo;  ///< a FIFO whose lines drive the modem and the parts; empty: none
  std::string parts_file;    ///< a file of such lines, done at the start; empty: none
  std::string trace_file;    ///< where what the script does to the parts is written, line by line; empty: nowhere
  PowerOnReason power_on_reason = PowerOnReason::key;
};

/// What one virtual device has besides its sockets and timers: the modem, the UARTs, the virtual parts. On the reactor's
/// thread. Never calls up: what it has to tell, it posts into the device's queue.
class Board final : private ModemSite, private PartsSite, private ControlInput::User {
 public:
  static constexpr std::int32_t kAtPort = 0x7f;
  static constexpr std::int32_t kUsbPort = 0x81;

  /// `reactor`, `device`, `clock` and `log` (may be null) must outlive it. Null where something cannot be had: `problem`
  /// says what and why. Throws std::bad_alloc only.
  [[nodiscard]] static std::unique_ptr<Board> create(Reactor& reactor, Device& device, Clock& clock, Log* log,
                                                     const BoardSettings& settings, std::string& problem);
  ~Board() override;
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  /// The script is about to wait. The modem starts, the first time; ports tell what memory was too short to tell.
  void before_wait() noexcept;
  /// The modem starts, the first time that this is called.
  void power_on() noexcept;
  /// Nothing of it will ever happen by itself: no UART is joined to a line, nobody can drive it, no timer runs.
  [[nodiscard]] bool idle() const noexcept;

  /// Null: the device has no such port.
  [[nodiscard]] Port* port(std::int32_t id) noexcept;
  [[nodiscard]] Parts& parts() noexcept { return parts_; }
  [[nodiscard]] const std::string& firmware() const noexcept { return modem_.firmware(); }
  [[nodiscard]] Update& update() noexcept { return update_; }

  /// One line of those that drive the modem or the parts. Returns why it could not be done, for people; empty: done.
  [[nodiscard]] std::string control(std::string_view line) noexcept;

  [[nodiscard]] WallTime clock() noexcept override { return clock_.now(); }
  void set_clock(WallTime time) noexcept override;

  void trace(std::string_view line) noexcept override;
  void log(LogLevel level, std::string_view line) noexcept override;

 private:
  // Which of its timers ran out. Those of the parts follow the modem's.
  static constexpr std::uint32_t kModemTimer = 0;
  static constexpr std::uint32_t kFirstPartTimer = 1;
  static constexpr std::size_t kTimers = 5;

  /// The loop's side of it.
  struct Alarms final : Handler {
    explicit Alarms(Board& owner) noexcept : board(owner) {}
    void on_timer(std::uint32_t cookie) noexcept override { board.on_timer(cookie); }
    Board& board;
  };

  Board(Reactor& reactor, Device& device, Clock& clock, Log* log, const BoardSettings& settings);
  void leave_loop() noexcept;
  [[nodiscard]] std::string join(const BoardSettings& settings);
  [[nodiscard]] std::string do_file(const std::string& path);
  void on_timer(std::uint32_t cookie) noexcept;
  void control_line(std::string_view line) noexcept override;

  // What the modem asks for.
  void output_ready() noexcept override { at_port_.output_ready(); }
  void link_lost() noexcept override { (void)post(EventKind::link_lost, 0, 0); }
  void set_radio(bool up) noexcept override { device_.set_link(up); }
  void arm(Duration after) noexcept override;
  [[nodiscard]] Instant now() noexcept override;
  void tune_dns(int retries, int factor) noexcept override;
  void tune_tcp(int retries, int longest_wait_s) noexcept override;

  // What the parts ask for.
  bool post(EventKind kind, std::int32_t first, std::int32_t second) noexcept override;
  void arm(PartTimer timer, Duration delay) noexcept override;
  void disarm(PartTimer timer) noexcept override;

  Loop& loop_;
  Device& device_;
  Clock& clock_;
  Log* log_;
  Alarms alarms_;
  Token token_;
  TimerKey timers_[kTimers];
  Parts parts_;
  Modem modem_;
  AtPort at_port_;
  std::map<std::int32_t, Uart> uarts_;
  std::unique_ptr<ControlInput> control_;
  std::ofstream trace_;
  Update update_;
  bool powered_ = false;
  bool joined_ = false;
};

}  // namespace socketcore
