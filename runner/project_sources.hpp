#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "board/file_system.hpp"
#include "runner/script_reader.hpp"

namespace runner {

struct Script {
  enum class State { read, compiled, foreign, broken, unreadable };

  std::string shown;      ///< for people: the path in the project; that of a library with the library's
  std::string file_name;  ///< its last part
  bool library = false;
  State state = State::read;
  std::size_t line = 1;   ///< of the problem
  std::string problem{};  ///< where it is not `read`
  Outline outline{};      ///< where it is
  bool reached = false;   ///< whether main.lua leads to it

  /// The file's name without what follows its dot.
  [[nodiscard]] std::string_view stem() const;
};

/// All scripts that a run of the project would find, read.
class ProjectSources {
 public:
  /// Never fails: what cannot be read is told by the scripts and by unreadable_folders().
  ProjectSources(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& libraries);

  /// The project's first, main.lua before all, then by path.
  [[nodiscard]] const std::vector<Script>& scripts() const noexcept { return scripts_; }
  /// Each with the reason.
  [[nodiscard]] const std::map<std::string, std::string>& unreadable_folders() const noexcept { return unreadable_; }
  [[nodiscard]] bool has_main() const noexcept;
  /// Whether `require` finds a file for it.
  [[nodiscard]] bool has_module(std::string_view name) const { return find_module(name) != kNone; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void collect(const std::filesystem::path& folder, const std::string& prefix, bool library);
  void read_all();
  void reach();
  [[nodiscard]] std::size_t find_file(const std::string& path) const;
  [[nodiscard]] std::size_t find_module(std::string_view name) const;

  socketcore::FileSystem files_;
  std::vector<Script> scripts_;
  std::vector<std::string> paths_;             // of the scripts, on this machine
  std::map<std::string, std::size_t> places_;  // of the paths
  std::map<std::string, std::string> unreadable_;
};

}  // namespace runner
