#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "modem/settings.hpp"
#include "modem/site.hpp"

namespace socketcore {

/// The modem behind `uart.ATC`: AT commands in, answers and unsolicited lines (URCs) out. Pure: its only inputs are
/// these calls and what the site tells. One thread. Throws std::bad_alloc only.
///
/// Promises about the output, for scripts rest on them: a line is put out whole; no URC stands between a command and
/// its final result, not even one that came before the command and was not read yet (that one moves behind the result);
/// a malformed command is answered by ERROR, an unknown one by OK and a line in the log, once for each name.
///
/// Bounded: URCs that nobody reads are dropped beyond 8 KiB, the oldest first, with a line in the log; commands wait
/// while 8 KiB of answers are unread, and write() takes no more than 8 KiB of waiting commands.
class Modem {
 public:
  /// `settings` have to pass check(). The site has to outlive the modem.
  Modem(const ModemSettings& settings, ModemSite& site);
  ~Modem();
  Modem(const Modem&) = delete;
  Modem& operator=(const Modem&) = delete;

  /// The script has begun to listen: RDY and what follows. Commands that were written before are answered after RDY.
  /// Only the first call counts.
  void power_on();

  /// Bytes from the script. A command ends with CR (a following LF is accepted), the argument of a prompt with 0x1a.
  /// Returns how many were taken, see above; never 0 for less than 8 KiB if the script reads its answers.
  std::size_t write(std::string_view bytes);

  /// The name of the modem's firmware, as it answers AT+VER.
  [[nodiscard]] const std::string& firmware() const noexcept;

  /// How many bytes can be read.
  [[nodiscard]] std::size_t available() const noexcept;
  /// Takes up to and including the next LF; everything there is where there is none. Valid until the next call of
  /// either read.
  std::string_view read_line();
  /// Takes up to `most` bytes.
  std::string_view read(std::size_t most);

  /// The time that ModemSite::arm() asked for is over. Harmless at any other time.
  void on_timer();

  /// What happens outside, one line of words, while the modem runs or before:
  ///
  ///     sms NUMBER TEXT                a message arrives (UTF-8, any length)
  ///     call NUMBER                    somebody calls
  ///     hangup                         the other side ends the call
  ///     busy | noanswer | answer       what the other side of the outgoing call does, or of the next one
  ///     link down|up                   the network is lost and comes back
  ///     sim remove|insert
  ///     rssi N                         signal, 0..31 or 99
  ///     registration home|roaming|denied|searching
  ///     operator PLMN                  5 or 6 digits
  ///     temperature DEGREES
  ///     urc TEXT                       any unsolicited line
  ///
  /// Returns words for people if the line cannot be obeyed, else an empty text.
  std::string control(std::string_view line);
  /// Whether control() knows lines that begin with `word`.
  [[nodiscard]] static bool controls(std::string_view word) noexcept;

 private:
  struct Parts;
  template <typename Does>
  auto doing(Does does);

  std::unique_ptr<Parts> parts_;
  std::string taken_;
};

}  // namespace socketcore
