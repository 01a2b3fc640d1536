#include "transport/datagrams.hpp"

namespace socketcore {
namespace {

// What an earlier datagram was answered with (an ICMP "unreachable" of any kind) waits on the socket as an error, and is
// taken by the next call, which did nothing else. So a call that failed is made again; an error that comes twice is its
// own. Refusals may come again and again, from a peer that answers fast: those have this many tries.
constexpr int kStaleErrors = 8;

}  // namespace

Moved Datagrams::read(std::span<std::byte> into) noexcept {
  for (int i = 0; i < kStaleErrors; ++i) {
    const IoResult got = fd_.os().receive(fd_.get(), into);
    if (got.ok()) return {got.size, Flow::done, false};
    if (got.error.would_block()) return {0, Flow::blocked, true};
    refused_ = refused_ || got.error.err() != Err::enomem;  // the next write reports it; what had arrived is still there
  }
  return {0, Flow::blocked, false};
}

Moved Datagrams::write(std::span<const std::byte> data) noexcept {
  SysError error;
  for (int i = 0; i < kStaleErrors; ++i) {
    const IoResult put =
        target_ ? fd_.os().send_to(fd_.get(), data, *target_) : fd_.os().send(fd_.get(), data);
    if (put.ok()) {
      handed_ += data.size();
      if (!refused_ && error.ok()) return {data.size(), Flow::done, false};
      refused_ = false;
      return {data.size(), fail(SysError::connection_refused()), false};
    }
    if (put.error.would_block()) {
      refused_ = refused_ || !error.ok();
      return {0, Flow::blocked, false};
    }
    if (put.error == error && !error.refused()) break;
    error = put.error;
  }
  refused_ = false;
  return {0, fail(error), false};
}

}  // namespace socketcore
