#include "socketcore/device.hpp"

#include <algorithm>
#include <utility>

#include "device/core.hpp"
#include "device/script_timers.hpp"
#include "device/socket.hpp"
#include "device/socket_table.hpp"
#include "device/strays.hpp"

namespace socketcore {
namespace {

// How much a script is given from its queue before the kernel is asked again, though the queue is not empty: else a script
// whose calls make new messages would never hear of timers and peers. Counted in messages and chunks moved, not in time, so
// that a run can be repeated. The chunks of one budget are a mebibyte: what TLS takes a millisecond for on a slow machine.
constexpr std::int64_t kBudget = 64;
constexpr std::size_t kChunk = std::size_t{16} * 1024;

constexpr std::int64_t kMaxTimerMs = 0x7fffffff;

// A host may ask for limits of any length: time must not overflow with them.
DeviceOptions within_reason(DeviceOptions options, const Profile& profile) noexcept {
  constexpr std::chrono::milliseconds kYears = std::chrono::hours(24 * 365 * 100);
  options.profile = &profile;
  for (auto* limit : {&options.resolve_limit, &options.connect_limit, &options.handshake_limit, &options.linger_limit,
                      &options.unread_limit}) {
    *limit = std::clamp(*limit, std::chrono::milliseconds::zero(), kYears);
  }
  return options;
}

class VirtualDevice final : public Device, private Handler {
 public:
  VirtualDevice(Reactor& reactor, const DeviceOptions& options)
      : core_(reactor.core()),
        profile_(options.profile != nullptr ? *options.profile : host_profile()),
        options_(within_reason(options, profile_)),
        token_(core_.loop().attach(*this)),
        queue_(core_.loop(), token_),
        timers_(core_.loop(), token_, queue_),
        strays_(queue_),
        home_{queue_, options_, true},
        sockets_(profile_.max_sockets, profile_.reuse_ids),
        born_(core_.os().now()) {
    core_.add_device();
  }

  ~VirtualDevice() override {
    const bool forked = core_.os().forked();
    sockets_.for_each([&](std::unique_ptr<Socket>& socket) {
      if (forked || !socket->orphan()) return;
      const Token token = socket->token();
      core_.loop().adopt(std::move(socket), token);
    });
    core_.loop().detach(token_);
    core_.remove_device();
  }
  VirtualDevice(const VirtualDevice&) = delete;
  VirtualDevice& operator=(const VirtualDevice&) = delete;

  [[nodiscard]] DeviceKey key() const noexcept override { return {token_.packed()}; }
  [[nodiscard]] const DeviceOptions& options() const noexcept override { return options_; }

  [[nodiscard]] bool promise_event() noexcept override try {
    queue_.promise(1);
    return true;
  } catch (...) {
    return false;
  }
  void redeem_event() noexcept override { queue_.redeem(1); }
  void post_event(EventKind kind, std::int32_t first, std::int32_t second) noexcept override {
    queue_.redeem(1);
    queue_.post({.kind = Note::Kind::event,
                 .error = Err::ok,
                 .id = first,
                 .serial = static_cast<std::uint32_t>(kind),
                 .size = static_cast<std::uint32_t>(second)});
  }

  void set_link(bool up) noexcept override {
    if (home_.link_up == up) return;
    home_.link_up = up;
    if (up) return;
    sockets_.for_each([](const std::unique_ptr<Socket>& socket) { socket->link_lost(); });
  }

  [[nodiscard]] Opened connect(const ConnectRequest& request) noexcept override try {
    if (request.address.empty() || request.address.size() > profile_.max_address_chars ||
        request.address.find('\0') != std::string_view::npos || request.type > SocketType::raw ||
        (request.type == SocketType::raw && request.port > 255)) {
      return {-1, Err::earg};
    }
    if (sockets_.full()) return {-1, Err::enobufs};
    const SocketId id = sockets_.next_id();
    auto socket = std::make_unique<Socket>(core_, home_, request.type, id, ++serial_);
    if (const Err error = socket->connect(request); error != Err::ok) return {-1, error};
    sockets_.insert(id, std::move(socket));
    return {id, Err::ok};
  } catch (...) {
    return {-1, Err::enomem};
  }

