#include <algorithm>

#include "device/socket.hpp"

// The end of a socket: hand over what was accepted, wait for its acknowledgement, be gone.
namespace socketcore {
namespace {

// The FIN's acknowledgement wakes us, and covers all before it. Only where that one is lost, this finds out that the data
// was acknowledged nevertheless.
constexpr std::chrono::milliseconds kGoodbyePoll{20};

}  // namespace

bool Socket::close() noexcept {
  if (being_closed(state_)) return false;
  // What broke the connection may have been told already: a loss is reported once.
  const bool over = !has_connection(state_) || break_told_;
  disarm();
  if (outbox_) {
    home_->queue.redeem(outbox_->unanswered());
    outbox_->pending.clear();
  }
  core_.received().leave(*this);
  kept_.reset();
  has_datagram_ = false;
  attempt_.reset();
  move(Event::close);
  if (over) {
    finish_close(Err::ok);
    return true;
  }
  since_ = later(now(), home_->options.linger_limit);
  // Where TLS broke, the stream below it may still deliver.
  const bool stream_broke = error_ != Err::ok && error_ != Err::eio && error_ != Err::ssl_ehandshake;
  if (stream_broke || lost_) {
    finish_broken(error_);
  } else if (const Err error = input_over_ ? Err::ok : transport_->discard(); error != Err::ok) {
    finish_broken(error);
  } else {
    advance_close();
  }
  return true;
}

void Socket::on_close_progress(Readiness what) noexcept {
  const SysError error = what.error && is_stream() ? core_.os().take_error(transport_->fd()) : SysError();
  if (!error.ok()) {
    finish_broken(error.err());
  } else if (const Err broken = transport_->discard(); broken != Err::ok) {
    finish_broken(broken);
  } else if (state_ == State::flushing) {
    advance_close();
  } else {
    check_lingering();
  }
}

void Socket::advance_close() noexcept {
  Flow flow = flush_outbox();
  if (flow == Flow::failed) {
    finish_broken(transport_->failure().err);
    return;
  }
  if (flow == Flow::done) {
    // The goodbye itself need not arrive: a peer that is gone has no use for it.
    if (to_deliver_ == 0) to_deliver_ = transport_->handed();
    const bool delivered = !is_stream() || transport_->acknowledged() >= to_deliver_;
    flow = transport_->finish(delivered);
    if (flow == Flow::failed && !delivered) {
      finish_broken(transport_->failure().err);
      return;
    }
    if (delivered && flow != Flow::blocked) {
      finish_close(Err::ok);
      return;
    }
  }
  if (flow == Flow::blocked) {
    core_.loop().timers().arm(timer_, since_);
    return;
  }
  move(Event::flushed);
  check_lingering();
}

void Socket::check_lingering() noexcept {
  if (state_ == State::flushing) {
    core_.loop().timers().arm(timer_, since_);
    return;
  }
  if (transport_->acknowledged() >= to_deliver_) {
    finish_close(Err::ok);
  } else {
    core_.loop().timers().arm(timer_, std::min(since_, now() + kGoodbyePoll));
  }
}

// The connection broke: too late to lose anything if all had been acknowledged by then.
void Socket::finish_broken(Err error) noexcept {
  const std::uint64_t wanted = to_deliver_ > 0 ? to_deliver_ : transport_->handed();
  const bool delivered = !lost_ && (!outbox_ || outbox_->bytes.empty()) && transport_->acknowledged() >= wanted;
  finish_close(delivered ? Err::ok : error);
}

void Socket::finish_close(Err error) noexcept {
  disarm();
  // Bytes that never reached the kernel: the peer must not take what it got for the whole.
  if (state_ == State::flushing && error == Err::etimeout) transport_->abort();
  transport_.reset();
  outbox_.reset();
  move(Event::finish);
  tell(error == Err::ok ? "closed" : "closed, and not all that was sent is known to have arrived");
  post(note(Note::Kind::close_cnf, error));
  if (home_ == nullptr) core_.loop().release(token_);
}

}  // namespace socketcore
