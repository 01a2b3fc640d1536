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

/// The engine is running.
class Scarcity {
 public:
  Scarcity() { allocations_left = allocations_granted; }
  ~Scarcity() { allocations_granted = std::exchange(allocations_left, -1); }
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
