#pragma once

#include <span>

#include "socketcore/os.hpp"

/// Serial lines, pseudo terminals and FIFOs of the kernel: the calls of Os of the same names.
namespace socketcore::terminal {

[[nodiscard]] OpenResult open(const char* path) noexcept;
[[nodiscard]] OpenResult open_pair(std::span<char> name) noexcept;
[[nodiscard]] OpenResult open_fifo(const char* path) noexcept;
[[nodiscard]] SysError set_line(int fd, const SerialLine& line) noexcept;
[[nodiscard]] bool attached(int fd) noexcept;

}  // namespace socketcore::terminal
