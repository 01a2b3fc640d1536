#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

namespace bench {

/// How long each of many things took.
class Distribution {
 public:
  explicit Distribution(std::vector<std::chrono::nanoseconds> times) : times_(std::move(times)) {
    std::sort(times_.begin(), times_.end());
  }

  /// As JSON, in microseconds: some percentiles, the longest, and the curve by the share of those that took longer, twelve
  /// points to a decade.
  void print(const char* name) const {
    std::printf("\"%s\": {\"count\": %zu", name, times_.size());
    if (!times_.empty()) {
      std::printf(", \"max\": %.3f", micros(times_.back()));
      for (const auto& [words, slower] : {std::pair("p50", 0.5), {"p90", 0.1}, {"p99", 0.01}, {"p99.9", 0.001}}) {
        std::printf(", \"%s\": %.3f", words, micros(times_[place(slower)]));
      }
      std::printf(", \"curve\": [");
      constexpr int kPerDecade = 12;
      for (int step = 0;; ++step) {
        const double slower = std::pow(10, -static_cast<double>(step) / kPerDecade);
        if (slower * static_cast<double>(times_.size()) < 1) break;
        std::printf("%s[%.7g, %.3f]", step > 0 ? ", " : "", slower, micros(times_[place(slower)]));
      }
      std::printf("]");
    }
    std::printf("}");
  }

 private:
  [[nodiscard]] static double micros(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::micro>(time).count();
  }
  [[nodiscard]] std::size_t place(double slower) const {
    const auto size = static_cast<double>(times_.size());
    return static_cast<std::size_t>(std::clamp(size * (1 - slower), 0.0, size - 1));
  }

  std::vector<std::chrono::nanoseconds> times_;
};

}  // namespace bench
