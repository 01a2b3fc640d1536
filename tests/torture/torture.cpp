#include "torture/torture.hpp"

#include <algorithm>

namespace socketcore::test {
namespace {

constexpr long kPlenty = 1'000'000'000;
// Files whose every expectation is a promise of the engine.
constexpr std::string_view kPromises = "sim/checked_device.cpp";

}  // namespace

std::string Point::text() const {
  switch (what) {
    case What::nothing: return "nothing fails";
    case What::call: return "call " + std::to_string(which) + ", " + std::string(name_of(call)) + ": " + how.text();
    case What::allocation: return "allocation " + std::to_string(which);
    case What::allocations_from_there_on: return "allocation " + std::to_string(which) + " and all after it";
    case What::lua_allocation: return "Lua's allocation " + std::to_string(which);
    case What::lua_allocations_from_there_on: return "Lua's allocation " + std::to_string(which) + " and all after it";
    case What::of_the_program: return own_faults->text(static_cast<std::size_t>(which));
  }
  return {};
}

void Judge::begin(bool all_count) {
  found_.clear();
  all_count_ = all_count;
  left_ = false;
}

void Judge::blame(std::string_view words) {
  found_ += words;
  found_ += '\n';
}

void Judge::ReportTestPartResult(const testing::TestPartResult& result) {
  if (!result.failed()) return;
  const Plenty plenty;
  const std::string_view file = result.file_name() != nullptr ? result.file_name() : "";
  if (all_count_ || promises_checked > 0 || file.ends_with(kPromises)) {
    blame(std::string(file) + ":" + std::to_string(result.line_number()) + ": " + result.message());
    return;
  }
  if (left_ || engine_depth > 0) return;
  left_ = true;
  throw ScenarioLeft();
}

void Torture::list_points() {
  using What = Point::What;
  points_.clear();
  const auto& calls = faults.calls();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (const Fault& fault : faults_of(calls[i])) points_.push_back({What::call, static_cast<long>(i), calls[i], fault});
  }
  const long allocations = allocations_made;
  for (long i = 0; i < allocations; ++i) {
    points_.push_back({What::allocation, i, {}, {}});
    points_.push_back({What::allocations_from_there_on, i, {}, {}});
  }
  for (long i = 0; i < lua_allocations_made; ++i) {
    points_.push_back({What::lua_allocation, i, {}, {}});
    points_.push_back({What::lua_allocations_from_there_on, i, {}, {}});
  }
  const std::size_t ways = own_faults != nullptr ? own_faults->ways() : 0;
  for (std::size_t i = 0; i < ways; ++i) points_.push_back({What::of_the_program, static_cast<long>(i), {}, {}});
  const std::size_t others = own_faults != nullptr ? own_faults->operations() : 0;
  const std::size_t operations = others + calls.size() + static_cast<std::size_t>(allocations + lua_allocations_made) + 1;
  if (work_ > 0) stride_ = std::max<std::size_t>(1, points_.size() * operations / work_);
}

bool Torture::begin() {
  if (counted_ && (next_ >= points_.size() || tried_ >= last_)) return false;
  point_ = counted_ ? points_[next_] : Point();
  tortured = true;
  promises_checked = engine_depth = 0;
  blocks_of_the_engine = 0;
  const bool call_fails = point_.what == Point::What::call;
  allocations_made = lua_allocations_made = 0;
  only_one_lua_allocation_fails = point_.what == Point::What::lua_allocation;
  const bool lua_fails = only_one_lua_allocation_fails || point_.what == Point::What::lua_allocations_from_there_on;
  lua_allocations_granted = lua_fails ? point_.which : -1;
  only_one_fails = point_.what == Point::What::allocation;
  const bool memory_fails = only_one_fails || point_.what == Point::What::allocations_from_there_on;
  faults.arm(call_fails ? point_.which : -1, point_.how, memory_fails ? point_.which : kPlenty);
  judge_.begin(!counted_);
  disturbed = counted_;
  if (own_faults != nullptr) {
    const bool own = point_.what == Point::What::of_the_program;
    own_faults->begin(!counted_, own ? std::optional(static_cast<std::size_t>(point_.which)) : std::nullopt);
  }
  return true;
}

const std::string& Torture::end() {
  if (blocks_of_the_engine != 0) judge_.blame(std::to_string(blocks_of_the_engine) + " blocks of memory leaked");
  if (own_faults != nullptr) {
    if (const std::string left = own_faults->end(); !left.empty()) judge_.blame(left);
  }
  if (!counted_) {
    list_points();
    counted_ = true;
  } else {
    next_ += stride_;
    ++tried_;
    if (point_.what == Point::What::of_the_program && !own_faults->struck()) ++missed_;
  }
  faults.disarm();
  return judge_.found();
}

}  // namespace socketcore::test
