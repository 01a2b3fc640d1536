#pragma once

#include <ctime>
#include <utility>

#include "client.hpp"

/// What the clients of bench/scale.py and bench/latency.py share.
namespace bench {

/// CLIENT WORK PORT SOCKETS [WINDOW SPREAD ECHOES [TIMERS]]
struct ScaleOrder {
  std::string_view work;
  std::uint16_t port = 0;
  std::uint32_t sockets = 1;
  /// So many echoes are under way at any time ...
  std::uint32_t window = 1;
  /// ... among the first so many sockets, a multiple of `window`. The others lie idle.
  std::uint32_t spread = 1;
  std::uint64_t echoes = 0;
  /// So many timers run that do not run out.
  std::uint32_t timers = 0;

  /// Whose turn it is when this socket has its answer: each has one in `spread / window`, and no two sockets meet.
  [[nodiscard]] std::uint32_t after(std::uint32_t socket) const { return (socket + window) % spread; }
  /// Echoes before those that are measured. Each socket sends twice before the measure begins: at a second write
  /// Nagle's algorithm is turned off.
  [[nodiscard]] std::uint64_t warm_up() const { return std::uint64_t{spread} + echoes / 10; }
};

inline ScaleOrder read_scale_order(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s WORK PORT SOCKETS [WINDOW SPREAD ECHOES [TIMERS]]\n", argv[0]);
    std::exit(2);
  }
  const auto given = [&](int place, std::uint64_t otherwise) { return place < argc ? number(argv[place]) : otherwise; };
  ScaleOrder order;
  order.work = argv[1];
  order.port = static_cast<std::uint16_t>(number(argv[2]));
  order.sockets = static_cast<std::uint32_t>(number(argv[3]));
  order.window = static_cast<std::uint32_t>(given(4, 1));
  order.spread = static_cast<std::uint32_t>(given(5, 1));
  order.echoes = given(6, 0);
  order.timers = static_cast<std::uint32_t>(given(7, 0));
  if (order.window == 0 || order.spread % order.window != 0 || order.spread > order.sockets) {
    std::fprintf(stderr, "%s: SPREAD is a multiple of WINDOW and SOCKETS at most\n", argv[0]);
    std::exit(2);
  }
  return order;
}

/// The processor's time of this process, and the clock's.
class Meter {
 public:
  struct Lap {
    double cpu;
    double seconds;
  };
  Lap lap() {
    const double cpu = processor_time();
    return {cpu - std::exchange(cpu_, cpu), watch_.lap()};
  }

 private:
  static double processor_time() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }
  double cpu_ = processor_time();
  Stopwatch watch_;
};

inline void report(const Meter::Lap& lap) {
  std::printf("{\"cpu\": %.6f, \"seconds\": %.6f}\n", lap.cpu, lap.seconds);
}

/// Of the work "timers": what it took to arm all, to arm all anew, and to stop all; the memory that they have; and the
/// echoes beside them.
inline void report_timers(const Meter::Lap& armed, const Meter::Lap& again, const Meter::Lap& stopped, std::uint64_t bytes,
                          const Meter::Lap& echoes) {
  std::printf("{\"arm\": %.6f, \"again\": %.6f, \"stop\": %.6f, \"bytes\": %llu, \"cpu\": %.6f, \"seconds\": %.6f}\n",
              armed.cpu, again.cpu, stopped.cpu, static_cast<unsigned long long>(bytes), echoes.cpu, echoes.seconds);
}

}  // namespace bench
