#include "torture/kernel.hpp"

#include <array>
#include <chrono>
#include <thread>

#include "real/descriptors.hpp"

namespace socketcore::test {
namespace {

constexpr std::size_t kCalls = static_cast<std::size_t>(SystemCall::madvise) + 1;

constexpr std::string_view kNames[kCalls]{"socket",
                                          "bind",
                                          "connect",
                                          "listen",
                                          "accept4",
                                          "getsockname",
                                          "getsockopt(SO_ERROR)",
                                          "recv",
                                          "recv of a datagram",
                                          "recv(MSG_TRUNC)",
                                          "recvmsg(MSG_ERRQUEUE)",
                                          "send",
                                          "send of a datagram",
                                          "shutdown",
                                          "setsockopt",
                                          "epoll_create1",
                                          "epoll_ctl(ADD)",
                                          "epoll_wait",
                                          "epoll_pwait2",
                                          "eventfd",
                                          "read of the eventfd",
                                          "write to the eventfd",
                                          "read",
                                          "write",
                                          "open",
                                          "posix_openpt",
                                          "unlockpt",
                                          "ptsname_r",
                                          "fcntl(F_DUPFD)",
                                          "tcgetattr",
                                          "tcsetattr",
                                          "poll",
                                          "stat",
                                          "fopen",
                                          "getrandom",
                                          "mmap",
                                          "madvise"};

std::vector<Fault> faults_of(SystemCall call) {
  using Kind = Fault::Kind;
  const auto errors = [](std::initializer_list<int> numbers, std::initializer_list<Fault> others = {}) {
    std::vector<Fault> all(others);
    for (const int number : numbers) all.push_back({Kind::error, number});
    return all;
  };
  switch (call) {
    case SystemCall::socket:
      return errors({EMFILE, ENFILE, ENOBUFS, ENOMEM, EAFNOSUPPORT, EACCES, EPERM}, {{Kind::lasting, EMFILE}});
    case SystemCall::bind: return errors({EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOMEM, ENOBUFS});
    case SystemCall::connect:
      return errors({ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EADDRINUSE, EAGAIN, EINTR, ENOMEM, ENOBUFS,
                     ETIMEDOUT, EPERM, EACCES});
    case SystemCall::listen: return errors({EADDRINUSE, ENOBUFS, ENOMEM});
    case SystemCall::accept:
      return errors({ECONNABORTED, EINTR, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO},
                    {{Kind::lasting, EMFILE}});
    case SystemCall::getsockname:
      return errors({ENOBUFS, ENOMEM});
    case SystemCall::take_error:
      return errors({ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EPIPE, ENOMEM, ENOBUFS});
    case SystemCall::receive:
      return errors({EINTR, ETIMEDOUT, EHOSTUNREACH, ENOMEM, ENOBUFS}, {{Kind::reset}, {Kind::blocked}, {Kind::one_byte}});
    case SystemCall::receive_datagram:
      return errors({ECONNREFUSED, EHOSTUNREACH, ENOMEM, ENOBUFS, EINTR}, {{Kind::blocked}, {Kind::lasting, ENOMEM}});
    case SystemCall::discard: return errors({EINTR, ETIMEDOUT, ENOMEM}, {{Kind::reset}, {Kind::blocked}});
    case SystemCall::notices: return errors({EINTR, ENOMEM, ENOBUFS}, {{Kind::blocked}});
    case SystemCall::send:
      return errors({EINTR, ENOBUFS, ENOMEM, ETIMEDOUT, EHOSTUNREACH, EPIPE},
                    {{Kind::reset}, {Kind::blocked}, {Kind::one_byte}});
    case SystemCall::send_datagram:
      return errors({EINTR, ENOBUFS, ENOMEM, EMSGSIZE, EPERM, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EINVAL},
                    {{Kind::blocked}, {Kind::lasting, ENOBUFS}});
    case SystemCall::shutdown: return errors({ENOTCONN}, {{Kind::reset}});
    case SystemCall::setsockopt: return errors({ENOMEM, ENOBUFS, ENOPROTOOPT, EPERM});
    case SystemCall::epoll_create: return errors({EMFILE, ENFILE, ENOMEM});
    case SystemCall::epoll_add: return errors({ENOSPC, ENOMEM});
    case SystemCall::epoll_wait: return errors({EINTR}, {{Kind::one_event}});
    case SystemCall::epoll_pwait2:
      return errors({EINTR}, {{Kind::one_event}, {Kind::lasting, ENOSYS}, {Kind::lasting, EPERM}});
    case SystemCall::eventfd: return errors({EMFILE, ENFILE, ENOMEM, ENODEV});
    case SystemCall::read_wake: return errors({EINTR});
    case SystemCall::write_wake: return errors({EINTR});
    case SystemCall::read: return errors({EINTR, EAGAIN, EIO}, {{Kind::one_byte}});
    case SystemCall::write: return errors({EINTR, EAGAIN, EIO, ENOMEM}, {{Kind::one_byte}});
    case SystemCall::open: return errors({EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, ENXIO, EINTR, EBUSY});
    case SystemCall::open_pty: return errors({EMFILE, ENFILE, ENOSPC, ENOENT, ENOMEM});
    case SystemCall::unlock_pty: return errors({EIO, ENOTTY});
    case SystemCall::name_pty: return errors({ENOTTY, ERANGE});
    case SystemCall::duplicate: return errors({EMFILE});
    case SystemCall::get_line: return errors({EIO, ENOTTY});
    case SystemCall::set_line: return errors({EIO, EINTR});
    case SystemCall::poll: return errors({EINTR, ENOMEM});
    case SystemCall::stat: return errors({ENOENT, EACCES, ENOMEM});
    case SystemCall::file_stream: return errors({EMFILE, ENFILE, ENOMEM, EACCES, ENOENT});
    case SystemCall::getrandom: return errors({EINTR}, {{Kind::one_byte}});
    case SystemCall::mmap: return errors({ENOMEM, EAGAIN});
    case SystemCall::madvise: return errors({EINVAL, ENOMEM});
  }
  return {};
}

}  // namespace

struct Kernel::State {
  struct Way {
    SystemCall call;
    long which;
    Fault how;
  };
  const std::thread::id thread = std::this_thread::get_id();
  std::vector<Way> all;
  std::array<long, kCalls> counts{};
  std::chrono::steady_clock::time_point start;
  std::size_t milliseconds = 0;
  std::size_t descriptors = 0;
  const Way* way = nullptr;  // of this run
  bool other_fault = false;  // something else fails in it
  bool struck = false;
  bool old = false;
};

Kernel::Kernel() : state_(std::make_unique<State>()) {}
Kernel::~Kernel() = default;

void Kernel::begin(bool first, std::optional<std::size_t> which) {
  state_->counts = {};
  state_->way = which ? &state_->all[*which] : nullptr;
  state_->other_fault = !first && !which;
  state_->struck = state_->old = false;
  state_->descriptors = open_descriptors();
  state_->start = std::chrono::steady_clock::now();
}

std::string Kernel::end() {
  const auto time = std::chrono::steady_clock::now() - state_->start;
  state_->milliseconds = static_cast<std::size_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
  const std::size_t left = open_descriptors();
  if (left == state_->descriptors) return {};
  return std::to_string(state_->descriptors) + " descriptors were open before, " + std::to_string(left) + " after";
}

std::size_t Kernel::ways() {
  state_->all.clear();
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto call = static_cast<SystemCall>(i);
    const std::vector<Fault> hows = faults_of(call);
    for (long n = 0; n < state_->counts[i]; ++n) {
      for (const Fault& how : hows) state_->all.push_back({call, n, how});
    }
  }
  return state_->all.size();
}

