#include "sim/checked_device.hpp"

#include <algorithm>
#include <string>

#include "sim/allocations.hpp"

namespace socketcore::test {
namespace {

/// A call of the engine, which may be short of memory.
template <typename Call>
auto scarce(Call call) {
  const Scarcity scarcity;
  return call();
}

}  // namespace

Opened CheckedDevice::connect(const ConnectRequest& request) noexcept {
  const Opened opened = scarce([&] { return device_->connect(request); });
  if (opened.error != Err::ok) {
    EXPECT_EQ(opened.id, -1);
    return opened;
  }
  EXPECT_GE(opened.id, 0);
  EXPECT_EQ(life(opened.id), nullptr) << "id " << opened.id << " is in use";
  const Profile& profile = *device_->options().profile;
  if (profile.reuse_ids) {
    EXPECT_LT(static_cast<std::size_t>(opened.id), profile.max_sockets);
    for (SocketId lower = 0; lower < opened.id; ++lower) EXPECT_NE(life(lower), nullptr) << "not the lowest free id";
  }
  Life& fresh = lives_[opened.id];
  fresh.type = request.type;
  fresh.announcement_limit = std::clamp<std::size_t>(profile.max_receive_bytes, 1, 65536);
  if (request.type == SocketType::tcp && request.receive_buffer_bytes > 0) {
    fresh.announcement_limit = std::min(fresh.announcement_limit, request.receive_buffer_bytes);
  }
  return opened;
}

Err CheckedDevice::send(SocketId id, std::span<const std::byte> data) noexcept {
  const std::size_t space = device_->send_space(id);
  const Err error = scarce([&] { return device_->send(id, data); });
  const Life* socket = life(id);
  // The close of an id that is not in use has no room of its own for its answer.
  if (was_scarce_ && error != Err::enotconn) stray_closes_.erase(id);
  if (stray_closes_.contains(id) && (socket == nullptr || socket->over())) {
    EXPECT_EQ(error, Err::enotconn) << "a close of " << id << " is under way";
    return error;
  }
  if (socket != nullptr && socket->being_closed()) {
    EXPECT_EQ(error, Err::enotconn) << "a close of " << id << " is under way";
    return error;
  }
  if (error == Err::enomem) {
    EXPECT_TRUE(was_scarce_);
  } else if (socket == nullptr) {
    EXPECT_EQ(error, Err::earg) << "no socket " << id;
  } else if (socket->over()) {
    EXPECT_EQ(error, Err::enotconn) << id << " is closed";
  } else if (socket->ended) {
    EXPECT_TRUE(error == Err::eclsd || error == Err::enotconn) << name_of(error) << " after close_ind of " << id;
  }
  if (error == Err::ok) {
    EXPECT_LE(data.size(), space) << "more than send_space() was accepted";
  }
  unanswered_[id].push_back({data.size(), error});
  return error;
}

std::span<const std::byte> CheckedDevice::peek(SocketId id, std::size_t limit) noexcept {
  const auto bytes = scarce([&] { return device_->peek(id, limit); });
  EXPECT_LE(bytes.size(), limit);
  const Life* socket = life(id);
  if (socket == nullptr || socket->closing) {
    EXPECT_TRUE(bytes.empty()) << "bytes of a socket that is not in use: " << id;
  }
  // "bytes to read now"
  const bool dropped = was_scarce_ && bytes.empty();  // they had to leave the shared buffer, and there was no other place
  if (socket != nullptr && socket->outstanding && socket->stream() && !socket->closing && !dropped) {
    EXPECT_GE(bytes.size(), std::min(limit, socket->announced)) << "announced bytes of " << id << " are not there";
  }
  peeked_ = bytes.size();
  return bytes;
}

void CheckedDevice::consume(SocketId id) noexcept {
  scarce([&] { device_->consume(id); });
  Life* socket = life(id);
  if (socket == nullptr) return;
  socket->announced -= std::min(socket->announced, peeked_);
  if (socket->announced == 0 || !socket->stream()) socket->outstanding = false;
}

bool CheckedDevice::close(SocketId id) noexcept {
  const bool closes = scarce([&] { return device_->close(id); });
  Life* socket = life(id);
  if (socket != nullptr && !socket->over()) {
    EXPECT_EQ(closes, !socket->closing) << "close of " << id;
    socket->closing = true;
    unanswered_.erase(id);
    stray_closes_.erase(id);  // one that is not answered yet: this one's answer is the only message from now on
    return closes;
  }
  EXPECT_FALSE(closes) << "close of " << id << ", which is not in use";
  if (stray_closes_.insert(id).second) unanswered_.erase(id);
  return closes;
}

bool CheckedDevice::destroy(SocketId id) noexcept {
  const bool destroyed = scarce([&] { return device_->destroy(id); });
  const Life* socket = life(id);
  EXPECT_EQ(destroyed, socket != nullptr && socket->over()) << "destroy of " << id;
  if (destroyed) lives_.erase(id);
  return destroyed;
}

bool CheckedDevice::start_timer(TimerId id, std::int32_t ms) noexcept {
  const bool started = scarce([&] { return device_->start_timer(id, ms); });
  if (started) timers_.insert(id);
  return started;
}

bool CheckedDevice::stop_timer(TimerId id) noexcept {
  timers_.erase(id);
  return device_->stop_timer(id);
}

bool CheckedDevice::next(Message& into) noexcept {
  if (!scarce([&] { return device_->next(into); })) return false;
  check(into);
  return true;
}

Waited CheckedDevice::receive(Message& into, std::optional<Duration> timeout, bool stop_when_idle) noexcept {
  const Waited waited = scarce([&] { return device_->receive(into, timeout, stop_when_idle); });
  if (waited == Waited::message) check(into);
  return waited;
}

Waited CheckedDevice::sleep(Duration time) noexcept {
  return scarce([&] { return device_->sleep(time); });
}

void CheckedDevice::check(const Message& message) {
  SCOPED_TRACE(testing::PrintToString(message));
  if (message.kind == MessageKind::timer) {
    EXPECT_EQ(timers_.erase(message.timer), 1U) << "this timer was not running";
    return;
  }
  if (message.kind == MessageKind::event) return;
  // Where memory is short, the texts go first.
  EXPECT_TRUE(message.reason.empty() == (message.error == Err::ok) || was_scarce_)
      << "a failure has a reason, a success has none: " << message.reason;
  switch (message.kind) {
    case MessageKind::connect_cnf: return check_connect_cnf(message);
    case MessageKind::send_cnf: return check_send_cnf(message);
    case MessageKind::receive_ind: return check_receive_ind(message);
    case MessageKind::close_ind: return check_close_ind(message);
    case MessageKind::close_cnf: return check_close_cnf(message);
    default: ADD_FAILURE() << "no such kind";
  }
}

void CheckedDevice::check_connect_cnf(const Message& message) {
  Life* socket = life(message.socket);
  ASSERT_NE(socket, nullptr);
  EXPECT_FALSE(socket->answered) << "a second connect_cnf";
  EXPECT_FALSE(socket->closing) << "after close()";
  EXPECT_TRUE(message.verify.empty() == (socket->type != SocketType::ssl) || was_scarce_) << message.verify;
  socket->answered = true;
  socket->connected = message.error == Err::ok;
}

void CheckedDevice::check_send_cnf(const Message& message) {
  const Life* socket = life(message.socket);
  EXPECT_FALSE(socket != nullptr && socket->being_closed()) << "between close() and close_cnf";
  auto& waiting = unanswered_[message.socket];
  // A send for which memory was lacking may have found no room for an answer either.
  while (was_scarce_ && message.error != Err::enomem && !waiting.empty() && waiting.front().answer == Err::enomem) {
    waiting.pop_front();
  }
  // Nor a close of an id that is not in use, for its own: then it voids no others.
  if (was_scarce_ && (socket == nullptr || socket->over()) && waiting.empty()) return;
  ASSERT_FALSE(waiting.empty()) << "no send waits for it";
  const Sent sent = waiting.front();
  waiting.pop_front();
  if (sent.answer != Err::ok) {
    EXPECT_EQ(message.error, sent.answer) << "the call had answered otherwise";
    EXPECT_EQ(message.size, 0U);
  } else if (message.error == Err::ok) {
    EXPECT_EQ(message.size, sent.size);
  } else if (socket == nullptr || socket->stream()) {
    EXPECT_LE(message.size, sent.size) << "what had got through";
  }
}

void CheckedDevice::check_receive_ind(const Message& message) {
  Life* socket = life(message.socket);
  ASSERT_NE(socket, nullptr);
  EXPECT_TRUE(socket->connected) << "before connect_cnf";
  EXPECT_FALSE(socket->closing) << "after close()";
  EXPECT_FALSE(socket->ended) << "after close_ind";
  EXPECT_FALSE(socket->outstanding) << "the last one was not used up";
  if (socket->stream()) {
    EXPECT_GT(message.size, 0U);
    EXPECT_LE(message.size, socket->announcement_limit);
  }
  socket->outstanding = true;
  socket->announced = message.size;
}

void CheckedDevice::check_close_ind(const Message& message) {
  Life* socket = life(message.socket);
  ASSERT_NE(socket, nullptr);
  EXPECT_TRUE(socket->connected) << "before connect_cnf";
  EXPECT_FALSE(socket->closing) << "after close()";
  EXPECT_FALSE(socket->ended) << "a second close_ind";
  auto& waiting = unanswered_[message.socket];
  if (was_scarce_) std::erase_if(waiting, [](const Sent& sent) { return sent.answer == Err::enomem; });
  EXPECT_TRUE(waiting.empty()) << "sends are still unanswered";
  socket->ended = true;
}

void CheckedDevice::check_close_cnf(const Message& message) {
  Life* socket = life(message.socket);
  if (socket != nullptr && socket->being_closed()) {
    socket->closed = true;
    return;
  }
  EXPECT_EQ(stray_closes_.erase(message.socket), 1U) << "no close waits for it";
  EXPECT_NE(message.error, Err::ok) << "there was nothing to close";
}

void CheckedDevice::check_answered(bool sends_too) {
  for (const auto& [id, socket] : lives_) {
    EXPECT_TRUE(socket.answered || socket.closing) << "connect of " << id << " was never answered";
    EXPECT_EQ(socket.closing, socket.closed) << "close of " << id << " was never answered";
  }
  EXPECT_TRUE(stray_closes_.empty() || was_scarce_) << "close of " << *stray_closes_.begin() << " was never answered";
  for (const auto& [id, sends] : unanswered_) {
    for (const Sent& sent : sends) {
      if (was_scarce_ && sent.answer == Err::enomem) continue;
      if (sends_too || sent.answer != Err::ok) ADD_FAILURE() << "a send of " << sent.size << " to " << id << " was never answered";
    }
  }
}

bool CheckedDevice::answered() const {
  const auto over = [](const auto& entry) {
    const Life& socket = entry.second;
    return (socket.answered || socket.closing) && socket.closing == socket.closed;
  };
  const auto refused = [this](const Sent& sent) {
    return sent.answer != Err::ok && !(was_scarce_ && sent.answer == Err::enomem);
  };
  return std::ranges::all_of(lives_, over) && (stray_closes_.empty() || was_scarce_) &&
         std::ranges::none_of(unanswered_, [&](const auto& entry) { return std::ranges::any_of(entry.second, refused); });
}

std::vector<SocketId> CheckedDevice::sockets() const {
  std::vector<SocketId> ids;
  for (const auto& [id, socket] : lives_) ids.push_back(id);
  return ids;
}

}  // namespace socketcore::test
