#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "device/socket.hpp"
#include "os/failure.hpp"

// Bytes out and in, their answers and announcements.
namespace socketcore {
namespace {

// What UDP and IP leave for a payload.
constexpr std::size_t kMaxUdp4 = 65535 - 20 - 8;
constexpr std::size_t kMaxUdp6 = 65535 - 8;
constexpr std::size_t kMaxRaw4 = 65535 - 20;
constexpr std::size_t kMaxRaw6 = 65535;

[[nodiscard]] std::size_t largest_datagram(SocketType type, Family family) noexcept {
  if (type == SocketType::udp) return family == Family::v4 ? kMaxUdp4 : kMaxUdp6;
  return family == Family::v4 ? kMaxRaw4 : kMaxRaw6;
}

using Length = std::uint32_t;

constexpr int kReadsAtTheEnd = 3;

constexpr std::chrono::milliseconds kAcknowledgementPoll{100};

// What one socket hands over in a turn: TLS takes up to a third of a millisecond for it.
constexpr std::size_t kMostPerTurn = std::size_t{256} * 1024;

// Sizes of sends are kept in 32 bits, whatever a profile says.
constexpr std::size_t kMaxSendBuffer = std::size_t{1} << 30;

}  // namespace

void Socket::on_traffic(Readiness what) noexcept {
  if (what.urgent) transport_->expect_urgent();
  if (what.error && is_stream()) on_stream_error();
  if (what.readable || what.ended || what.hangup || what.error || what.urgent) readable_ = reported_ = true;
  // A TLS peer may say goodbye without ending the stream below: that shows only behind what lies unread.
  if (outstanding_ && type_ == SocketType::ssl && state_ == State::open) fill();
  if (what.writable && flush_outbox() == Flow::failed) transport_broke();
  if (outbox_ && is_stream() && profile().confirm_on_ack) confirm_sent();
  if ((what.ended || what.hangup) && is_stream()) see_end();
  announce();
}

void Socket::on_stream_error() noexcept {
  if (profile().confirm_on_ack) core_.os().take_ack_notices(transport_->fd());
  if (const SysError error = core_.os().take_error(transport_->fd()); !error.ok()) broken(failure_of(error));
}

// ---- Out.

Err Socket::send(std::span<const std::byte> data) {
  if (announcement_posted_) settle_announcement();
  const bool accepts = state_ == State::open || (state_ == State::ending && error_ == Err::ok);
  if (!accepts) return refuse(state_ == State::ended && error_ == Err::ok ? Err::eclsd : Err::enotconn);
  if (!is_stream() && data.size() > largest_datagram(type_, peer_.address.family)) return refuse(Err::earg);
  if (data.size() > send_space()) return refuse(Err::enobufs);
  return is_stream() ? send_stream(data) : send_datagram(data);
}

// The room for this answer was promised when the send was made.
void Socket::answer_send(Err error, std::uint32_t size) noexcept {
  home_->queue.redeem(1);
  ++answers_queued_;
  post(note(Note::Kind::send_cnf, error, size));
}

Err Socket::refuse(Err error) {
  // Answers keep the order of their calls: a refusal waits for the sends before it.
  if (outbox_ && !outbox_->pending.empty()) {
    outbox_->pending.push_back({.end = outbox_->accepted, .error = error});
  } else {
    answer_send(error);
  }
  return error;
}

Err Socket::refuse_for_memory() noexcept {
  // A place behind the sends that still wait would need memory too: the last of them counts.
  if (outbox_ && !outbox_->pending.empty()) {
    ++outbox_->pending.back().refused_behind;
  } else {
    answer_send(Err::enomem);
  }
  return Err::enomem;
}

void Socket::answer_first(Err error, std::uint32_t size) noexcept {
  const Outbox::Pending first = outbox_->pending.front();
  outbox_->pending.pop_front();
  answer_send(error, size);
  for (std::uint32_t i = 0; i < first.refused_behind; ++i) answer_send(Err::enomem);
}

Err Socket::send_stream(std::span<const std::byte> data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  const bool idle = !outbox_ || outbox_->bytes.empty();
  const bool confirm_now = (!outbox_ || outbox_->pending.empty()) && (!profile().confirm_on_ack || data.empty());
  // Whatever memory refuses, it refuses before a byte has left.
  if (!confirm_now) {
    Outbox& box = outbox();
    if (!idle) box.bytes.make_room(data.size());
    box.pending.push_back({.end = box.accepted + data.size(), .size = size});
  }

  Moved moved;
  if (idle && !data.empty()) moved = transport_->write(data);
  if (moved.flow == Flow::failed) {
    if (!confirm_now) outbox_->pending.pop_back();
    if (moved.size > 0) transport_->abort();  // a part of it is gone: as below
    transport_broke();
    const Err error = refuse(Err::enotconn);
    announce();
    return error;
  }
  if (confirm_now && moved.size == data.size()) {
    answer_send(Err::ok, size);
    return Err::ok;
  }

  try {
    Outbox& box = outbox();
    if (confirm_now) box.pending.push_back({.end = box.accepted + data.size(), .size = size});
    box.bytes.append(data.subspan(moved.size));
    box.accepted += data.size();
    box.written += moved.size;
  } catch (...) {
    // A part is gone and the rest has no place: a stream with a hole must not go on, nor end as if it were whole.
    if (outbox_ && !outbox_->pending.empty()) outbox_->pending.pop_back();
    transport_->abort();
    broken({Err::enomem, {}});
    const Err error = refuse(Err::enomem);
    announce();
    return error;
  }
  confirm_sent();
  return Err::ok;
}

Err Socket::send_datagram(std::span<const std::byte> data) {
  const auto size = static_cast<std::uint32_t>(data.size());
  Moved moved{0, Flow::blocked, false};
  if (!outbox_ || outbox_->bytes.empty()) moved = transport_->write(data);
  if (moved.flow == Flow::blocked) {
    Outbox& box = outbox();
    const Length length = size;
    std::array<std::byte, sizeof length> head;
    std::memcpy(head.data(), &length, sizeof length);
    box.bytes.make_room(sizeof length + data.size());
    const std::uint64_t end = box.accepted + sizeof length + data.size();
    box.pending.push_back({.end = end, .size = size});
    box.accepted = end;
    box.bytes.append(head);
    box.bytes.append(data);
    if (++box.datagrams == 1) heed_writable(true);
    return Err::ok;
  }
  answer_send(moved.flow == Flow::failed ? transport_->failure().err : Err::ok, static_cast<std::uint32_t>(moved.size));
  return Err::ok;
}

Outbox& Socket::outbox() {
  if (!outbox_) outbox_ = core_.take_outbox();
  return *outbox_;
}

std::size_t Socket::send_space() const noexcept {
  if (!under_way(state_)) return 0;
  const std::size_t capacity = std::min(profile().send_buffer_bytes, kMaxSendBuffer);
  const std::size_t used =
      outbox_ ? outbox_->accepted - outbox_->written - outbox_->datagrams * sizeof(Length) : 0;
  return capacity - std::min(used, capacity);
}

// Hands over what waits. failed: the connection is broken, transport_->failure() says how.
Flow Socket::flush_outbox() noexcept {
  if (!outbox_ || outbox_->bytes.empty()) return transport_->flush();
  return is_stream() ? flush_stream() : flush_datagrams();
}

Flow Socket::flush_stream() noexcept {
  const auto front = outbox_->bytes.front();
  const Moved moved = transport_->write(front.first(std::min(front.size(), kMostPerTurn)));
  outbox_->bytes.consume(moved.size);
  outbox_->written += moved.size;
  const bool more = !outbox_->bytes.empty();
  confirm_sent();
  if (moved.flow != Flow::done || !more) return moved.flow;
  // No edge will come: the kernel has room. The others have their turn first.
  core_.loop().defer(token_);
  return Flow::blocked;
}

Flow Socket::flush_datagrams() noexcept {
  while (outbox_ && !outbox_->bytes.empty()) {
    Length length = 0;
    std::memcpy(&length, outbox_->bytes.front().data(), sizeof length);
    const Moved moved = transport_->write(outbox_->bytes.front().subspan(sizeof length, length));
    if (moved.flow == Flow::blocked) return Flow::blocked;
    // One datagram's failure is its own affair.
    if (moved.flow == Flow::failed && !outbox_->pending.empty()) {
      outbox_->pending.front().error = transport_->failure().err;
      outbox_->pending.front().size = static_cast<std::uint32_t>(moved.size);
    }
    outbox_->bytes.consume(sizeof length + length);
    outbox_->written += sizeof length + length;
    --outbox_->datagrams;
    confirm_sent();
  }
  heed_writable(false);
  return Flow::done;
}

// Only while a datagram waits. The kernel refuses this for a descriptor that it does not watch, and for nothing else.
void Socket::heed_writable(bool on) noexcept {
  (void)core_.loop().rewatch(transport_->fd(), token_, on ? Interest::input_and_output : Interest::input);
}

// Answers the sends at the front that are out: taken by the kernel, or acknowledged where the profile wants that.
void Socket::confirm_sent() noexcept {
  if (!outbox_) return;
  auto& pending = outbox_->pending;
  const bool on_ack = is_stream() && home_ != nullptr && profile().confirm_on_ack;
  std::uint64_t acknowledged = 0;
  bool asked = false;
  if (on_ack) {
    // Found from the back: a send that was just completed, behind others that wait for their acknowledgement.
    for (auto it = pending.rbegin(); it != pending.rend() && it->mark == 0; ++it) {
      if (it->end <= outbox_->written) it->mark = transport_->handed();
    }
  }
  while (!pending.empty()) {
    const Outbox::Pending& first = pending.front();
    if (first.end > outbox_->written) break;
    if (on_ack && first.error == Err::ok && first.size > 0) {
      if (!asked) acknowledged = transport_->acknowledged();
      asked = true;
      if (first.mark > acknowledged) break;
    }
    answer_first(first.error, first.size);
  }
  if (outbox_->empty()) {
    core_.give_back(std::move(outbox_));
  } else if (on_ack && state_ == State::open && !pending.empty() && !core_.loop().timers().armed(timer_)) {
    // The kernel drops acknowledgement notices while the receive buffer is full: look again now and then.
    arm(kAcknowledgementPoll);
  }
}

// Answers all sends that still wait: they will not be confirmed any more. Each says how much of it had got through.
void Socket::answer_pending(Err error) noexcept {
  if (!outbox_ || home_ == nullptr) return;
  std::uint64_t through = outbox_->written;
  if (is_stream() && profile().confirm_on_ack) {
    // Below TLS this counts the records' own bytes too: then it is a little less than the truth.
    through -= std::min(through, transport_->handed() - transport_->acknowledged());
  }
  while (!outbox_->pending.empty()) {
    const Outbox::Pending& first = outbox_->pending.front();
    const std::uint64_t begin = first.end - first.size;
    const auto size = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(through, begin, first.end) - begin);
    answer_first(first.error != Err::ok ? first.error : error, size);
  }
}

