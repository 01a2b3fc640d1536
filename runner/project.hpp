#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "board/board.hpp"
#include "board/file_system.hpp"

namespace runner {

/// How a project runs as a device: what the command line says.
struct ProjectOptions {
  socketcore::ModemSettings modem;
  std::vector<std::string> uarts;  ///< N=PATH or N=pty
  std::string data;                ///< the flash; empty: a folder that is made for this run and removed after it
  std::string control_fifo;        ///< made if it is missing
  std::string parts_file;
  std::string trace_file;
  bool restart = false;            ///< start the script again where the device would
};

/// A project on its way into a board: its folders, checked.
class Project {
 public:
  /// `main` is the script, in the project's folder. Null: a value cannot be used, and `problem` says which and why.
  [[nodiscard]] static std::unique_ptr<Project> open(const ProjectOptions& options, const std::filesystem::path& main,
                                                     const std::vector<std::string>& libraries, std::string& problem);
  ~Project();
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  [[nodiscard]] const socketcore::BoardSettings& board() const noexcept { return board_; }
  [[nodiscard]] const socketcore::FileSystem::Settings& files() const noexcept { return files_; }
  /// Whether the flash was made for this run only.
  [[nodiscard]] bool removes_data() const noexcept { return !own_data_.empty(); }
  /// Removes what was made for this run only. The destructor does it, which exit() leaves out.
  void clear_up() noexcept;
  void set_reason(socketcore::PowerOnReason reason) noexcept { board_.power_on_reason = reason; }
  /// The script as it knows itself: /lua/main.lua.
  [[nodiscard]] const std::string& main() const noexcept { return main_; }
  /// Leaves the error that ended the script where its next start looks for it: /luaerrinfo.txt.
  void keep_error(const std::string& text) const;

 private:
  Project() = default;
  [[nodiscard]] bool make_terminal(socketcore::UartLine& line, std::string& problem);

  socketcore::BoardSettings board_;
  socketcore::FileSystem::Settings files_;
  std::string main_;
  std::filesystem::path own_data_;
  std::filesystem::path own_fifo_;
  // Open from one start of the script to the next, for those who are at the other ends.
  std::unique_ptr<socketcore::Os> os_;
  std::vector<socketcore::OwnedFd> kept_;
};

/// The folder of the script library that comes with this program; empty if it is not there.
[[nodiscard]] std::filesystem::path own_library();

}  // namespace runner
