#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What this process gives up for good, as the kernel sees to it. Everything started from it gives it up as well.
namespace socketcore {

/// No core dump is written, nor handed to a program that collects them, and no other process of the same user can look into
/// this one's memory. False where the kernel refuses.
[[nodiscard]] bool forbid_core_dumps() noexcept;

/// The process's own memory grows by so many bytes at most, whoever asks for it; what is more fails as if the machine had
/// no more. False where the kernel refuses, or /proc does not tell how much there is now.
[[nodiscard]] bool limit_memory_growth(std::uint64_t bytes) noexcept;

/// Paths on this machine. A folder stands for all that is below it, a link for what it leads to; what is missing is passed
/// over, and a file that is put into the place of a listed one is another file.
struct Reach {
  std::vector<std::string> readable;
  std::vector<std::string> writable;          ///< readable too; files and folders can be made and removed in such a folder
  std::vector<std::string> folder_removable;  ///< folders from which others can be removed, once they are empty
};

/// The process opens nothing else any more and starts no program. What is open stays open. Uses Landlock (Linux 5.13).
/// Returns its version, 0 where the kernel has none, or refuses. Either way no privilege can be gained any more.
[[nodiscard]] int confine_files(const Reach& reach);

}  // namespace socketcore
