#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "modem/outcome.hpp"
#include "modem/settings.hpp"

namespace socketcore {

class Machine;

/// The SIM, the network and the data link.
///
/// Registered needs: the radio on (AT+CFUN=1), a SIM that is unlocked, the script's consent (AT+COPS, AT+CGATT), a link
/// that is up and a network that lets the modem in. Where one of them goes, the registration goes at once, and with it
/// the data link and calls; where all are there, it comes by itself after the attach time.
class Radio {
 public:
  enum class SimState : std::uint8_t { ready, absent, pin, puk };
  /// The numbers of +CREG.
  enum class Status : std::uint8_t { idle = 0, home = 1, searching = 2, denied = 3, roaming = 5 };
  /// Which of +CREG, +CGREG and +CEREG.
  enum class Domain : std::uint8_t { circuit, packet, eps };

  explicit Radio(Machine& machine);

  /// Calls `booted` when the modem can take commands.
  void power_on(std::function<void()> booted);

  // The SIM.
  [[nodiscard]] SimState sim() const noexcept { return sim_; }
  /// "READY", "SIM PIN"; what +CPIN says.
  [[nodiscard]] std::string_view sim_text() const noexcept;
  /// Whether its contents can be read.
  [[nodiscard]] bool sim_readable() const noexcept { return function_ != 0 && sim_ == SimState::ready; }
  /// The error of a command that cannot read it.
  [[nodiscard]] Outcome sim_error() const;
  [[nodiscard]] Outcome enter_pin(std::string_view pin);
  [[nodiscard]] Outcome enter_puk(std::string_view puk, std::string_view new_pin);
  /// Whether a SIM asks for its PIN when it is started.
  [[nodiscard]] bool pin_lock() const noexcept { return pin_lock_; }
  [[nodiscard]] Outcome set_pin_lock(bool on, std::string_view pin);
  [[nodiscard]] Outcome change_pin(std::string_view old_pin, std::string_view new_pin);
  void insert_sim();
  void remove_sim();
  /// The script has the IMSI, so that the network may be found: as soon as it listens for +CREG or +CGREG, too. Found
  /// earlier, the network would be noticed late; scripts that do neither find it a little later.
  void imsi_was_read();

  // The radio.
  [[nodiscard]] int function() const noexcept { return function_; }
  /// 0, 1 or 4, as AT+CFUN.
  void set_function(int function);

  // The network.
  [[nodiscard]] Status status() const noexcept { return status_; }
  [[nodiscard]] bool registered() const noexcept { return status_ == Status::home || status_ == Status::roaming; }
  [[nodiscard]] bool wanted() const noexcept { return wanted_; }
  void set_wanted(bool wanted);
  void set_link(bool up);
  /// To be called after settings.registration was changed.
  void registration_changed() { refresh(); }
  /// 0 no URCs, 1 the status, 2 the place too.
  void set_report(Domain domain, int mode);
  [[nodiscard]] int report(Domain domain) const noexcept { return reports_[static_cast<std::size_t>(domain)]; }
  /// "1" or `1,"18be","0183dd6b",7`: what follows the mode in the answer to AT+CREG?.
  [[nodiscard]] std::string status_text(int mode) const;
  /// As AT+CSQ counts: 99 without a network.
  [[nodiscard]] int rssi() const noexcept;
  /// As AT+CESQ counts: 255 without a network.
  [[nodiscard]] int rsrp() const noexcept;

  // The data link.
  [[nodiscard]] bool context() const noexcept { return context_; }
  void set_context(bool active);

 private:
  void start_sim();
  void announce_sim();
  void start_services();
  /// Brings the status in line with what changed; a network that can be had is found after `delay`.
  void refresh(Duration delay);
  void refresh();
  void hasten();
  void enter();
  void drop(Status status);
  void tell_status();
  void set_radio(bool up);
  void wrong_pin();

  Machine& machine_;
  SimState sim_ = SimState::ready;
  bool pin_lock_ = false;
  int pin_tries_ = 3;
  int puk_tries_ = 10;
  int function_ = 1;
  bool booted_ = false;
  bool wanted_ = true;
  bool link_up_ = true;
  bool radio_up_ = true;
  bool context_ = false;
  bool imsi_read_ = false;
  bool services_told_ = false;
  Status status_ = Status::idle;
  std::array<int, 3> reports_{};
};

/// Where the modem is.
struct Cell {
  static constexpr int area = 0x18be;
  static constexpr int id = 0x0183dd6b;
  static constexpr int channel = 39148;
  static constexpr int technology = 7;  ///< LTE
};

}  // namespace socketcore
