#include "device/socket.hpp"

#include <cassert>

namespace socketcore {
namespace {

// connect_cnf, receive_ind, close_ind and close_cnf are in the queue once each at most.
constexpr std::size_t kMessagesOfItsOwn = 4;

}  // namespace

Socket::Socket(Core& core, Home& home, SocketType type, SocketId id, std::uint32_t serial)
    : core_(core), home_(&home), id_(id), serial_(serial), type_(type) {
  home.queue.promise(kMessagesOfItsOwn);
  try {
    token_ = core.loop().attach(*this);
    timer_ = core.loop().timers().make(token_, 0);
  } catch (...) {
    core.loop().detach(token_);
    home.queue.redeem(kMessagesOfItsOwn);
    throw;
  }
}

Socket::~Socket() {
  core_.received().leave(*this);
  core_.loop().timers().destroy(timer_);
  core_.loop().detach(token_);
  if (home_ != nullptr) home_->queue.redeem(kMessagesOfItsOwn + (outbox_ ? outbox_->unanswered() : 0));
}

void Socket::move(Event event) noexcept {
  const Move next = move_of(state_, event);
  assert(next.possible);
  if (next.possible) state_ = next.to;
}

void Socket::arm(Duration after) noexcept {
  core_.loop().timers().arm(timer_, later(now(), after));
}

void Socket::disarm() noexcept { core_.loop().timers().disarm(timer_); }

bool Socket::set_option(SocketOption option, int value) {
  constexpr int kMaxKeepSeconds = 32767;  // the kernel's own limits: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT
  constexpr int kMaxKeepCount = 127;
  OsOption wanted{};
  int highest = 0;
  switch (option) {
    case SocketOption::reuse_address: wanted = OsOption::reuse_address; break;
    case SocketOption::keep_alive: wanted = OsOption::keep_alive; break;
    case SocketOption::keep_idle_s: wanted = OsOption::keep_idle_s, highest = kMaxKeepSeconds; break;
    case SocketOption::keep_interval_s: wanted = OsOption::keep_interval_s, highest = kMaxKeepSeconds; break;
    case SocketOption::keep_count: wanted = OsOption::keep_count, highest = kMaxKeepCount; break;
  }
  if (highest == 0) {
    if (value < 0) return false;
    value = value != 0 ? 1 : 0;
  } else if (!is_stream() || value < 1 || value > highest) {
    return false;
  }
  switch (state_) {
    case State::starting:
    case State::resolving:
    case State::connecting:
      attempt_->options.emplace_back(wanted, value);
      // While an address is being tried its descriptor is the transport's; before, the attempt's, if there is one.
      if (transport_) return core_.os().set_option(transport_->fd(), wanted, value).ok();
      if (attempt_->fd.valid()) return core_.os().set_option(attempt_->fd.get(), wanted, value).ok();
      return true;
    case State::handshaking:
    case State::open:
    case State::ending:
    case State::ended:
      return core_.os().set_option(transport_->fd(), wanted, value).ok();
    default:
      return false;
  }
}

bool Socket::orphan() noexcept {
  if (state_ != State::closed) (void)close();
  home_->queue.redeem(kMessagesOfItsOwn + (outbox_ ? outbox_->unanswered() : 0));
  home_ = nullptr;
  if (outbox_) outbox_->pending.clear();
  return state_ == State::flushing || state_ == State::lingering;
}

void Socket::link_lost() noexcept {
  constexpr const char* kWords = "the data link is down";
  switch (state_) {
    case State::starting:  // its turn comes, and finds out
      return;
    case State::resolving:
    case State::connecting:
    case State::handshaking:
      give_up({Err::eif, kWords});
      return;
    case State::open:
    case State::ending:
    case State::ended:
      if (transport_) transport_->abort();
      input_over_ = true;  // what the kernel still has came over a network that is gone; what was announced stays
      broken({Err::eif, kWords});
      announce();
      return;
    case State::flushing:
      transport_->abort();  // the peer must not take what it got for the whole
      finish_broken(Err::eif);
      return;
    case State::lingering:
      finish_broken(Err::eif);
      return;
    case State::failed:
    case State::finished:
    case State::closed:
      return;
  }
}

void Socket::on_turn() noexcept {
  if (state_ != State::starting) {
    hand_over_more();
    return;
  }
  try {
    if (!home_->link_up) {
      give_up({Err::eif, "the data link is down"});
    } else if (attempt_->failure.err != Err::ok) {
      give_up(attempt_->failure);
    } else if (attempt_->is_name) {
      ask();
    } else {
      try_next();
    }
  } catch (...) {
    give_up({Err::enomem, {}});
  }
}

// What the last turn has left over.
void Socket::hand_over_more() noexcept {
  if (state_ == State::flushing) {
    advance_close();
  } else if (has_connection(state_) && outbox_ && flush_outbox() == Flow::failed) {
    transport_broke();
    announce();
  }
}

void Socket::on_ready(Readiness what) noexcept {
  switch (state_) {
    case State::open:
    case State::ending:
    case State::ended:
      on_traffic(what);
      return;
    case State::connecting:
    case State::handshaking:
      on_connect_progress(what);
      return;
    case State::flushing:
    case State::lingering:
      on_close_progress(what);
      return;
    case State::starting:
    case State::resolving:
    case State::failed:
    case State::finished:
    case State::closed:
      return;  // a late edge of a descriptor that is gone
  }
}

void Socket::on_timer(std::uint32_t /*cookie*/) noexcept {
  switch (state_) {
    case State::resolving:
    case State::connecting:
    case State::handshaking:
      try {
        on_connect_timer();
      } catch (...) {
        give_up({Err::enomem, {}});
      }
      return;
    case State::open:
      confirm_sent();
      return;
    case State::ending: {
      const Duration quiet = now() - since_;
      const Duration limit = home_->options.unread_limit;
      if (outstanding_ && quiet >= limit) {
        post(note(Note::Kind::close_ind));
      } else {
        // Not announced yet, or read meanwhile: the clock starts anew.
        arm(outstanding_ ? limit - quiet : limit);
        announce();
      }
      return;
    }
    case State::flushing:
    case State::lingering:
      if (now() < since_) {
        check_lingering();
      } else {
        finish_close(Err::etimeout);
      }
      return;
    default:
      return;
  }
}

}  // namespace socketcore