void Socket::broken(const Failure& failure) noexcept {
  // An alert explains the reset that follows it; a reset explains all else.
  if (error_ == Err::ok || failure.err == Err::ssl_ehandshake) remember(failure.err, failure.words, {});
  confirm_sent();  // some may have been acknowledged in time
  answer_pending(error_);
  lost_ = lost_ || (outbox_ && !outbox_->bytes.empty());
  // A call may fail on a connection that stands (no buffers): the peer must not take what it got for the whole.
  if (lost_) transport_->abort();
  outbox_.reset();
  see_end();
}

void Socket::transport_broke() noexcept { broken(transport_->failure()); }

// ---- In.

void Socket::see_end() noexcept {
  if (state_ == State::ended) return;
  const bool first_time = state_ == State::open;
  move(Event::end);
  readable_ = true;
  if (!first_time) return;
  since_ = now();
  arm(home_->options.unread_limit);
}

// The shared buffer, with what is unread at its start.
std::span<std::byte> Socket::gather_unread() noexcept {
  if (!kept_) return core_.received().pull_to_front();
  const std::unique_ptr<ByteQueue> kept = std::move(kept_);
  const auto buffer = core_.received().claim(*this);
  std::memcpy(buffer.data(), kept->front().data(), kept->size());
  return buffer;
}

