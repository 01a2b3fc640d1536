#pragma once

#include <string>
#include <vector>

#include "runner/project.hpp"
#include "runner/sandbox.hpp"
#include "socketcore/log.hpp"
#include "socketcore/options.hpp"

namespace runner {

struct RunOptions {
  socketcore::DeviceOptions device;
  std::vector<std::string> libraries;  ///< folders for package.path, after the script's own
  bool exit_when_idle = false;
  bool as_device = false;  ///< a project, whatever the script is called
  SandboxOptions sandbox;
  ProjectOptions project;
  std::string script;  ///< a file, or a folder with main.lua
  std::vector<std::string> arguments;
};

/// Runs the script, again after each rtos.restart(). A folder, and a main.lua, is a device's project: it finds the device's
/// files, modules and modem. Any other script finds this machine's files, and the sockets. Returns the exit status: the script's own, 1 after an error, 128 and
/// the signal's number after a signal.
[[nodiscard]] int run_script(const RunOptions& options, socketcore::Log& log);

}  // namespace runner
