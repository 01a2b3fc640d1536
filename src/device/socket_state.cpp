#include "device/socket_state.hpp"

namespace socketcore {

std::string_view name_of(State state) noexcept {
  constexpr std::array<std::string_view, kStateCount> kNames{"starting", "resolving", "connecting", "handshaking",
                                                             "open",     "ending",    "ended",      "failed",
                                                             "flushing", "lingering", "finished",   "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(Event event) noexcept {
  constexpr std::array<std::string_view, kEventCount> kNames{
      "ask", "attempt", "secure", "ready", "give_up", "end", "tell", "close", "flushed", "finish", "settle"};
  return kNames[static_cast<std::size_t>(event)];
}

}  // namespace socketcore
