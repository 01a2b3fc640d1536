#pragma once

#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

/// What the programs here say to the script that watches them.
namespace soak {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "failed: %s\n", what.c_str());
  std::exit(1);
}

/// Without buffers of their own, these two do not show in the numbers.
inline void without_buffers() {
  std::setvbuf(stdin, nullptr, _IONBF, 0);
  std::setvbuf(stdout, nullptr, _IONBF, 0);
}

/// "at WHERE BYTES", and waits for a line, so that the watcher can look at the process. The bytes are those that malloc has
/// given out; 0 under a sanitizer, which has a malloc of its own.
inline void tell_and_wait(const std::string& where) {
  const auto memory = mallinfo2();
  std::printf("at %s %zu\n", where.c_str(), memory.uordblks + memory.hblkhd);
  (void)std::getchar();
}

}  // namespace soak
