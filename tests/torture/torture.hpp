#pragma once

#include <gtest/gtest-spi.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/faults.hpp"

/// Runs one scenario again and again, each time with another of its fallible operations failing.
namespace socketcore::test {

/// One run: what fails in it.
struct Point {
  enum class What : std::uint8_t {
    nothing, call, allocation, allocations_from_there_on, lua_allocation, lua_allocations_from_there_on, of_the_program
  };
  What what = What::nothing;
  long which = 0;
  OsCall call{};
  Fault how;

  [[nodiscard]] std::string text() const;
};

/// What a program can have fail besides, in ways of its own.
class OwnFaults {
 public:
  virtual ~OwnFaults() = default;
  /// A run begins. The first one counts what may fail; in others one of those ways strikes, or something else (nothing).
  virtual void begin(bool first, std::optional<std::size_t> which) = 0;
  /// It is over. What it has left undone, empty if nothing.
  [[nodiscard]] virtual std::string end() = 0;
  /// After the first run: how many ways there are, and of how many operations.
  [[nodiscard]] virtual std::size_t ways() = 0;
  [[nodiscard]] virtual std::size_t operations() const = 0;
  /// Whether what was to fail came at all: real kernels and clocks do not do the same each time.
  [[nodiscard]] virtual bool struck() const = 0;
  [[nodiscard]] virtual std::string text(std::size_t which) const = 0;
};
inline OwnFaults* own_faults = nullptr;

/// Lua's allocations inside calls of the module, where there are any: how many there were, and how many are granted.
inline long lua_allocations_made = 0;
inline long lua_allocations_granted = -1;
inline bool only_one_lua_allocation_fails = false;

/// Thrown where a scenario meets the first thing that it does not expect: with a fault at work, that is no failure.
struct ScenarioLeft {};

/// Hears of every failed expectation. Those that are promises of the engine are kept; at any other the scenario is left.
class Judge final : public testing::ScopedFakeTestPartResultReporter {
 public:
  Judge() : ScopedFakeTestPartResultReporter(INTERCEPT_ALL_THREADS, &unused_) {}

  /// A run begins. With `all_count`, every failed expectation is one of the run's.
  void begin(bool all_count);
  void blame(std::string_view words);
  /// What this run found.
  [[nodiscard]] const std::string& found() const noexcept { return found_; }

  void ReportTestPartResult(const testing::TestPartResult& result) override;

 private:
  testing::TestPartResultArray unused_;
  std::string found_;
  bool all_count_ = false;
  bool left_ = false;
};

/// The runs of one scenario: the first without a fault, to count what may fail.
class Torture {
 public:
  /// `work`: how many operations may be done again in all (0: no limit); where more would be, points are left out evenly.
  /// `first`, `count`: the points to try.
  Torture(Judge& judge, std::size_t work, std::size_t first, std::size_t count)
      : judge_(judge), work_(work), next_(first), last_(count) {}

  /// Before each run. False: there is none left.
  [[nodiscard]] bool begin();
  /// After each run. What it found, empty if nothing.
  [[nodiscard]] const std::string& end();
  [[nodiscard]] const Point& point() const noexcept { return point_; }
  /// The number of the point of this run, in the list of all of the scenario.
  [[nodiscard]] std::size_t number() const noexcept { return next_; }
  [[nodiscard]] std::size_t points() const noexcept { return points_.size(); }
  [[nodiscard]] std::size_t tried() const noexcept { return tried_ - missed_; }
  /// The first run is to be made again.
  void start_afresh() noexcept { counted_ = false; }

 private:
  void list_points();

  Judge& judge_;
  std::size_t work_;
  std::vector<Point> points_;
  Point point_;
  std::size_t next_;
  std::size_t last_;
  std::size_t stride_ = 1;
  std::size_t tried_ = 0;
  std::size_t missed_ = 0;
  bool counted_ = false;
};

}  // namespace socketcore::test
