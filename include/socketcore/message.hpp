#pragma once

#include <cstdint>
#include <string>

#include "socketcore/error.hpp"
#include "socketcore/event.hpp"

namespace socketcore {

/// What a script calls a socket: 0..2^31-1.
using SocketId = std::int32_t;
/// What a script calls a timer: 0..2^31-1.
using TimerId = std::int32_t;

enum class MessageKind : std::uint8_t {
  timer,          ///< a timer ran out
  connect_cnf,    ///< the outcome of connect()
  send_cnf,       ///< the outcome of one send()
  receive_ind,    ///< bytes wait to be read
  close_ind,      ///< the peer has ended the connection, or it broke
  close_cnf,      ///< close() is done
  event,          ///< a part of the device that is no socket has something to tell
};

/// One message of a device's queue. Plain data: it stays valid for as long as its holder likes.
struct Message {
  MessageKind kind = MessageKind::timer;
  EventKind event = EventKind::uart_received;  ///< event only
  std::int32_t first = 0;       ///< event only: its numbers
  std::int32_t second = 0;
  SocketId socket = 0;          ///< all but timer and event
  TimerId timer = 0;            ///< timer only
  Err error = Err::ok;          ///< ok: success
  std::uint32_t size = 0;       ///< send_cnf: bytes handed to the network; receive_ind: bytes to read now
  std::string reason;           ///< on failure: English, names the peer and the cause
  std::string verify;           ///< connect_cnf of SSL: "none", "ok", or why the certificate does not verify
};

}  // namespace socketcore
