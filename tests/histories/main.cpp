// Thousands of random histories, on virtual time. A failure names its seed; that seed runs it again exactly.
#include <gtest/gtest-spi.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "sim/history.hpp"

namespace socketcore::test {
namespace {

constexpr const char* kUsage =
    "usage: histories [--histories N | --seconds S] [--first SEED]   run the histories of N seeds, or for S seconds\n"
    "       histories --seed N [--trace]                             run one again, and show what happens in it\n";

/// Keeps what a history finds.
class Findings final : public testing::ScopedFakeTestPartResultReporter {
 public:
  Findings() : ScopedFakeTestPartResultReporter(INTERCEPT_ALL_THREADS, &unused_) {}
  void ReportTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed() && words.size() < 20'000) words += std::string(result.message()) + '\n';
  }
  std::string words;

 private:
  testing::TestPartResultArray unused_;
};

struct Options {
  std::uint64_t histories = 5000;
  std::uint64_t first = 1;
  std::optional<double> seconds;
  std::optional<std::uint64_t> seed;
  bool trace = false;
};

bool parse(int count, char** arguments, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--trace") {
      options.trace = true;
      continue;
    }
    if (i + 1 == count) return false;
    const char* const value = arguments[++i];
    if (name == "--seconds") options.seconds = std::strtod(value, nullptr);
    else if (name == "--histories") options.histories = std::strtoull(value, nullptr, 10);
    else if (name == "--first") options.first = std::strtoull(value, nullptr, 10);
    else if (name == "--seed") options.seed = std::strtoull(value, nullptr, 10);
    else return false;
  }
  return true;
}

/// False if it found something.
bool run_one(std::uint64_t seed, bool trace, HistoryFigures& sum) {
  Findings findings;
  const HistoryFigures figures = run_history(seed, trace ? &std::cout : nullptr);
  sum.steps += figures.steps;
  sum.calls += figures.calls;
  sum.messages += figures.messages;
  sum.bytes += figures.bytes;
  sum.digest = sum.digest * 31 + figures.digest;
  if (findings.words.empty()) return true;
  std::printf("FAILED: histories --seed %llu --trace\n%s", static_cast<unsigned long long>(seed), findings.words.c_str());
  return false;
}

int run(const Options& options) {
  make_history_ready();
  HistoryFigures sum;
  if (options.seed) {
    const bool good = run_one(*options.seed, options.trace, sum);
    std::printf("seed %llu: %s, digest %016llx\n", static_cast<unsigned long long>(*options.seed), good ? "good" : "FAILED",
                static_cast<unsigned long long>(sum.digest));
    return good ? 0 : 1;
  }
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const std::clock_t processor_start = std::clock();
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  while (options.seconds ? seconds() < *options.seconds : done < options.histories) {
    if (!run_one(options.first + done, false, sum) && ++failed == 10) break;
    ++done;
  }
  const double minutes = seconds() / 60;
  const double processor_minutes = static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC / 60;
  const auto count = static_cast<double>(std::max<std::uint64_t>(done, 1));
  std::printf("histories: %llu from seed %llu, %llu failed; of each on average %.0f calls, %.0f messages, %.0f bytes\n"
              "%.0f a minute (%.0f a minute of processor time), digest %016llx\n",
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(options.first),
              static_cast<unsigned long long>(failed), static_cast<double>(sum.calls) / count,
              static_cast<double>(sum.messages) / count, static_cast<double>(sum.bytes) / count, count / minutes,
              count / processor_minutes, static_cast<unsigned long long>(sum.digest));
  return failed == 0 && done > 0 ? 0 : 1;
}

}  // namespace
}  // namespace socketcore::test

int main(int count, char** arguments) {
  using namespace socketcore::test;
  testing::InitGoogleTest();
  Options options;
  if (!parse(count, arguments, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return run(options);
}
