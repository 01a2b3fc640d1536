#include "runner/project.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

namespace runner {

namespace fs = std::filesystem;

namespace {

// "1=/dev/ttyUSB0"
std::optional<socketcore::UartLine> port_of(const std::string& text) {
  std::int32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end == text.data() + text.size() || *end != '=' || end + 1 == text.data() + text.size()) {
    return std::nullopt;
  }
  return socketcore::UartLine{port, std::string(end + 1, text.data() + text.size())};
}

}  // namespace

fs::path own_library() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place : {program / "lualib", program / "../share/socketcore/lualib"}) {
    if (fs::is_directory(place, error)) return fs::canonical(place, error);
  }
  return {};
}

std::unique_ptr<Project> Project::open(const ProjectOptions& options, const fs::path& main,
                                     const std::vector<std::string>& libraries, std::string& problem) {
  // Local time on the device: scripts take 8 h off to get UTC, and set the clock with a zone of "+32".
  ::setenv("TZ", "CST-8", 0);
  std::unique_ptr<Project> project(new Project());
  socketcore::BoardSettings& board = project->board_;
  board.modem = options.modem;
  socketcore::SysError refused;
  project->os_ = socketcore::linux_os(&refused);
  if (!project->os_) {
    problem = refused.words();
    return nullptr;
  }
  problem = socketcore::check(board.modem);
  if (!problem.empty()) return nullptr;

  for (const std::string& text : options.uarts) {
    auto port = port_of(text);
    if (!port) {
      problem = "--uart " + text + ": must be N=PATH or N=pty";
      return nullptr;
    }
    if (port->path == "pty" && !project->make_terminal(*port, problem)) return nullptr;
    board.uarts.push_back(std::move(*port));
  }

  std::error_code error;
  project->main_ = "/lua/" + main.filename().string();
  if (options.data.empty()) {
    std::string made = (fs::temp_directory_path(error) / "socketcore-flash-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) {
      problem = "no temporary folder for the flash: " + std::string(std::strerror(errno)) + " (" + made + ")";
      return nullptr;
    }
    project->files_.data_folder = project->own_data_ = made;
  } else {
    fs::create_directories(options.data, error);
    if (std::error_code unknown; !fs::is_directory(options.data, unknown)) {
      problem = "--data " + options.data + ": " + (error ? error.message() : std::string("is no folder"));
      return nullptr;
    }
    project->files_.data_folder = options.data;
  }

  board.data_folder = project->files_.data_folder;
  auto& folders = project->files_.script_folders;
  folders.push_back(board.data_folder / socketcore::Update::kInstalled);
  folders.push_back(main.has_parent_path() ? main.parent_path() : fs::path("."));
  folders.insert(folders.end(), libraries.begin(), libraries.end());
  if (const fs::path own = own_library(); !own.empty()) folders.push_back(own);

  board.control_fifo = options.control_fifo;
  if (!board.control_fifo.empty() && ::mkfifo(board.control_fifo.c_str(), 0600) == 0) {
    project->own_fifo_ = board.control_fifo;
  } else if (!board.control_fifo.empty() && errno != EEXIST) {
    problem = "--modem-ctl " + board.control_fifo + ": " + std::strerror(errno);
    return nullptr;
  }
  if (!board.control_fifo.empty()) {
    const socketcore::OpenResult opened = project->os_->open_fifo(board.control_fifo.c_str());
    if (!opened.ok()) {
      problem = "--modem-ctl " + board.control_fifo + ": " + std::string(opened.error.words());
      return nullptr;
    }
    project->kept_.emplace_back(*project->os_, opened.fd);
  }
  board.parts_file = options.parts_file;
  board.trace_file = options.trace_file;
  return project;
}

bool Project::make_terminal(socketcore::UartLine& line, std::string& problem) {
  std::array<char, 64> name{};
  const socketcore::OpenResult opened = os_->open_pseudo_terminal(name);
  if (!opened.ok()) {
    problem = "no pseudo terminal for uart " + std::to_string(line.port) + ": " + std::string(opened.error.words());
    return false;
  }
  kept_.emplace_back(*os_, opened.fd);
  line.path = name.data();
  line.end = opened.fd;
  std::fprintf(stderr, "socketcore: uart %d is %s\n", line.port, line.path.c_str());
  return true;
}

Project::~Project() { clear_up(); }

void Project::clear_up() noexcept {
  std::error_code error;
  if (!own_data_.empty()) {
    fs::remove_all(own_data_, error);
    ::rmdir(own_data_.c_str());  // for a confined process, which is not allowed the other's first try, unlink()
  }
  if (!own_fifo_.empty()) fs::remove(own_fifo_, error);
}

void Project::keep_error(const std::string& text) const {
  std::ofstream(files_.data_folder / "luaerrinfo.txt") << text << '\n';
}

}  // namespace runner
