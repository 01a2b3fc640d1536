#include "runner/sandbox.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "os/confinement.hpp"

namespace runner {

namespace {

namespace fs = std::filesystem;
using socketcore::LogLevel;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kMemoryBytes = 64 * kMiB;
constexpr std::uint64_t kMostMemoryBytes = 256 * kMiB;  // lua-cjson reckons with int: six times a string must not overflow
constexpr std::uint64_t kSockets = 64;
// What the process needs besides: for itself, and for a socket with TLS besides its buffers.
constexpr std::uint64_t kOwnBytes = 64 * kMiB;
constexpr std::uint64_t kSocketBytes = kMiB / 4;

// Libraries, character sets, time zones, the CA store, and how names are looked up: files that are opened when they are
// first needed.
constexpr const char* kSystem[] = {"/etc", "/usr", "/lib", "/lib64", "/dev/null", "/dev/urandom"};
constexpr const char* kVariables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF"};
constexpr const char* kMedia[] = {"sdcard0", "usbmsc0"};

void say(socketcore::Log& log, LogLevel level, const std::string& line) {
  if (log.wants(level)) log.write(level, line);
}

socketcore::Reach reach_of(const Project& project) {
  socketcore::Reach reach;
  const auto add = [](std::vector<std::string>& list, const fs::path& path) {
    if (!path.empty()) list.push_back(path.string());
  };
  for (const char* const path : kSystem) add(reach.readable, path);
  for (const char* const variable : kVariables) {
    if (const char* const path = std::getenv(variable); path != nullptr) add(reach.readable, path);
  }
  // Often a link to where a service puts a new one with each network.
  std::error_code error;
  add(reach.readable, fs::canonical("/etc/resolv.conf", error).parent_path());

  for (const fs::path& folder : project.files().script_folders) add(reach.readable, folder);
  const fs::path& data = project.files().data_folder;
  add(reach.writable, data);
  for (const char* const medium : kMedia) {
    if (fs::is_symlink(data / medium, error)) add(reach.writable, data / medium);
  }
  if (project.removes_data()) add(reach.folder_removable, data.parent_path());

  const socketcore::BoardSettings& board = project.board();
  for (const socketcore::UartLine& line : board.uarts) add(reach.writable, line.path);
  add(reach.readable, board.parts_file);
  if (!board.trace_file.empty()) std::ofstream(board.trace_file, std::ios::app);  // what is not there cannot be listed
  add(reach.writable, board.trace_file);
  add(reach.writable, board.control_fifo);
  return reach;
}

std::uint64_t growth_of(const SandboxOptions& options, const socketcore::Profile& profile) {
  const std::uint64_t socket = profile.send_buffer_bytes + profile.max_receive_bytes + kSocketBytes;
  return options.max_memory_bytes + options.max_sockets * socket + kOwnBytes;
}

}  // namespace

void SandboxOptions::settle() noexcept {
  if (!confined) return;
  no_core = true;
  max_memory_bytes = max_memory_bytes == 0 ? kMemoryBytes : std::min(max_memory_bytes, kMostMemoryBytes);
  if (max_sockets == 0) max_sockets = kSockets;
}

void confine_process(const SandboxOptions& options, const socketcore::Profile& profile, const Project& project,
                     socketcore::Log& log) {
  if (!socketcore::limit_memory_growth(growth_of(options, profile))) {
    say(log, LogLevel::warning, "sandbox: the kernel does not limit this process's memory, only the script's is limited");
  }
  const int version = socketcore::confine_files(reach_of(project));
  if (version == 0) {
    say(log, LogLevel::warning, "sandbox: this kernel has no Landlock: the script's Lua is the only wall around it");
  } else {
    say(log, LogLevel::info, "sandbox: files are confined by Landlock, version " + std::to_string(version));
  }
}

}  // namespace runner
