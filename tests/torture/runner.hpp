#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "torture/torture.hpp"

/// A program that tortures scenarios, each in a process of its own: one that crashes or never ends is a finding like any other.
namespace socketcore::test {

struct TortureOptions {
  std::string only;
  std::size_t work = 0;
  std::optional<std::size_t> point;
  std::size_t histories = 20;
  int processes = 1;
  bool list = false;
  // A world with a clock of its own: seconds of real time after which a run counts as one that never ends (0: no limit),
  // and how often a first run may fail because the machine is slow.
  int wall_limit = 0;
  int first_tries = 1;
};
/// Prints the usage and answers nothing where the arguments are wrong.
[[nodiscard]] std::optional<TortureOptions> parse_torture_options(int count, char** arguments);

struct Shared;
struct Progress;

/// The runs of one scenario, inside its process.
class Runs {
 public:
  Runs(const std::string& scenario, const TortureOptions& options, std::size_t first, Progress& progress, Shared& shared);

  /// Before each run. False: there is none left.
  [[nodiscard]] bool begin();
  /// After each run.
  void end();
  /// Ends the process.
  [[noreturn]] void done();

 private:
  const std::string& scenario_;
  Shared& shared_;
  Progress& progress_;
  int wall_limit_;
  int first_tries_;
  Judge judge_;
  Torture torture_;
};

struct TortureScenario {
  std::string name;
  /// Does all runs, each between begin() and end(); done() at last.
  std::function<void(Runs&)> all_runs;
};
/// One whose run is a call.
[[nodiscard]] TortureScenario scenario_of(std::string name, std::function<void()> run);

/// Runs those that the options want, and prints the count. The status for exit().
[[nodiscard]] int torture(const std::vector<TortureScenario>& scenarios, const TortureOptions& options);

}  // namespace socketcore::test