  [[nodiscard]] Err send(SocketId id, std::span<const std::byte> data) noexcept override try {
    if (id < 0) return Err::earg;
    Socket* socket = sockets_.find(id);
    if (socket == nullptr || !under_way(socket->state())) return send_in_vain(id, socket);
    queue_.promise(1);
    try {
      budget_ -= static_cast<std::int64_t>(data.size() / kChunk);
      return socket->send(data);
    } catch (...) {
      // Nothing was taken; the answer still comes.
      return socket->refuse_for_memory();
    }
  } catch (...) {
    return Err::enomem;
  }

  [[nodiscard]] std::size_t send_space(SocketId id) const noexcept override {
    const Socket* socket = sockets_.find(id);
    return socket == nullptr ? 0 : socket->send_space();
  }

  [[nodiscard]] std::span<const std::byte> peek(SocketId id, std::size_t limit) noexcept override {
    peeked_ = {};
    Socket* socket = sockets_.find(id);
    if (socket == nullptr) return {};
    const auto bytes = socket->peek(limit);
    peeked_ = {id, bytes.size(), limit};
    return bytes;
  }

  void consume(SocketId id) noexcept override {
    const Peeked last = std::exchange(peeked_, {});
    if (last.id != id) return;
    if (Socket* socket = sockets_.find(id)) socket->consume(last.size, last.limit);
  }

  bool close(SocketId id) noexcept override try {
    if (id < 0) return false;
    Socket* socket = sockets_.find(id);
    if (socket == nullptr || socket->state() == State::closed) {
      if (!strays_.closing(id)) strays_.answer_close(id);
      return false;
    }
    return socket->close();
  } catch (...) {
    return false;
  }

  bool destroy(SocketId id) noexcept override {
    const Socket* socket = sockets_.find(id);
    if (socket == nullptr || socket->state() != State::closed) return false;
    const std::unique_ptr<Socket> freed = sockets_.remove(id);
    return true;
  }

  bool set_option(SocketId id, SocketOption option, int value) noexcept override try {
    Socket* socket = sockets_.find(id);
    return socket != nullptr && socket->set_option(option, value);
  } catch (...) {
    return false;
  }

  bool start_timer(TimerId id, std::int32_t ms) noexcept override try {
    if (id < 0 || ms < 1 || ms > kMaxTimerMs) return false;
    timers_.start(id, std::chrono::milliseconds(ms));
    return true;
  } catch (...) {
    return false;
  }

  bool stop_timer(TimerId id) noexcept override {
    if (id < 0) return false;
    timers_.stop(id);
    return true;
  }

