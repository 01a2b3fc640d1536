#include "torture/runner.hpp"

#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SC_ASAN
#include <sanitizer/lsan_interface.h>
#endif

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

namespace socketcore::test {

// Where the processes of one program meet.
struct Shared {
  std::atomic<std::size_t> next_scenario;
  std::atomic<std::size_t> points;
  std::atomic<std::size_t> scenarios;
  std::atomic<std::size_t> failures;
};
// What a scenario's process tells the one that waits for it, though it may crash.
struct Progress {
  std::size_t number;
  std::size_t tried;
  char point[200];
};

namespace {

constexpr const char* kUsage =
    "usage: torture [--only TEXT] [--work OPERATIONS] [--point N] [--histories N] [-j PROCESSES] [--list]\n"
    "  --only       the scenarios whose name has this in it\n"
    "  --work       leave points out where a scenario would do more operations than this in all (default: none left out)\n"
    "  --point      that point alone, with what it finds\n"
    "  --histories  how many random histories besides the engine's tests (default: 20)\n";

// Seconds of processor time after which a run counts as one that never ends.
constexpr int kHangs = 60;
// A scenario that crashes more often is given up.
constexpr int kMostCrashes = 5;

template <typename T>
T& shared_memory() {
  void* const memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return *new (memory) T{};
}

/// A scenario, again from the next point on where one crashes or hangs.
void torture_one(const TortureScenario& scenario, const TortureOptions& options, Shared& shared) {
  Progress& progress = shared_memory<Progress>();
  std::size_t first = 0;
  for (int crashes = 0; crashes < kMostCrashes; ++crashes) {
    std::fflush(stdout);
    progress = {};
    const pid_t child = ::fork();
    if (child == 0) {
      auto* const runs = new Runs(scenario.name, options, first, progress, shared);
      scenario.all_runs(*runs);
      runs->done();
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    shared.points += progress.tried;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    const bool hung = WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM);
    std::printf("FAILED %s --point %zu (%s)\n%s\n", scenario.name.c_str(), progress.number, progress.point,
                hung ? "it never ends" : "it crashed");
    ++shared.failures;
    first = progress.number + 1;
    if (options.point) break;
  }
  ++shared.scenarios;
  ::munmap(&progress, sizeof progress);
}

std::string with_commas(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace

std::optional<TortureOptions> parse_torture_options(int count, char** arguments) {
  TortureOptions options;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--list") {
      options.list = true;
      continue;
    }
    const char* const value = i + 1 < count ? arguments[++i] : "";
    const auto number = static_cast<std::size_t>(std::strtoull(value, nullptr, 10));
    if (name == "--only") {
      options.only = value;
    } else if (name == "--work") {
      options.work = number;
    } else if (name == "--point") {
      options.point = number;
    } else if (name == "--histories") {
      options.histories = number;
    } else if (name == "-j") {
      options.processes = static_cast<int>(number);
    } else {
      std::fputs(kUsage, stderr);
      return std::nullopt;
    }
  }
  return options;
}

Runs::Runs(const std::string& scenario, const TortureOptions& options, std::size_t first, Progress& progress, Shared& shared)
    : scenario_(scenario),
      shared_(shared),
      progress_(progress),
      wall_limit_(options.wall_limit),
      first_tries_(options.first_tries),
      torture_(judge_, options.work, options.point.value_or(first), options.point ? 1 : ~std::size_t{0}) {}

bool Runs::begin() {
  if (!torture_.begin()) return false;
  progress_.number = torture_.number();
  std::snprintf(progress_.point, sizeof progress_.point, "%s", torture_.point().text().c_str());
  const itimerval limit{{0, 0}, {kHangs, 0}};
  ::setitimer(ITIMER_PROF, &limit, nullptr);
  const itimerval wall_limit{{0, 0}, {wall_limit_, 0}};
  ::setitimer(ITIMER_REAL, &wall_limit, nullptr);
  return true;
}

void Runs::end() {
  const std::string& found = torture_.end();
  progress_.tried = torture_.tried();
  if (found.empty()) return;
  const bool first = torture_.point().what == Point::What::nothing;
  if (first && --first_tries_ > 0) return torture_.start_afresh();
  std::printf("FAILED %s --point %zu (%s)\n%s", scenario_.c_str(), progress_.number, progress_.point, found.c_str());
  std::fflush(stdout);
  ++shared_.failures;
  if (first) done();
}

void Runs::done() {
#ifdef SC_ASAN
  if (__lsan_do_recoverable_leak_check() != 0) {
    std::printf("FAILED %s: memory leaked\n", scenario_.c_str());
    ++shared_.failures;
  }
#endif
  std::fflush(stdout);
  ::_exit(0);
}

TortureScenario scenario_of(std::string name, std::function<void()> run) {
  return {std::move(name), [run = std::move(run)](Runs& runs) {
            while (runs.begin()) {
              try {
                run();
              } catch (const ScenarioLeft&) {  // it has met what it does not expect
              }
              runs.end();
            }
          }};
}

int torture(const std::vector<TortureScenario>& scenarios, const TortureOptions& options) {
  std::vector<const TortureScenario*> wanted;
  for (const TortureScenario& scenario : scenarios) {
    if (scenario.name.find(options.only) != std::string::npos) wanted.push_back(&scenario);
  }
  if (options.list) {
    for (const TortureScenario* scenario : wanted) std::printf("%s\n", scenario->name.c_str());
    return 0;
  }
  Shared& shared = shared_memory<Shared>();
  const auto work = [&] {
    for (std::size_t i = shared.next_scenario++; i < wanted.size(); i = shared.next_scenario++) {
      torture_one(*wanted[i], options, shared);
    }
  };
  std::vector<pid_t> helpers;
  for (int i = 1; i < options.processes; ++i) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      work();
      std::fflush(stdout);
      ::_exit(0);
    }
    helpers.push_back(child);
  }
  work();
  for (const pid_t helper : helpers) ::waitpid(helper, nullptr, 0);
  std::printf("torture: %s points in %s scenarios, %zu failed\n", with_commas(shared.points).c_str(),
              with_commas(shared.scenarios).c_str(), shared.failures.load());
  return shared.failures == 0 && shared.points > 0 ? 0 : 1;
}

}  // namespace socketcore::test
