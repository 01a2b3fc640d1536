#include <algorithm>

#include "device/socket.hpp"

// What a note says when it is delivered. A note that is not true any more says nothing.
namespace socketcore {
namespace {

constexpr int kMostDeferrals = 64;

}  // namespace

bool Socket::deliver(Note note, Message& message) {
  message.socket = id_;
  message.error = note.error;
  message.size = note.size;
  message.reason.clear();
  message.verify.clear();
  switch (note.kind) {
    case Note::Kind::connect_cnf: return deliver_connect_cnf(message);
    case Note::Kind::send_cnf: --answers_queued_; return deliver_send_cnf(note, message);
    case Note::Kind::receive_ind: return deliver_receive_ind(note, message);
    case Note::Kind::close_ind: return deliver_close_ind(message);
    case Note::Kind::close_cnf: return deliver_close_cnf(note, message);
    default: return false;
  }
}

bool Socket::deliver_connect_cnf(Message& message) {
  message.kind = MessageKind::connect_cnf;
  switch (state_) {
    case State::open:
    case State::ending:
      if (type_ == SocketType::ssl) message.verify = transport_->verification();
      return true;
    case State::failed:
      move(Event::settle);
      if (trouble_) {
        message.reason = trouble_->words;
        message.verify = trouble_->verification;
      }
      if (type_ == SocketType::ssl && message.verify.empty()) message.verify = "none";
      return true;
    default:
      return false;
  }
}

bool Socket::deliver_send_cnf(Note note, Message& message) const {
  if (being_closed(state_)) return false;
  message.kind = MessageKind::send_cnf;
  if (note.error != Err::ok) message.reason = send_failure(note.error);
  return true;
}

std::string Socket::send_failure(Err error) const {
  const std::string deed = "send to " + peer_text();
  switch (error) {
    case Err::enobufs: return deed + ": longer than the free part of the send buffer";
    case Err::earg: return deed + ": longer than a datagram can be";
    case Err::eclsd: return deed + ": the peer has closed the connection";
    case Err::enotconn:
      if (error_ == Err::ok || !transport_) return deed + ": not connected";
      break;
    case Err::erst:
      if (!is_stream()) return deed + ": an earlier datagram was refused; this one went out";
      break;
    default: break;
  }
  return error_ != Err::ok && transport_ ? end_of_connection() : deed + ": " + std::string(words_of(error));
}

bool Socket::deliver_receive_ind(Note note, Message& message) {
  if (!announcement_posted_ || note.size != announcement_) return false;
  announcement_posted_ = false;
  if (state_ != State::open && state_ != State::ending) return false;
  if (!has_unread()) fill();
  if (!has_unread()) return input_over_ && deliver_close_ind(message);
  outstanding_ = true;
  announced_ = static_cast<std::uint32_t>(std::min<std::size_t>(unread().size(), read_limit_));
  if (state_ == State::ending) since_ = now();
  message.kind = MessageKind::receive_ind;
  message.size = announced_;
  return true;
}

bool Socket::deliver_close_ind(Message& message) {
  if (state_ != State::ending) return false;
  if (deferrals_ == 0 && (!input_over_ || has_unread())) {
    // The script lets its input lie. If it has read on meanwhile, the announcements go on.
    if (!outstanding_) {
      arm(home_->options.unread_limit);
      return false;
    }
    if (const Duration quiet = now() - since_; quiet < home_->options.unread_limit) {
      arm(home_->options.unread_limit - quiet);
      return false;
    }
    if (type_ == SocketType::ssl) absorb_input();
  }

  // What was sent before is answered before. Not for ever: a script that sends on with each answer must hear of the end too.
  confirm_sent();
  answer_pending(Err::eclsd);
  if (answers_queued_ > 0 && deferrals_ < kMostDeferrals) {
    ++deferrals_;
    post(note(Note::Kind::close_ind));
    return false;
  }

  disarm();
  move(Event::tell);
  message.kind = MessageKind::close_ind;
  message.error = error_;
  message.size = 0;
  break_told_ = error_ != Err::ok;
  if (error_ != Err::ok) message.reason = end_of_connection();
  tell(error_ == Err::ok ? "the peer has ended the connection" : "the connection broke");
  return true;
}

// A line of the log.
void Socket::tell(std::string_view what, std::string_view more) const noexcept {
  if (!core_.logs(LogLevel::debug)) return;
  try {
    std::string line = "socket " + std::to_string(id_) + ", " + peer_text() + ": ";
    line += what;
    line += more;
    core_.log(LogLevel::debug, line);
  } catch (...) {
    // Not worth more than memory.
  }
}

std::string Socket::end_of_connection() const {
  return describe("connection to " + peer_text(), trouble_ ? std::string_view(trouble_->words) : words_of(error_));
}

bool Socket::deliver_close_cnf(Note note, Message& message) {
  if (state_ != State::finished) return false;
  move(Event::settle);
  message.kind = MessageKind::close_cnf;
  if (note.error == Err::etimeout) {
    message.reason = "close of the connection to " + peer_text() + ": not all that was sent was acknowledged in time";
  } else if (note.error != Err::ok) {
    message.reason = "close of the connection to " + peer_text() + ": it broke before all that was sent was acknowledged";
  }
  return true;
}

}  // namespace socketcore