// Reads from the transport, behind what is unread already.
void Socket::fill() noexcept {
  if (input_over_ || !readable_ || transport_ == nullptr) return;
  const std::size_t kept = unread().size();
  if (kept >= read_limit_) return;

  reported_ = false;
  const std::span<std::byte> buffer = kept > 0 ? gather_unread() : core_.received().claim(*this);
  Moved moved = transport_->read(buffer.subspan(kept, read_limit_ - kept));
  // TLS stops at a record that is not whole yet. Once the peer has ended, no edge will tell that it never will be.
  for (int i = 0; i < kReadsAtTheEnd && moved.flow == Flow::blocked && state_ == State::ending; ++i) {
    moved = transport_->read(buffer.subspan(kept, read_limit_ - kept));
  }
  core_.received().filled(kept + moved.size);
  switch (moved.flow) {
    case Flow::done:
      if (moved.drained && state_ == State::open) readable_ = false;
      has_datagram_ = !is_stream();
      break;
    case Flow::blocked:
      if (state_ == State::open) readable_ = !moved.drained;
      if (error_ != Err::ok) input_over_ = true;  // broken, and nothing is left of what came before
      break;
    case Flow::failed:
      input_over_ = true;
      transport_broke();
      break;
    case Flow::end:
      input_over_ = true;
      see_end();
      break;
  }
}

