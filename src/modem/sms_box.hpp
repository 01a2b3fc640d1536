#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "modem/pdu.hpp"

namespace socketcore {

class Machine;

/// The messages that arrived: those that the script can read, and those that wait for it.
class SmsBox {
 public:
  static constexpr int kPlaces = 50;
  static constexpr std::size_t kMostWaiting = 255;
  struct Stored {
    ShortMessage message;
    bool read = false;
  };

  explicit SmsBox(Machine& machine) : machine_(machine) {}

  /// A message of any length from the network. Words for people if it cannot be taken.
  [[nodiscard]] std::string arrive(std::string_view number, std::string_view utf8);
  /// AT+CNMI's second value: 0 store silently, 1 store and tell, 2 hand over at once. Until the script has said it,
  /// messages wait: one that is told before is never read, and hides all that follow.
  void set_routing(int routing);
  [[nodiscard]] int routing() const noexcept { return routing_.value_or(0); }
  /// Hands over what waits, if the script and the network let it.
  void deliver();

  /// `place` is 1..kPlaces. Null for an empty one.
  [[nodiscard]] Stored* at(int place) noexcept;
  void remove(int place) noexcept { places_[static_cast<std::size_t>(place - 1)].reset(); }
  [[nodiscard]] int used() const noexcept;
  [[nodiscard]] Pdu pdu(const ShortMessage& message) const;
  /// The number of the next message that is sent, 1..255.
  [[nodiscard]] int next_reference() noexcept { return sent_ = sent_ % 255 + 1; }

 private:
  [[nodiscard]] int free_place() const noexcept;

  Machine& machine_;
  std::array<std::optional<Stored>, kPlaces> places_;
  std::deque<ShortMessage> waiting_;
  std::optional<int> routing_;
  int reference_ = 0;
  int sent_ = 0;
};

}  // namespace socketcore
