#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "sim/faults.hpp"
#include "sim/print.hpp"
#include "socketcore/device.hpp"

namespace socketcore::test {

/// A device that is watched: every call and every message is held to what the contract promises of all of them, whatever a
/// test is about. What it finds is a failure of the test that runs.
class CheckedDevice final : public DeviceApi {
 public:
  explicit CheckedDevice(std::unique_ptr<Device> device) : device_(std::move(device)) {}

  [[nodiscard]] Device& inner() noexcept { return *device_; }

  [[nodiscard]] Opened connect(const ConnectRequest& request) noexcept override;
  [[nodiscard]] Err send(SocketId id, std::span<const std::byte> data) noexcept override;
  [[nodiscard]] std::size_t send_space(SocketId id) const noexcept override { return device_->send_space(id); }
  [[nodiscard]] std::span<const std::byte> peek(SocketId id, std::size_t limit) noexcept override;
  void consume(SocketId id) noexcept override;
  bool close(SocketId id) noexcept override;
  bool destroy(SocketId id) noexcept override;
  bool set_option(SocketId id, SocketOption option, int value) noexcept override {
    return device_->set_option(id, option, value);
  }
  bool start_timer(TimerId id, std::int32_t ms) noexcept override;
  bool stop_timer(TimerId id) noexcept override;
  [[nodiscard]] bool next(Message& into) noexcept override;
  [[nodiscard]] Waited receive(Message& into, std::optional<Duration> timeout, bool stop_when_idle = false) noexcept override;
  [[nodiscard]] Waited sleep(Duration time) noexcept override;
  void set_link(bool up) noexcept { device_->set_link(up); }
  [[nodiscard]] Device& real() noexcept { return *device_; }
  [[nodiscard]] std::uint64_t ticks() noexcept override { return device_->ticks(); }
  [[nodiscard]] WallTime wall_clock() noexcept override { return device_->wall_clock(); }
  void random(std::span<std::byte> into) noexcept override { device_->random(into); }

  /// Nothing more is to come: each connect() and close() must have had its answer, and each send() too where no bytes of it
  /// can be stuck at a peer.
  void check_answered(bool sends_too);
  /// Whether check_answered(false) would have nothing to say yet.
  [[nodiscard]] bool answered() const;

  /// The engine is, or was, short of memory: promises of texts and of answers to calls that said enomem are off.
  void expect_scarcity() noexcept { was_scarce_ = true; }

  /// Whether a close() of an id that was not in use is not answered yet.
  [[nodiscard]] bool stray_close_waits() const noexcept { return !stray_closes_.empty(); }

  /// The ids of the sockets that were not destroyed.
  [[nodiscard]] std::vector<SocketId> sockets() const;

 private:
  struct Life {
    SocketType type = SocketType::tcp;
    std::size_t announcement_limit = 0;
    bool answered = false;      // connect_cnf was delivered
    bool connected = false;     // and said that it worked
    bool ended = false;         // close_ind was delivered
    bool closing = false;       // close() was called
    bool closed = false;        // close_cnf was delivered
    bool outstanding = false;   // an announcement that was not used up
    std::size_t announced = 0;  // its bytes

    [[nodiscard]] bool stream() const { return type == SocketType::tcp || type == SocketType::ssl; }
    [[nodiscard]] bool being_closed() const { return closing && !closed; }
    [[nodiscard]] bool over() const { return closed || (answered && !connected && !closing); }
  };
  struct Sent {
    std::size_t size;
    Err answer;
  };

  [[nodiscard]] Life* life(SocketId id) {
    const auto found = lives_.find(id);
    return found == lives_.end() ? nullptr : &found->second;
  }
  void check(const Message& message);
  void check_connect_cnf(const Message& message);
  void check_send_cnf(const Message& message);
  void check_receive_ind(const Message& message);
  void check_close_ind(const Message& message);
  void check_close_cnf(const Message& message);

  std::unique_ptr<Device> device_;
  std::map<SocketId, Life> lives_;
  std::map<SocketId, std::deque<Sent>> unanswered_;
  std::set<SocketId> stray_closes_;
  std::set<TimerId> timers_;
  std::size_t peeked_ = 0;
  bool was_scarce_ = tortured;
};

}  // namespace socketcore::test
