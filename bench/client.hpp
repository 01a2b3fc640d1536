#pragma once

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

/// What the C++ clients of the benchmarks share: their command line, and the one line that they answer with.
namespace bench {

/// CLIENT WORK PORT COUNT [CONNECTIONS]. COUNT is in operations, bytes or connections, as the work says.
struct Order {
  std::string_view work;
  std::uint16_t port = 0;
  std::uint64_t count = 0;
  std::size_t connections = 1;
};

inline constexpr std::size_t kPingBytes = 64;
/// What one call reads or writes at most.
inline constexpr std::size_t kChunkBytes = 64 * 1024;
/// The work "connects": how many are under way at once. Their addresses are 127.0.0.1 to .16 in turn, so that the ports
/// of connections that ended a moment ago do not stand in the way.
inline constexpr std::size_t kConnectsAtOnce = 64;
inline constexpr std::size_t kServerAddresses = 16;

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "bench client: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

inline std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  const char* const end = text + std::strlen(text);
  if (const auto [at, error] = std::from_chars(text, end, value); error != std::errc() || at != end) {
    std::fprintf(stderr, "bench client: %s is not a number\n", text);
    std::exit(2);
  }
  return value;
}

inline Order read_order(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: %s WORK PORT COUNT [CONNECTIONS]\n", argv[0]);
    std::exit(2);
  }
  Order order;
  order.work = argv[1];
  order.port = static_cast<std::uint16_t>(number(argv[2]));
  order.count = number(argv[3]);
  if (argc == 5) order.connections = static_cast<std::size_t>(number(argv[4]));
  return order;
}

/// What the servers "source" and "sink" want to be told first: how many bytes, in 16 digits.
inline std::array<char, 17> header(std::uint64_t bytes) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llu", static_cast<unsigned long long>(bytes));
  return text;
}

/// Bytes of memory that this process alone has written to.
inline std::uint64_t private_dirty() {
  std::FILE* const file = std::fopen("/proc/self/smaps_rollup", "re");
  if (file == nullptr) fail("smaps_rollup");
  std::array<char, 256> line{};
  unsigned long long kib = 0;
  while (std::fgets(line.data(), static_cast<int>(line.size()), file) != nullptr) {
    if (std::sscanf(line.data(), "Private_Dirty: %llu", &kib) == 1) break;
  }
  std::fclose(file);
  return kib * 1024;
}

class Stopwatch {
 public:
  /// How long since the last call, or since it was made.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - since_).count();
    since_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// The answer of a timed work. The processor's time is taken by whoever started the process.
inline void report(double seconds) {
  std::printf("{\"seconds\": %.6f}\n", seconds);
}

/// The answer of an idle work: memory before the first connection and with all of them idle.
inline void report_memory(std::uint64_t before, std::uint64_t after, double seconds) {
  std::printf("{\"before\": %llu, \"after\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(before),
              static_cast<unsigned long long>(after), seconds);
}

}  // namespace bench
