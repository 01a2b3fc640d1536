#pragma once

#include "socketcore/os.hpp"

namespace socketcore {

/// The time of day as a script has set it: the host's, and what the script has set it off by. The host's own clock is never
/// set. It may outlive the Os, and then stands still.
class Clock {
 public:
  void run_on(Os& os) noexcept { os_ = &os; }
  /// The Os is about to go.
  void stop() noexcept {
    stopped_at_ = now();
    os_ = nullptr;
  }

  [[nodiscard]] WallTime now() const noexcept { return os_ != nullptr ? os_->wall_clock() + offset_ : stopped_at_; }
  void set(WallTime time) noexcept {
    if (os_ != nullptr) offset_ = time - os_->wall_clock();
  }

 private:
  Os* os_ = nullptr;
  Duration offset_{};
  WallTime stopped_at_{};
};

}  // namespace socketcore
