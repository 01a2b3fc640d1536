#pragma once

#include <utility>

namespace socketcore::test {

/// How many calls of operator new the engine is still granted; negative: all. Counted only inside calls of the device under
/// test (Scarcity), and not inside the simulated kernel (Plenty), which has memory of its own in truth.
inline long allocations_granted = -1;
/// What operator new looks at. -1 outside the engine.
inline long allocations_left = -1;
/// Whether only the one call fails that comes after those granted.
inline bool only_one_fails = false;
/// Blocks that the engine was granted and has not freed, while it is counted at all.
inline long blocks_of_the_engine = 0;
/// How many it was granted so far, while it is counted.
inline long allocations_made = 0;
/// How many calls of the engine are under way.
inline int engine_depth = 0;

/// The engine is running.
class Scarcity {
 public:
  Scarcity() {
    ++engine_depth;
    allocations_left = allocations_granted;
  }
  ~Scarcity() {
    allocations_granted = std::exchange(allocations_left, -1);
    --engine_depth;
  }
  Scarcity(const Scarcity&) = delete;
  Scarcity& operator=(const Scarcity&) = delete;
};

/// Somebody else is running, called by the engine.
class Plenty {
 public:
  Plenty() : saved_(std::exchange(allocations_left, -1)) {}
  ~Plenty() { allocations_left = saved_; }
  Plenty(const Plenty&) = delete;
  Plenty& operator=(const Plenty&) = delete;

 private:
  long saved_;
};

}  // namespace socketcore::test
