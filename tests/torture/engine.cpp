// Every scenario of the engine's suite, and some random histories, with each fallible operation failing in turn.
#include <gtest/gtest.h>

#include <string_view>

#include "sim/history.hpp"
#include "torture/c_memory.hpp"
#include "torture/runner.hpp"

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

bool is_scenario(std::string_view name) {
  // No world is made there; or the test itself makes memory scarce; or there is nothing but many; or nobody watches.
  for (const std::string_view other :
       {"StateTable", "OutOfMemory", "Histories", "AThousand", "AScriptThatSendsOnWithEachAnswerHearsOfItToo"}) {
    if (name.find(other) != std::string_view::npos) return false;
  }
  return true;
}

std::vector<TortureScenario> scenarios(const TortureOptions& options) {
  std::vector<TortureScenario> all;
  const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      const std::string name = std::string(suite.name()) + "." + suite.GetTestInfo(k)->name();
      if (is_scenario(name)) all.push_back({name, [name](Runs& runs) { run_test(name, runs); }});
    }
  }
  for (std::size_t seed = 1; seed <= options.histories; ++seed) {
    all.push_back(scenario_of("history." + std::to_string(seed), [seed] { (void)run_history(seed, nullptr); }));
  }
  return all;
}

}  // namespace
}  // namespace socketcore::test

int main(int count, char** arguments) {
  using namespace socketcore::test;
  testing::InitGoogleTest();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  const auto options = parse_torture_options(count, arguments);
  if (!options) return 2;
  starve_c_libraries();
  make_history_ready();
  return torture(scenarios(*options), *options);
}
