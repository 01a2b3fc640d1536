// Every scenario of the engine's suite, and some random histories, with each fallible operation failing in turn.
#include <gtest/gtest.h>

#include "sim/history.hpp"
#include "torture/c_memory.hpp"
#include "torture/tests.hpp"

namespace socketcore::test {
namespace {

std::vector<TortureScenario> scenarios(const TortureOptions& options) {
  // No world is made there; or the test itself makes memory scarce; or there is nothing but many; or nobody watches.
  std::vector<TortureScenario> all = scenarios_of_tests(
      {"StateTable", "OutOfMemory", "Histories", "AThousand", "AScriptThatSendsOnWithEachAnswerHearsOfItToo"});
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
