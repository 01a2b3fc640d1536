#pragma once

#include <memory>
#include <string>
#include <vector>

#include "socketcore/log.hpp"

namespace runner {

/// The names that --log takes.
[[nodiscard]] const std::vector<std::string>& log_levels();

/// Lines of this level and above, with time and level, on stderr.
[[nodiscard]] std::unique_ptr<socketcore::Log> make_log(const std::string& level);

}  // namespace runner
