#include "lockstep/window.hpp"

#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstdlib>

namespace lockstep {
namespace {

struct Window {
  Window() {
    const char* const text = std::getenv("LOCKSTEP_WINDOW");
    unsigned long long first = 0;
    unsigned long long last = 0;
    if (text != nullptr && std::sscanf(text, "%llu %llu", &first, &last) == 2) from = first, to = last;
  }

  std::uint64_t from = UINT64_MAX;
  std::uint64_t to = UINT64_MAX;
  std::uint64_t served = 0;
  std::uint64_t served_before = 0;
  std::uint64_t calls = 0;
  int asides = 0;
  bool open = false;
};

Window& window() {
  static Window the;
  return the;
}

}  // namespace

void served(std::uint64_t more) {
  Window& the = window();
  const std::uint64_t before = the.served;
  the.served += more;
  if (before < the.from && the.served >= the.from) {
    the.served_before = the.served;
    the.open = true;
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_TOGGLE_COLLECT;
  } else if (the.open && the.served >= the.to) {
    CALLGRIND_STOP_INSTRUMENTATION;
    std::fprintf(stderr, "lockstep: %llu operations, %llu calls\n",
                 static_cast<unsigned long long>(the.served - the.served_before),
                 static_cast<unsigned long long>(the.calls));
    std::_Exit(0);
  }
}

Aside::Aside() {
  Window& the = window();
  if (the.asides++ == 0 && the.open) CALLGRIND_TOGGLE_COLLECT;
}

Aside::~Aside() {
  Window& the = window();
  if (--the.asides == 0 && the.open) CALLGRIND_TOGGLE_COLLECT;
}

Call::Call() {
  Window& the = window();
  if (the.asides == 1 && the.open) ++the.calls;
}

}  // namespace lockstep
