#pragma once

#include <cstdint>

/// Which part of the client's run callgrind counts: from the FROMth to the TOth operation (or byte) that was served, and of
/// that only the client's own instructions. LOCKSTEP_WINDOW="FROM TO" in the environment; without it nothing is counted.
namespace lockstep {

/// So many operations or bytes more have been served. At the window's end one line on stderr says what was in it, and the
/// process ends: "lockstep: OPERATIONS operations, CALLS calls".
void served(std::uint64_t more);

/// While one lives, nothing is counted: the library does what the kernel or the peer would do.
class Aside {
 public:
  Aside();
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
};

/// The same for what would be a call of the system, which is counted as such.
class Call : Aside {
 public:
  Call();
};

}  // namespace lockstep
