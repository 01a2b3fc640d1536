#include "torture/tests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace socketcore::test {
namespace {

/// GoogleTest is asked for the one test without end; this listener ends the process.
class TestRuns final : public testing::EmptyTestEventListener {
 public:
  explicit TestRuns(Runs& runs) : runs_(runs) {}
  void OnTestStart(const testing::TestInfo&) override {
    if (!runs_.begin()) runs_.done();
  }
  void OnTestEnd(const testing::TestInfo&) override { runs_.end(); }

 private:
  Runs& runs_;
};

void run_test(const std::string& name, Runs& runs) {
  testing::UnitTest::GetInstance()->listeners().Append(new TestRuns(runs));
  testing::GTEST_FLAG(filter) = name;
  testing::GTEST_FLAG(repeat) = -1;
  if (RUN_ALL_TESTS() != 0) runs.done();
}

}  // namespace

std::vector<TortureScenario> scenarios_of_tests(std::initializer_list<std::string_view> without) {
  std::vector<TortureScenario> all;
  const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      const std::string name = std::string(suite.name()) + "." + suite.GetTestInfo(k)->name();
      const auto in_name = [&name](std::string_view text) { return name.find(text) != std::string::npos; };
      if (std::ranges::any_of(without, in_name)) continue;
      all.push_back({name, [name](Runs& runs) { run_test(name, runs); }});
    }
  }
  return all;
}

}  // namespace socketcore::test