std::size_t Kernel::operations() const {
  // What a run costs is waiting, in the main.
  return state_->milliseconds;
}

bool Kernel::struck() const { return state_->struck; }

std::string Kernel::text(std::size_t which) const {
  const State::Way& way = state_->all[which];
  return "call " + std::to_string(way.which) + " of " + std::string(kNames[static_cast<std::size_t>(way.call)]) + ": " +
         way.how.text();
}

const Fault* Kernel::strikes(SystemCall call) noexcept {
  if (std::this_thread::get_id() != state_->thread || engine_depth == 0 || allocations_left < 0) return nullptr;
  const long number = state_->counts[static_cast<std::size_t>(call)]++;
  const State::Way* const way = state_->way;
  if (way == nullptr || call != way->call) return nullptr;
  if (number == way->which) {
    state_->struck = true;
    return &way->how;
  }
  return way->how.kind == Fault::Kind::lasting && number > way->which ? &way->how : nullptr;
}

bool Kernel::aged() const noexcept { return state_->old; }
void Kernel::age() { state_->old = true; }
bool Kernel::has_memory() const { return !state_->other_fault; }

bool Kernel::harmless() const {
  if (state_->way == nullptr) return !state_->other_fault;
  const auto& [call, which, how] = *state_->way;
  switch (how.kind) {
    case Fault::Kind::blocked:
    case Fault::Kind::one_byte:
    case Fault::Kind::interrupted:
    case Fault::Kind::one_event: return true;
    case Fault::Kind::lasting: return call == SystemCall::epoll_pwait2;
    case Fault::Kind::reset: return false;
    case Fault::Kind::error:
      if (call == SystemCall::notices || call == SystemCall::mmap || call == SystemCall::madvise) return true;
      return how.number == EINTR && call != SystemCall::connect && call != SystemCall::open && call != SystemCall::set_line;
  }
  return false;
}

}  // namespace socketcore::test
