#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The life of a socket. docs/design.md draws it; this table decides it; tests/sim/state_machine.cpp walks every pair.
namespace socketcore {

enum class State : std::uint8_t {
  starting,     ///< connect() was called; the next turn does the rest
  resolving,    ///< waits for addresses of the name
  connecting,   ///< one address is being tried
  handshaking,  ///< connected; the layer above (TLS) is not ready yet
  open,         ///< bytes flow both ways
  ending,       ///< the peer has ended or broken the connection; what came before is still announced and read
  ended,        ///< close_ind was delivered; the rest can be read, what was accepted still goes out
  failed,       ///< no connection came about; its connect_cnf waits in the queue
  flushing,     ///< close() was called; accepted bytes are being handed over
  lingering,    ///< all handed over; waits for the peer's acknowledgement
  finished,     ///< all done; its close_cnf waits in the queue
  closed,       ///< the last message was delivered; destroy() may free the id
};
inline constexpr std::size_t kStateCount = 12;

enum class Event : std::uint8_t {
  ask,      ///< the address is a name, or those tried failed and an answer is outstanding
  attempt,  ///< an address is to be tried
  secure,   ///< connected, with a layer to put on top
  ready,    ///< bytes may flow
  give_up,  ///< no address, no connection, or no handshake
  end,      ///< the peer's end was seen, or the connection broke
  tell,     ///< close_ind was delivered
  close,    ///< the script closes, or its device is gone
  flushed,  ///< nothing accepted is left to hand over
  finish,   ///< delivered, broken, cut off by a limit, or nothing to deliver
  settle,   ///< the last message was delivered
};
inline constexpr std::size_t kEventCount = 11;

/// What an event does in a state: lead to a state, or nothing, because it cannot happen there.
struct Move {
  bool possible = false;
  State to = State::starting;
};

namespace detail {
using enum State;
inline constexpr Move no{};
constexpr Move to(State state) { return {true, state}; }
inline constexpr std::array<std::array<Move, kEventCount>, kStateCount> kMoves{{
    // clang-format off
    //                ask            attempt         secure           ready     give_up     end         tell       close         flushed        finish        settle
    /* starting    */ {to(resolving), to(connecting), no,              no,       to(failed), no,         no,        to(flushing), no,            no,           no},
    /* resolving   */ {no,            to(connecting), no,              no,       to(failed), no,         no,        to(flushing), no,            no,           no},
    /* connecting  */ {to(resolving), to(connecting), to(handshaking), to(open), to(failed), no,         no,        to(flushing), no,            no,           no},
    /* handshaking */ {no,            no,             no,              to(open), to(failed), no,         no,        to(flushing), no,            no,           no},
    /* open        */ {no,            no,             no,              no,       no,         to(ending), no,        to(flushing), no,            no,           no},
    /* ending      */ {no,            no,             no,              no,       no,         to(ending), to(ended), to(flushing), no,            no,           no},
    /* ended       */ {no,            no,             no,              no,       no,         to(ended),  no,        to(flushing), no,            no,           no},
    /* failed      */ {no,            no,             no,              no,       no,         no,         no,        to(flushing), no,            no,           to(closed)},
    /* flushing    */ {no,            no,             no,              no,       no,         no,         no,        no,           to(lingering), to(finished), no},
    /* lingering   */ {no,            no,             no,              no,       no,         no,         no,        no,           no,            to(finished), no},
    /* finished    */ {no,            no,             no,              no,       no,         no,         no,        no,           no,            no,           to(closed)},
    /* closed      */ {no,            no,             no,              no,       no,         no,         no,        no,           no,            no,           no},
    // clang-format on
}};
}  // namespace detail

[[nodiscard]] constexpr Move move_of(State state, Event event) noexcept {
  return detail::kMoves[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

/// From connect() on, until it has failed or close() was called.
[[nodiscard]] constexpr bool under_way(State state) noexcept { return state < State::failed; }
/// Between close() and the delivery of its close_cnf.
[[nodiscard]] constexpr bool being_closed(State state) noexcept {
  return state == State::flushing || state == State::lingering || state == State::finished;
}
/// There is a connection, or what is left of one to read.
[[nodiscard]] constexpr bool has_connection(State state) noexcept {
  return state == State::open || state == State::ending || state == State::ended;
}

[[nodiscard]] std::string_view name_of(State state) noexcept;
[[nodiscard]] std::string_view name_of(Event event) noexcept;

}  // namespace socketcore
