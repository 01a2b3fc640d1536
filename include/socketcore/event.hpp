#pragma once

#include <cstdint>

namespace socketcore {

/// What a board tells its script, besides what sockets and timers do.
enum class EventKind : std::uint8_t { uart_received, uart_sent, link_lost, pin_edge, keypad, power, alarm, audio, record, stream_record };

}  // namespace socketcore
