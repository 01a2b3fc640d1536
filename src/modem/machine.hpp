#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "modem/agenda.hpp"
#include "modem/calls.hpp"
#include "modem/outcome.hpp"
#include "modem/output.hpp"
#include "modem/phone_book.hpp"
#include "modem/radio.hpp"
#include "modem/settings.hpp"
#include "modem/site.hpp"
#include "modem/sms_box.hpp"

namespace socketcore {

/// How long the modem takes.
struct Pace {
  Duration boot{0};                                   ///< power-on to RDY
  Duration sim{0};                                    ///< to what the SIM says
  Duration services{0};                               ///< from there to SMS READY and CALL READY
  Duration attach{0};                                 ///< a network that was lost, or the one found by the IMSI
  Duration attach_unasked = std::chrono::seconds(1);  ///< after the SIM was ready, if the IMSI is not read
  Duration connect{0};                                ///< until the other side answers a call
  Duration no_answer{0};                              ///< until the network gives such a call up

  [[nodiscard]] static Pace of(ModemTiming timing) noexcept;
};

/// The parts of a modem, as commands and control lines see them.
class Machine {
 public:
  Machine(const ModemSettings& settings, ModemSite& site);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// A line of the answer that is being given.
  void line(std::string_view text) {
    put([&] { output.answer(text); });
  }
  void urc(std::string_view text) {
    put([&] { output.urc(text); });
  }
  /// Everything that is put out passes here: tells the site when there is something to read.
  template <typename Puts>
  void put(Puts puts) {
    const bool was_empty = output.available() == 0;
    puts();
    if (was_empty && output.available() > 0) site.output_ready();
    note_dropped();
  }
  /// Runs `effect` behind the final result of the command that is being executed; at once if there is none.
  void after_answer(std::function<void()> effect);
  void run_effects();
  /// Runs `action` in `delay`, at once if that is zero, in the place of what the topic waited for.
  void later(Topic topic, Duration delay, Agenda::Action action);
  void log(LogLevel level, std::string_view text) { site.log(level, text); }
  [[nodiscard]] LocalTime time() noexcept { return local_time(site.clock(), zone_quarters); }

  ModemSettings settings;
  ModemSite& site;
  const Pace pace;
  Output output;
  Agenda agenda;
  Radio radio;
  SmsBox sms;
  Calls calls;
  PhoneBook book;

  // What commands set and only commands read.
  int error_style = 0;  ///< AT+CMEE
  int zone_quarters;
  int sim_slot = 0;         ///< AT+SIMCROSS
  int operator_format = 2;  ///< AT+COPS=3
  bool text_mode = false;   ///< AT+CMGF
  std::string character_set = "IRA";

 private:
  void note_dropped() noexcept;

  std::vector<std::function<void()>> effects_;
};

}  // namespace socketcore
