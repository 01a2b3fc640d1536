#pragma once

#include <cstdint>

#include "runner/project.hpp"
#include "socketcore/log.hpp"
#include "socketcore/options.hpp"

namespace runner {

/// What a script is held to, beyond what its device allows.
struct SandboxOptions {
  bool confined = false;               ///< --sandbox
  bool no_core = false;                ///< --no-core
  std::uint64_t max_memory_bytes = 0;  ///< of its Lua state; 0: no limit
  std::uint64_t max_sockets = 0;       ///< 0: the profile's alone

  /// A confined script is held to all of them: those that were not given get their defaults.
  void settle() noexcept;
};

/// The second wall, around the whole process, for the case that a script gets through the first, which is its Lua
/// (lua/device/confinement.hpp): what the kernel lets it reach. Says in the log what could be had. To be called once the
/// project is open, and before its script runs.
void confine_process(const SandboxOptions& options, const socketcore::Profile& profile, const Project& project,
                     socketcore::Log& log);

}  // namespace runner
