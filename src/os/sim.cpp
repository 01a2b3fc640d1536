#include "os/sim.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "os/sim_network.hpp"

namespace socketcore {
namespace {

constexpr WallTime kFirstDay = WallTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1).time_since_epoch());

bool is_stream(const sim::Socket& socket) noexcept {
  return socket.kind == SocketKind::stream;
}

/// As Linux checks the values and the kinds of socket that they go with.
int check_option(const sim::Socket& socket, OsOption option, int value) noexcept {
  const auto within = [value](int last) { return value >= 1 && value <= last ? 0 : EINVAL; };
  switch (option) {
    case OsOption::keep_idle_s:
    case OsOption::keep_interval_s:
      return is_stream(socket) ? within(32767) : ENOPROTOOPT;
    case OsOption::keep_count:
      return is_stream(socket) ? within(127) : ENOPROTOOPT;
    case OsOption::no_delay:
      return is_stream(socket) ? 0 : ENOPROTOOPT;
    case OsOption::header_included:
      return socket.kind == SocketKind::raw && socket.family == Family::v4 ? 0 : ENOPROTOOPT;
    case OsOption::v6_only:
      if (socket.family != Family::v6) return ENOPROTOOPT;
      return socket.local ? EINVAL : 0;
    default:
      return 0;
  }
}

}  // namespace

SimOs::SimOs(std::uint64_t seed)
    : network_(std::make_unique<sim::Network>(seed)),
      random_(seed),
      wall_at_start_(kFirstDay - network_->now().time_since_epoch()),
      descriptor_limit_(std::numeric_limits<std::size_t>::max()) {}

SimOs::~SimOs() = default;

void SimOs::advance(Duration by) {
  network_->advance(by);
}

void SimOs::set_wall_clock(WallTime now) noexcept {
  wall_at_start_ = now - network_->now().time_since_epoch();
}

void SimOs::set_latency(Duration latency) {
  network_->set_latency(latency);
}

void SimOs::set_latency(const Address& address, Duration latency) {
  network_->set_latency(address, latency);
}

void SimOs::black_hole(const Address& address, bool on) {
  network_->set_cut(address, false, on);
}

void SimOs::unreachable(const Address& address, bool on) {
  network_->set_cut(address, true, on);
}

void SimOs::broadcast_address(const Address& address) {
  network_->add_broadcast(address);
}

void SimOs::set_host_address(const Address& address) {
  network_->set_host(address);
}

void SimOs::allow_raw(bool allowed) noexcept {
  network_->allow_raw(allowed);
}

void SimOs::limit_descriptors(std::size_t count) noexcept {
  descriptor_limit_ = count;
}

void SimOs::limit_io(std::size_t bytes) noexcept {
  network_->limit_io(bytes);
}

void SimOs::reset_connection(int fd) {
  if (sim::Socket* socket = network_->by_fd(fd)) network_->reset_connection(*socket);
}

void SimOs::set_file_stamp(std::string path, std::uint64_t stamp) {
  file_stamps_[std::move(path)] = stamp;
}

void SimOs::set_forked(bool forked) noexcept {
  forked_ = forked;
}

std::size_t SimOs::open_descriptors() const noexcept {
  return network_->descriptors();
}

std::optional<int> SimOs::option(int fd, OsOption option) const noexcept {
  const sim::Socket* socket = network_->by_fd(fd);
  return socket != nullptr ? std::optional(socket->option(option)) : std::nullopt;
}

Instant SimOs::now() noexcept {
  return network_->now();
}

WallTime SimOs::wall_clock() noexcept {
  return wall_at_start_ + network_->now().time_since_epoch();
}

void SimOs::random(std::span<std::byte> into) noexcept {
  std::generate(into.begin(), into.end(), [this] { return static_cast<std::byte>(random_() & 0xff); });
}

OpenResult SimOs::open(Family family, SocketKind kind, int protocol) noexcept {
  if (kind == SocketKind::raw) {
    if (protocol <= 0 || protocol > 255) return {-1, SysError(EPROTONOSUPPORT)};
    if (!network_->raw_allowed()) return {-1, SysError(EPERM)};
  }
  if (network_->descriptors() >= descriptor_limit_) return {-1, SysError(EMFILE)};
  sim::Socket& socket = network_->create(family, kind);
  socket.protocol = protocol;
  return {network_->give_descriptor(socket), SysError()};
}

void SimOs::close(int fd) noexcept {
  if (sim::Socket* socket = network_->by_fd(fd)) network_->close(*socket);
}

SysError SimOs::bind(int fd, const Endpoint& local) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  return SysError(socket != nullptr ? network_->bind(*socket, local) : EBADF);
}

SysError SimOs::connect(int fd, const Endpoint& peer) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return SysError(EBADF);
  return SysError(is_stream(*socket) ? network_->connect_stream(*socket, peer) : network_->connect_datagram(*socket, peer));
}

SysError SimOs::listen(int fd, int backlog) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  return SysError(socket != nullptr ? network_->listen(*socket, backlog) : EBADF);
}

