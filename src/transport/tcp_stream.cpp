#include "transport/tcp_stream.hpp"

#include <algorithm>

namespace socketcore {

Moved TcpStream::read(std::span<std::byte> into) noexcept {
  const IoResult got = fd_.os().receive(fd_.get(), into);
  if (!got.ok()) {
    if (got.error.would_block()) return {0, Flow::blocked, true};
    return {0, fail(got.error), true};
  }
  if (got.size == 0 && !into.empty()) return {0, Flow::end, true};
  // epoll(7): on a stream, a short read has emptied it; what comes later is a new edge. But it also stops at urgent data.
  return {got.size, Flow::done, got.size < into.size() && !urgent_};
}

Moved TcpStream::write(std::span<const std::byte> data) noexcept {
  if (handed_ > 0 && !no_delay_) {
    // A script's send is a message, not a drip. Nagle's algorithm holds back a write only while an earlier one is not
    // acknowledged: the first needs no leave, and many connections write no second.
    no_delay_ = true;
    (void)fd_.os().set_option(fd_.get(), OsOption::no_delay, 1);
  }
  std::size_t sent = 0;
  while (sent < data.size()) {
    const IoResult put = fd_.os().send(fd_.get(), data.subspan(sent));
    if (!put.ok()) {
      if (put.error.would_block()) return {sent, Flow::blocked, false};
      return {sent, fail(put.error), false};
    }
    sent += put.size;
    handed_ += put.size;
  }
  return {sent, Flow::done, false};
}

Flow TcpStream::finish(bool last) noexcept {
  // It fails only where the connection is gone already; then there is nobody to tell.
  if (!last && !fin_sent_) fin_sent_ = fd_.os().shutdown_send(fd_.get()).ok();
  return Flow::done;
}

Err TcpStream::discard() noexcept {
  // A peer that never stops sending gets its turn again with the next readiness.
  for (int i = 0; i < 16; ++i) {
    const IoResult dropped = fd_.os().discard(fd_.get());
    if (!dropped.ok()) return dropped.error.would_block() ? Err::ok : dropped.error.err();
    if (dropped.size == 0) break;
  }
  return Err::ok;
}

void TcpStream::abort() noexcept { (void)fd_.os().set_option(fd_.get(), OsOption::abort_on_close, 1); }

std::uint64_t TcpStream::acknowledged() noexcept {
  std::uint64_t open = fd_.os().unacknowledged(fd_.get());
  // The kernel counts a FIN as one byte, the last to be acknowledged.
  if (fin_sent_ && open > 0) --open;
  return handed_ - std::min(open, handed_);
}

}  // namespace socketcore
