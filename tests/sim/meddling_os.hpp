#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sim/allocations.hpp"
#include "unit/dns/forwarding_os.hpp"

namespace socketcore::test {

/// SimOs, but a test may answer in its place where the simulated kernel never would.
class MeddlingOs final : public ForwardingOs {
 public:
  using ForwardingOs::ForwardingOs;

  /// Asked first; an answer replaces the kernel's.
  std::function<std::optional<IoResult>(int fd, std::span<const std::byte> data)> on_send;
  std::function<std::optional<OpenResult>(Family family, SocketKind kind)> on_open;
  std::function<std::optional<SysError>(int fd, const Endpoint& peer)> on_connect;
  std::optional<SysError> watch_fails;
  /// Reports this readiness in the next wait(), beside what is real.
  void report(int fd, Readiness what) { extra_.push_back({keys_.at(fd), what}); }

  /// What became of the descriptors: all that were watched, in order.
  std::vector<int> watched;
  std::size_t waits = 0;

  IoResult send(int fd, std::span<const std::byte> data) noexcept override {
    const Plenty plenty;
    if (on_send) {
      if (const auto answer = on_send(fd, data)) return *answer;
    }
    return ForwardingOs::send(fd, data);
  }
  OpenResult open(Family family, SocketKind kind, int protocol) noexcept override {
    const Plenty plenty;
    if (on_open) {
      if (const auto answer = on_open(family, kind)) return *answer;
    }
    return ForwardingOs::open(family, kind, protocol);
  }
  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override {
    const Plenty plenty;
    if (watch_fails) return *watch_fails;
    keys_[fd] = key;
    watched.push_back(fd);
    return ForwardingOs::watch(fd, key, interest);
  }
  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override {
    const Plenty plenty;
    ++waits;
    std::size_t count = 0;
    for (; count < extra_.size() && count < into.size(); ++count) into[count] = extra_[count];
    extra_.erase(extra_.begin(), extra_.begin() + static_cast<std::ptrdiff_t>(count));
    return count + ForwardingOs::wait(into.subspan(count), count > 0 ? Duration::zero() : timeout);
  }

  void close(int fd) noexcept override {
    const Plenty plenty;
    ForwardingOs::close(fd);
  }
  SysError bind(int fd, const Endpoint& local) noexcept override {
    const Plenty plenty;
    return ForwardingOs::bind(fd, local);
  }
  SysError connect(int fd, const Endpoint& peer) noexcept override {
    const Plenty plenty;
    if (on_connect) {
      if (const auto answer = on_connect(fd, peer)) return *answer;
    }
    return ForwardingOs::connect(fd, peer);
  }
  IoResult receive(int fd, std::span<std::byte> into) noexcept override {
    const Plenty plenty;
    return ForwardingOs::receive(fd, into);
  }
  IoResult discard(int fd) noexcept override {
    const Plenty plenty;
    return ForwardingOs::discard(fd);
  }
  IoResult send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept override {
    const Plenty plenty;
    return ForwardingOs::send_to(fd, data, to);
  }
  SysError shutdown_send(int fd) noexcept override {
    const Plenty plenty;
    return ForwardingOs::shutdown_send(fd);
  }
  SysError set_option(int fd, OsOption option, int value) noexcept override {
    const Plenty plenty;
    return ForwardingOs::set_option(fd, option, value);
  }

 private:
  std::map<int, std::uint64_t> keys_;
  std::vector<ReadyEvent> extra_;
};

}  // namespace socketcore::test
