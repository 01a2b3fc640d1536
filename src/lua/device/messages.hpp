#pragma once

#include "socketcore/event.hpp"

namespace socketcore::lua {

/// The number by which a script knows an event's message: rtos.MSG_...
[[nodiscard]] constexpr int number_of(EventKind kind) noexcept { return 7 + static_cast<int>(kind); }

struct MessageNumber {
  const char* name;
  int number;
};

/// The messages of a device besides those of sockets and timers. The second half is never sent here: scripts take the names
/// all the same.
inline constexpr MessageNumber kDeviceMessages[] = {
    {"MSG_UART_RXDATA", number_of(EventKind::uart_received)},
    {"MSG_UART_TX_DONE", number_of(EventKind::uart_sent)},
    {"MSG_PDP_DEACT_IND", number_of(EventKind::link_lost)},
    {"MSG_INT", number_of(EventKind::pin_edge)},
    {"MSG_KEYPAD", number_of(EventKind::keypad)},
    {"MSG_PMD", number_of(EventKind::power)},
    {"MSG_ALARM", number_of(EventKind::alarm)},
    {"MSG_AUDIO", number_of(EventKind::audio)},
    {"MSG_RECORD", number_of(EventKind::record)},
    {"MSG_STREAM_RECORD", number_of(EventKind::stream_record)},

    {"MSG_TTSPLY_STATUS", 40},
    {"MSG_TTSPLY_ERROR", 41},
    {"MSG_WIFI", 42},
    {"MSG_BLUETOOTH", 43},
    {"MSG_ZBAR", 44},
    {"MSG_HEADSET", 45},
    {"MSG_RTMP", 46},
    {"MSG_SIM_INSERT_IND", 47},
    {"MSG_PDP_ACT_CNF", 48},
    {"MSG_PDP_DEACT_CNF", 49},
    {"MSG_SOCK_SEND_IND", 50},
};

}  // namespace socketcore::lua
