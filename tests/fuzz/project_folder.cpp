// A project as `socketcore doctor FOLDER` reads it. Input: files, each a line with its name, then its text up to a line of
// `===`.
#include <cstdlib>
#include <string>

#include "fuzz/input.hpp"
#include "runner/examine_project.hpp"
#include "runner/project.hpp"
#include "unit/board/temporary_folder.hpp"

// The library of the installed program is read by no run: it is the same each time.
std::filesystem::path runner::own_library() {
  return {};
}

namespace socketcore::fuzz {
namespace {

constexpr std::string_view kEnd = "\n===\n";

std::string_view take_file(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(kEnd), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + kEnd.size(), rest.size()));
  return taken;
}

/// A path that stays within the folder and that a file system takes.
std::string path_of(std::string_view name) {
  std::string path;
  for (const char c : name.substr(0, 60)) {
    if (c != '\0' && !(c == '/' && (path.empty() || path.back() == '/'))) path += c;
  }
  while (!path.empty() && path.back() == '/') path.pop_back();
  const bool leaves =
      ("/" + path + "/").find("/../") != std::string::npos || ("/" + path + "/").find("/./") != std::string::npos;
  return path.empty() || leaves ? "main.lua" : path;
}

void run(std::string_view rest) {
  const TemporaryFolder root;
  std::filesystem::create_directories(root / "project");
  std::filesystem::create_directories(root / "library");
  while (!rest.empty()) {
    const std::string_view file = take_file(rest);
    const std::size_t line = std::min(file.find('\n'), file.size());
    const std::string folder = file.starts_with('@') ? "library/" : "project/";
    try {
      root.write(folder + path_of(file.substr(0, line)), std::string(file.substr(std::min(line + 1, file.size()))));
    } catch (const std::filesystem::filesystem_error&) {  // a file where another wants its folder
    }
  }
  const int status = runner::examine_project({.folder = root / "project", .libraries = {(root / "library").string()}});
  check(status == EXIT_SUCCESS || status == EXIT_FAILURE, "an exit status that is none");
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::run(socketcore::fuzz::Input(data, size).rest());
  return 0;
}