  [[nodiscard]] bool next(Message& into) noexcept override {
    Note note;
    while (queue_.take(note)) {
      if (deliver(note, into)) {
        budget_ -= 1 + static_cast<std::int64_t>(into.size / kChunk);
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] Waited receive(Message& into, std::optional<Duration> timeout, bool stop_when_idle) noexcept override {
    if (budget_ > 0 && next(into)) return Waited::message;
    return wait_for_message(into, timeout, stop_when_idle);
  }

  [[nodiscard]] Waited sleep(Duration time) noexcept override {
    const Instant deadline = later(core_.os().now(), time);
    for (;;) {
      const Duration left = deadline - core_.os().now();
      if (left <= Duration::zero()) return Waited::timeout;
      core_.loop().step(left);
      if (core_.os().interrupted()) return Waited::interrupted;
    }
  }

  [[nodiscard]] std::uint64_t ticks() noexcept override {
    const auto since = core_.os().now() - born_;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    const std::int64_t ticks = seconds.count() * kTicksPerSecond + (since - seconds).count() * kTicksPerSecond / 1'000'000'000;
    return static_cast<std::uint64_t>(ticks);
  }
  [[nodiscard]] WallTime wall_clock() noexcept override { return core_.os().wall_clock(); }
  void random(std::span<std::byte> into) noexcept override { core_.os().random(into); }

 private:
  void on_timer(std::uint32_t cookie) noexcept override { timers_.ran_out(static_cast<TimerId>(cookie)); }

  // Apart from receive(), so that to take a message that is there costs no more than that.
  [[nodiscard, gnu::noinline]] Waited wait_for_message(Message& into, std::optional<Duration> timeout,
                                                       bool stop_when_idle) noexcept {
    const bool waits = timeout && *timeout > Duration::zero();
    const Instant deadline = waits ? later(core_.os().now(), *timeout) : Instant{};
    for (;;) {
      Duration wait{-1};
      if (timeout) wait = waits ? std::max(Duration::zero(), deadline - core_.os().now()) : Duration::zero();
      if (!queue_.empty()) wait = Duration::zero();
      else if (stop_when_idle && !timeout && idle()) return Waited::idle;
      core_.loop().step(wait);
      budget_ = kBudget;
      const bool interrupted = core_.os().interrupted();
      if (next(into)) return Waited::message;
      if (interrupted) return Waited::interrupted;
      if (timeout && (!waits || core_.os().now() >= deadline)) return Waited::timeout;
    }
  }

  [[nodiscard]] Err send_in_vain(SocketId id, const Socket* socket) {
    if (socket != nullptr && being_closed(socket->state())) return Err::enotconn;
    // After a failed connect the script may destroy the id at any time; the answer must not be lost with it.
    // The close of a former life of the id does not silence the one that lives.
    const bool lives = socket != nullptr && socket->state() == State::failed;
    if (!lives && strays_.closing(id)) return Err::enotconn;
    const Err error = socket != nullptr ? Err::enotconn : Err::earg;
    strays_.answer_send(id, error);
    return error;
  }

  [[nodiscard]] bool deliver(Note note, Message& into) noexcept try {
    if (!is_of_socket(note.kind)) return deliver_other(note, into);
    Socket* socket = sockets_.find(note.id);
    return socket != nullptr && socket->serial() == note.serial && socket->deliver(note, into);
  } catch (...) {
    // Only texts need memory, and they come last: the message stands without them.
    return true;
  }

  [[nodiscard]] bool deliver_other(Note note, Message& into) {
    switch (note.kind) {
      case Note::Kind::timer:
        if (!timers_.deliver(note)) return false;
        into.kind = MessageKind::timer;
        into.timer = note.id;
        into.error = Err::ok;
        into.size = 0;
        return true;
      case Note::Kind::event:
        into.kind = MessageKind::event;
        into.event = static_cast<EventKind>(note.serial);
        into.first = note.id;
        into.second = static_cast<std::int32_t>(note.size);
        into.error = Err::ok;
        into.size = 0;
        return true;
      case Note::Kind::stray_send_cnf:
      case Note::Kind::stray_close_cnf: {
        if (!strays_.deliver(note)) return false;
        // From close() on there is one message for the id; all strays that are left of it are older.
        if (const Socket* socket = sockets_.find(note.id); socket != nullptr && being_closed(socket->state())) return false;
        const bool send = note.kind == Note::Kind::stray_send_cnf;
        into.kind = send ? MessageKind::send_cnf : MessageKind::close_cnf;
        into.socket = note.id;
        into.error = note.error;
        into.size = 0;
        into.verify.clear();
        into.reason.clear();
        into.reason = (send ? "send to socket " : "close of socket ") + std::to_string(note.id) + ": no such socket is open";
        return true;
      }
      default:
        return false;
    }
  }

  [[nodiscard]] bool idle() noexcept {
    bool active = !timers_.empty();
    sockets_.for_each([&](const std::unique_ptr<Socket>& socket) { active = active || socket->active(); });
    return !active;
  }

  struct Peeked {
    SocketId id = -1;
    std::size_t size = 0;
    std::size_t limit = 0;
  };

  Core& core_;
  const Profile profile_;
  const DeviceOptions options_;
  const Token token_;
  MessageQueue queue_;
  ScriptTimers timers_;
  Strays strays_;
  Home home_;
  SocketTable sockets_;
  const Instant born_;
  Peeked peeked_;
  std::uint32_t serial_ = 0;
  std::int64_t budget_ = 0;
};

}  // namespace

std::unique_ptr<Device> Device::create(Reactor& reactor, const DeviceOptions& options) {
  reactor.core().make_room_for_device();
  return std::make_unique<VirtualDevice>(reactor, options);
}

}  // namespace socketcore
