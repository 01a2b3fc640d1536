#pragma once

#include <string_view>

#include "socketcore/log.hpp"
#include "socketcore/os.hpp"

namespace socketcore {

/// What a modem needs of the device around it. It may call these from inside any call of Modem; none of them may call
/// the modem back.
class ModemSite {
 public:
  virtual ~ModemSite() = default;

  /// There was nothing to read, and now there is.
  virtual void output_ready() noexcept = 0;
  /// The data link is gone: MSG_PDP_DEACT_IND is to be posted. Comes after the final result of the command that did it.
  virtual void link_lost() noexcept = 0;
  /// Whether sockets can work. They can until the first call of this; a modem that starts without a network says so in
  /// power_on().
  virtual void set_radio(bool up) noexcept = 0;
  /// Modem::on_timer() is to be called once, `after` from now. Replaces what was asked for before.
  virtual void arm(Duration after) noexcept = 0;

  [[nodiscard]] virtual Instant now() noexcept = 0;
  /// The script's clock, UTC.
  [[nodiscard]] virtual WallTime clock() noexcept = 0;
  virtual void set_clock(WallTime time) noexcept = 0;

  /// AT*DNSTMOUT: how often a name is asked for again, and the factor of the wait between.
  virtual void tune_dns(int retries, int factor) noexcept = 0;
  /// AT+TCPUSERPARAM: how often a segment is sent again, and the longest wait between in seconds.
  virtual void tune_tcp(int retries, int longest_wait_s) noexcept = 0;

  virtual void log(LogLevel level, std::string_view line) noexcept = 0;
};

}  // namespace socketcore