std::span<const std::byte> Socket::peek(std::size_t limit) noexcept {
  if (!has_connection(state_)) return {};
  const bool at_hand = has_unread();
  // With nothing at hand, the kernel may have what no turn has reported yet.
  if (!at_hand) readable_ = true;
  if (is_stream() ? unread().size() < limit : !at_hand) fill();
  if (input_over_) announce();
  const auto bytes = unread();
  return bytes.first(std::min(limit, bytes.size()));
}

void Socket::consume(std::size_t peeked, std::size_t limit) noexcept {
  if (!has_connection(state_)) return;
  if (is_stream()) {
    drop_input(peeked);
    announced_ -= static_cast<std::uint32_t>(std::min<std::size_t>(announced_, peeked));
    if (announced_ == 0) outstanding_ = false;
    if (peeked > 0 && state_ == State::ending) since_ = now();
  } else {
    if (has_datagram_ && (limit > 0 || unread().empty())) {
      drop_input(unread().size());
      has_datagram_ = false;
    }
    outstanding_ = false;
  }
  announce();
}

void Socket::drop_input(std::size_t size) noexcept {
  if (kept_) {
    kept_->consume(size);
    if (kept_->empty()) kept_.reset();
  } else if (core_.received().held_by(*this)) {
    core_.received().consume(size);
  }
}

void Socket::post_announcement() noexcept {
  announcement_posted_ = true;
  post(note(Note::Kind::receive_ind, Err::ok, ++announcement_));
}

// An announcement may be posted because nobody knows yet whether there is more. Before a send gets its place behind it, that
// is found out: else what answers the send could be announced before the send is confirmed.
void Socket::settle_announcement() noexcept {
  if (reported_ || has_unread() || state_ != State::open) return;
  fill();
  if (!has_unread() && !readable_) announcement_posted_ = false;
}

void Socket::vacate() noexcept {
  const auto bytes = core_.received().held();
  if (bytes.empty()) return;
  try {
    auto kept = std::make_unique<ByteQueue>();
    kept->append(bytes);
    kept_ = std::move(kept);
  } catch (...) {
    input_over_ = true;
    broken({Err::enomem, {}});
    announce();
  }
}

// TLS tells how it ended only after all that came before was decrypted. The peer has sent its last byte, so what is kept here
// is bounded by the kernel's receive buffer.
void Socket::absorb_input() noexcept {
  try {
    if (!kept_) {
      auto kept = std::make_unique<ByteQueue>();
      kept->append(unread());
      core_.received().leave(*this);
      kept_ = std::move(kept);
    }
    int blocked = 0;
    while (!input_over_ && blocked < kReadsAtTheEnd) {
      const auto buffer = core_.received().claim(*this);
      const Moved moved = transport_->read(buffer);
      kept_->append(buffer.first(moved.size));
      blocked = moved.flow == Flow::blocked ? blocked + 1 : 0;
      if (moved.flow == Flow::failed) transport_broke();
      if (moved.flow == Flow::failed || moved.flow == Flow::end) input_over_ = true;
    }
    core_.received().leave(*this);
    if (kept_->empty()) kept_.reset();
  } catch (...) {
    broken({Err::enomem, {}});
    input_over_ = true;
  }
}

}  // namespace socketcore
