#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "os/sim.hpp"
#include "sim/allocations.hpp"
#include "sim/faults.hpp"
#include "unit/dns/forwarding_os.hpp"

namespace socketcore::test {

/// SimOs, but a test may answer in its place where the simulated kernel never would, and any call may fail (faults.hpp).
class MeddlingOs final : public ForwardingOs {
 public:
  explicit MeddlingOs(SimOs& sim) noexcept : ForwardingOs(sim), sim_(&sim) {}

  /// Asked first; an answer replaces the kernel's.
  std::function<std::optional<IoResult>(int fd, std::span<const std::byte> data)> on_send;
  std::function<std::optional<OpenResult>(Family family, SocketKind kind)> on_open;
  std::function<std::optional<SysError>(int fd, const Endpoint& peer)> on_connect;
  std::optional<SysError> watch_fails;
  /// Reports this readiness in the next wait(), beside what is real.
  void report(int fd, Readiness what) { extra_.push_back({{keys_.at(fd), what}}); }

  /// What became of the descriptors: all that were watched, in order.
  std::vector<int> watched;
  std::size_t waits = 0;

  OpenResult open(Family family, SocketKind kind, int protocol) noexcept override {
    const Plenty plenty;
    if (on_open) {
      if (const auto answer = on_open(family, kind)) return *answer;
    }
    if (const Fault* fault = faults.strikes(OsCall::open)) return {-1, SysError(fault->number)};
    const OpenResult opened = ForwardingOs::open(family, kind, protocol);
    if (opened.ok()) streams_[opened.fd] = kind == SocketKind::stream;
    return opened;
  }
  void close(int fd) noexcept override {
    const Plenty plenty;
    std::erase_if(extra_, [&](const Extra& extra) { return extra.fault_of == fd; });
    ForwardingOs::close(fd);
  }
  SysError bind(int fd, const Endpoint& local) noexcept override {
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(OsCall::bind)) return SysError(fault->number);
    return ForwardingOs::bind(fd, local);
  }
  SysError connect(int fd, const Endpoint& peer) noexcept override {
    const Plenty plenty;
    if (on_connect) {
      if (const auto answer = on_connect(fd, peer)) return *answer;
    }
    if (const Fault* fault = faults.strikes(OsCall::connect)) return SysError(fault->number);
    return ForwardingOs::connect(fd, peer);
  }
  SysError take_error(int fd) noexcept override {
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(OsCall::take_error)) return SysError(fault->number);
    return ForwardingOs::take_error(fd);
  }

  IoResult receive(int fd, std::span<std::byte> into) noexcept override {
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(streams_[fd] ? OsCall::receive : OsCall::receive_datagram)) {
      return disturbed(*fault, fd, {.readable = true}, [&](std::size_t most) {
        return ForwardingOs::receive(fd, into.first(std::min(most, into.size())));
      });
    }
    return ForwardingOs::receive(fd, into);
  }
  IoResult discard(int fd) noexcept override {
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(OsCall::discard)) {
      return disturbed(*fault, fd, {.readable = true}, [&](std::size_t) { return ForwardingOs::discard(fd); });
    }
    return ForwardingOs::discard(fd);
  }
  IoResult send(int fd, std::span<const std::byte> data) noexcept override {
    const Plenty plenty;
    if (on_send) {
      if (const auto answer = on_send(fd, data)) return *answer;
    }
    if (const Fault* fault = faults.strikes(streams_[fd] ? OsCall::send : OsCall::send_datagram)) {
      return disturbed(*fault, fd, {.writable = true}, [&](std::size_t most) {
        return ForwardingOs::send(fd, data.first(std::min(most, data.size())));
      });
    }
    return ForwardingOs::send(fd, data);
  }
  IoResult send_to(int fd, std::span<const std::byte> data, const Endpoint& to) noexcept override {
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(OsCall::send_datagram)) {
      return disturbed(*fault, fd, {.writable = true}, [&](std::size_t) { return ForwardingOs::send_to(fd, data, to); });
    }
    return ForwardingOs::send_to(fd, data, to);
  }
  SysError shutdown_send(int fd) noexcept override {
    const Plenty plenty;
    if (faults.strikes(OsCall::shutdown_send) != nullptr) sim_->reset_connection(fd);
    return ForwardingOs::shutdown_send(fd);
  }
  SysError set_option(int fd, OsOption option, int value) noexcept override {
    const Plenty plenty;
    // Linux never refuses the way to reset a connection.
    if (option != OsOption::abort_on_close) {
      if (const Fault* fault = faults.strikes(OsCall::set_option)) return SysError(fault->number);
    }
    return ForwardingOs::set_option(fd, option, value);
  }

  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override {
    const Plenty plenty;
    if (watch_fails) return *watch_fails;
    if (const Fault* fault = faults.strikes(OsCall::watch)) return SysError(fault->number);
    keys_[fd] = key;
    watched.push_back(fd);
    return ForwardingOs::watch(fd, key, interest);
  }
  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override {
    const Plenty plenty;
    ++waits;
    interrupted_ = false;
    if (const Fault* fault = faults.strikes(OsCall::wait)) {
      if (fault->kind == Fault::Kind::interrupted) {
        interrupted_ = true;
        return 0;
      }
      into = into.first(1);
    }
    std::size_t count = 0;
    for (; count < extra_.size() && count < into.size(); ++count) into[count] = extra_[count].event;
    extra_.erase(extra_.begin(), extra_.begin() + static_cast<std::ptrdiff_t>(count));
    if (count == into.size()) return count;
    return count + ForwardingOs::wait(into.subspan(count), count > 0 ? Duration::zero() : timeout);
  }
  bool interrupted() const noexcept override { return interrupted_ || ForwardingOs::interrupted(); }

 private:
  static constexpr int kNoFault = -1;
  struct Extra {
    ReadyEvent event;
    int fault_of = kNoFault;  // the descriptor whose call was disturbed
  };

  /// `call(most)` as the fault has it. What it left undone is announced as `ready` by the next wait.
  template <typename Call>
  IoResult disturbed(const Fault& fault, int fd, Readiness ready, Call call) noexcept {
    switch (fault.kind) {
      case Fault::Kind::reset:
        sim_->reset_connection(fd);
        return call(~std::size_t{0});
      case Fault::Kind::blocked:
        extra_.push_back({{keys_[fd], ready}, fd});
        return {0, SysError(EAGAIN)};
      case Fault::Kind::one_byte:
        extra_.push_back({{keys_[fd], ready}, fd});
        return call(1);
      default:
        return {0, SysError(fault.number)};
    }
  }

  SimOs* sim_;
  std::map<int, std::uint64_t> keys_;
  std::map<int, bool> streams_;
  std::vector<Extra> extra_;
  bool interrupted_ = false;
};

}  // namespace socketcore::test
