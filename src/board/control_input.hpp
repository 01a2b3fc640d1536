#pragma once

#include <string>
#include <string_view>

#include "loop/loop.hpp"

namespace socketcore {

/// Reads lines from a FIFO while the device runs, for whoever drives its modem and its parts.
class ControlInput final : public Handler {
 public:
  class User {
   public:
    /// One line without its end; from within a turn.
    virtual void control_line(std::string_view line) noexcept = 0;

   protected:
    ~User() = default;
  };

  /// Throws std::bad_alloc only.
  ControlInput(Loop& loop, User& user);
  ~ControlInput() override;
  ControlInput(const ControlInput&) = delete;
  ControlInput& operator=(const ControlInput&) = delete;

  /// To be called once. ENOTSUP: the path is no FIFO.
  [[nodiscard]] SysError open(const char* path) noexcept;

  /// What is longer is cut off there.
  static constexpr std::size_t kLongestLine = 4096;
  /// So many bytes are read in one turn; what is left waits for the next.
  static constexpr std::size_t kMostPerTurn = 4096;

  void on_ready(Readiness what) noexcept override;
  void on_turn() noexcept override;

 private:
  void read() noexcept;
  void take(std::string_view bytes) noexcept;

  Loop& loop_;
  User& user_;
  Token token_;
  OwnedFd fd_;
  std::string line_;
};

}  // namespace socketcore
