#pragma once

#include <cstdint>

namespace socketcore {

/// What a part of the device that is no socket tells the script. Each has up to two numbers with it.
enum class EventKind : std::uint8_t {
  uart_received,  ///< port: its receive buffer is not empty any more
  uart_sent,      ///< port: what one write took has gone
  link_lost,      ///< the modem's data link is gone
  pin_edge,       ///< pin, new level
  keypad,         ///< 1 down, 0 up; row * 256 + column
  power,          ///< millivolt; percent, state, battery and charger as bits
  alarm,          ///< the time of the alarm has come
  audio,          ///< playing is over: 1 by itself, 0 stopped
  record,         ///< recording is over: 1 done, 0 failed
  stream_record,  ///< bytes that wait to be read
};

}  // namespace socketcore
