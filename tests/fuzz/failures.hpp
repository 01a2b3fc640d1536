#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

namespace socketcore::fuzz {

/// The tests' own watchers report to GoogleTest, which prints what they say; a failure then ends the run as a crash.
inline void abort_on_failure() {
  struct Abort final : testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult& result) override {
      if (result.failed()) std::abort();
    }
  };
  [[maybe_unused]] static const bool once = [] {
    testing::UnitTest::GetInstance()->listeners().Append(new Abort);  // which owns it
    return true;
  }();
}

}  // namespace socketcore::fuzz
