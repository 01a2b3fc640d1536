#include "sim/history.hpp"

#include <gtest/gtest.h>

#include <sstream>

// Thousands of them run in a program of their own (tests/histories).
namespace socketcore::test {
namespace {

TEST(Histories, KeepEveryPromise) {
  make_history_ready();
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("histories --seed " + std::to_string(seed) + " --trace");
    (void)run_history(seed, nullptr);
    if (HasFailure()) return;
  }
}

TEST(Histories, ASeedRunsTheSameTwice) {
  make_history_ready();
  for (std::uint64_t seed = 1000; seed <= 1020; ++seed) {
    std::ostringstream first;
    std::ostringstream second;
    const std::uint64_t digest = run_history(seed, &first).digest;
    EXPECT_EQ(run_history(seed, &second).digest, digest);
    ASSERT_EQ(first.str(), second.str());
  }
}

}  // namespace
}  // namespace socketcore::test
