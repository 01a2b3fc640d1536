#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "torture/runner.hpp"

namespace socketcore::test {

/// The GoogleTests of this program as scenarios, but for those with one of these texts in their names.
[[nodiscard]] std::vector<TortureScenario> scenarios_of_tests(std::initializer_list<std::string_view> without);

}  // namespace socketcore::test