OpenResult SimOs::accept(int fd, Endpoint* peer) noexcept {
  sim::Socket* listener = network_->by_fd(fd);
  if (listener == nullptr) return {-1, SysError(EBADF)};
  // Linux takes the number before it looks: what waits goes on waiting.
  if (network_->descriptors() >= descriptor_limit_) return {-1, SysError(EMFILE)};
  if (!is_stream(*listener)) return {-1, SysError(EOPNOTSUPP)};
  if (listener->stream.state != sim::StreamState::listening) return {-1, SysError(EINVAL)};
  sim::Socket* child = network_->next_accepted(*listener);
  if (child == nullptr) return {-1, SysError(EAGAIN)};
  if (peer != nullptr) *peer = child->shown(*child->peer);
  return {network_->give_descriptor(*child), SysError()};
}

std::optional<Endpoint> SimOs::local_endpoint(int fd) noexcept {
  const sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return std::nullopt;
  return socket->local ? socket->shown(*socket->local) : Endpoint{sim::any_address(socket->family), 0};
}

SysError SimOs::take_error(int fd) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  return SysError(socket != nullptr ? std::exchange(socket->error, 0) : EBADF);
}

IoResult SimOs::receive(int fd, std::span<std::byte> into) noexcept {
  return receive_from(fd, into, nullptr);
}

IoResult SimOs::receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return {0, SysError(EBADF)};
  return is_stream(*socket) ? network_->receive_stream(*socket, into) : network_->receive_datagram(*socket, into, from);
}

IoResult SimOs::discard(int fd) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return {0, SysError(EBADF)};
  return is_stream(*socket) ? network_->receive_stream(*socket, std::nullopt) : IoResult{0, SysError(EOPNOTSUPP)};
}

IoResult SimOs::send(int fd, std::span<const std::byte> data) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return {0, SysError(EBADF)};
  return is_stream(*socket) ? network_->send_stream(*socket, data) : network_->send_datagram(*socket, data, std::nullopt);
}

IoResult SimOs::send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return {0, SysError(EBADF)};
  return is_stream(*socket) ? network_->send_stream(*socket, data) : network_->send_datagram(*socket, data, to);
}

SysError SimOs::shutdown_send(int fd) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return SysError(EBADF);
  return SysError(is_stream(*socket) ? network_->shutdown_send(*socket) : EOPNOTSUPP);
}

std::size_t SimOs::unacknowledged(int fd) noexcept {
  const sim::Socket* socket = network_->by_fd(fd);
  return socket != nullptr && is_stream(*socket) ? network_->unacknowledged(*socket) : 0;
}

void SimOs::take_ack_notices(int fd) noexcept {
  if (sim::Socket* socket = network_->by_fd(fd)) network_->take_notices(*socket);
}

SysError SimOs::set_option(int fd, OsOption option, int value) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return SysError(EBADF);
  if (const int error = check_option(*socket, option, value)) return SysError(error);
  network_->set_option(*socket, option, value);
  return SysError();
}

SysError SimOs::watch(int fd, std::uint64_t key, Interest interest) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return SysError(EBADF);
  if (socket->key) return SysError(EEXIST);
  network_->watch(*socket, key, interest);
  return SysError();
}

SysError SimOs::rewatch(int fd, std::uint64_t key, Interest interest) noexcept {
  sim::Socket* socket = network_->by_fd(fd);
  if (socket == nullptr) return SysError(EBADF);
  if (!socket->key) return SysError(ENOENT);
  network_->watch(*socket, key, interest);
  return SysError();
}

std::size_t SimOs::wait(std::span<ReadyEvent> into, Duration timeout) noexcept {
  const Instant start = network_->now();
  std::optional<Instant> limit;
  if (timeout >= Duration::zero() && timeout < Instant::max() - start) limit = start + timeout;
  network_->run_due();
  interrupted_ = woken_.exchange(false);
  for (;;) {
    const std::size_t count = network_->collect(into);
    if (count > 0 || interrupted_ || into.empty()) return count;
    if (!network_->step(limit)) {
      interrupted_ = !limit;
      return 0;
    }
    interrupted_ = woken_.exchange(false);
  }
}

bool SimOs::interrupted() const noexcept {
  return interrupted_;
}

void SimOs::wake() noexcept {
  woken_ = true;
}

int SimOs::poll_fd() const noexcept {
  return -1;
}

OpenResult SimOs::open_terminal(const char* /*path*/) noexcept { return {-1, SysError(ENOENT)}; }
OpenResult SimOs::open_pseudo_terminal(std::span<char> /*name*/) noexcept { return {-1, SysError(ENOENT)}; }
void SimOs::unwatch(int /*fd*/) noexcept {}  // nothing here has a duplicate
OpenResult SimOs::duplicate(int /*fd*/) noexcept { return {-1, SysError(EBADF)}; }
SysError SimOs::set_line(int /*fd*/, const SerialLine& /*line*/) noexcept { return SysError(ENOTTY); }
OpenResult SimOs::open_fifo(const char* /*path*/) noexcept { return {-1, SysError(ENOENT)}; }
IoResult SimOs::read(int /*fd*/, std::span<std::byte> /*into*/) noexcept { return {0, SysError(EBADF)}; }
IoResult SimOs::write(int /*fd*/, std::span<const std::byte> /*data*/) noexcept { return {0, SysError(EBADF)}; }
bool SimOs::attached(int /*fd*/) noexcept { return false; }

std::uint64_t SimOs::file_stamp(const char* path) noexcept {
  const auto found = file_stamps_.find(std::string_view(path));
  return found != file_stamps_.end() ? found->second : 0;
}

bool SimOs::forked() const noexcept {
  return forked_;
}

}  // namespace socketcore
