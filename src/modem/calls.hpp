#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "modem/outcome.hpp"

namespace socketcore {

class Machine;

/// The one telephone call that there may be, in or out. It is silent: no sound is made or heard.
class Calls {
 public:
  /// The numbers of +CLCC.
  enum class State : std::uint8_t { active = 0, alerting = 3, ringing = 4 };
  struct Call {
    bool incoming = false;
    State state = State::active;
    std::string number;
  };
  /// What the other side of the next outgoing call does.
  enum class Callee : std::uint8_t { answers, busy, silent };
  struct Forwarding {
    bool active = false;
    std::string number;
  };

  explicit Calls(Machine& machine) : machine_(machine) {}

  [[nodiscard]] const std::optional<Call>& current() const noexcept { return call_; }

  // What the script does.
  [[nodiscard]] Outcome dial(std::string_view number);
  [[nodiscard]] Outcome answer();
  /// Nothing happens without a call.
  void hang_up();

  // What the other side and the network do. Words for people where that makes no sense now.
  [[nodiscard]] std::string arrive(std::string_view number);
  [[nodiscard]] std::string remote_hang_up();
  /// Ends the outgoing call that is alerting, or decides on the next one.
  void set_callee(Callee callee);
  /// The network is gone.
  void lose();

  bool caller_shown = false;                                                    ///< AT+CLIP
  bool waiting_shown = false;                                                   ///< AT+CCWA
  std::array<Forwarding, 4> forwarding;                                         ///< AT+CCFC, by reason
  std::array<int, 13> registers{0, 0, 43, 13, 10, 8, 2, 60, 2, 6, 14, 95, 50};  ///< S0 to S12

 private:
  void ring();
  void connect();
  void end(std::string_view reason);
  void decide();

  Machine& machine_;
  std::optional<Call> call_;
  Callee callee_ = Callee::answers;
  int rings_ = 0;
};

}  // namespace socketcore
