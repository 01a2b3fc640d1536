#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/byte_queue.hpp"
#include "socketcore/error.hpp"

namespace socketcore {

/// The sends of one socket that are not answered yet, and the bytes of theirs that wait for the kernel. A socket has one
/// only while it needs it.
struct Outbox {
  struct Pending {
    std::uint64_t end = 0;   // stream: the socket's accepted bytes up to and with this send
    std::uint64_t mark = 0;  // confirm_on_ack: what the transport had handed when the send was out; 0: not out yet
    std::uint32_t size = 0;
    std::uint32_t refused_behind = 0;  // sends right behind this one for which memory was lacking
    Err error = Err::ok;               // refused when it was made, and waits for its turn
  };
  ByteQueue bytes;  // datagrams: each behind its length
  std::deque<Pending> pending;
  std::uint64_t accepted = 0;  // bytes since the outbox was taken, datagrams' lengths included
  std::uint64_t written = 0;
  std::size_t datagrams = 0;  // in `bytes`

  /// How many sends wait for their answer.
  [[nodiscard]] std::size_t unanswered() const noexcept {
    std::size_t count = pending.size();
    for (const Pending& waiting : pending) count += waiting.refused_behind;
    return count;
  }
  [[nodiscard]] bool empty() const noexcept { return pending.empty() && bytes.empty(); }
};

}  // namespace socketcore
