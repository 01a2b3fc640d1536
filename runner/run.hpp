#pragma once

#include <string>
#include <vector>

#include "socketcore/log.hpp"
#include "socketcore/options.hpp"

namespace runner {

struct RunOptions {
  socketcore::DeviceOptions device;
  std::vector<std::string> libraries;  ///< folders for package.path, after the script's own
  bool exit_when_idle = false;
  std::string script;  ///< a file, or a folder with main.lua
  std::vector<std::string> arguments;
};

/// Runs the script, again after each rtos.restart(). Returns the exit status: the script's own, 1 after an error, 128 and
/// the signal's number after a signal.
[[nodiscard]] int run_script(const RunOptions& options, socketcore::Log& log);

}  // namespace runner
