#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace runner {

struct ExamineOptions {
  std::string folder;                  ///< of the project, or its main.lua
  std::vector<std::string> libraries;  ///< --lib, in their order
};

/// Reads a device's project without running it and says on stdout, with file and line, what it uses that this host does not
/// have: modules, calls, constants, AT commands; and what would keep it from starting. Returns the exit status: 0 if
/// nothing is missing, else 1. What does not count: what a script looks for before it uses it, and files that main.lua does
/// not lead to. Of the libraries only the names count: which modules there are, and what they add to the device's.
[[nodiscard]] int examine_project(const ExamineOptions& options);

}  // namespace runner
