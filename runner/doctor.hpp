#pragma once

namespace runner {

/// Says on stdout, a line per item, what this machine allows and how to mend what it lacks. Returns the exit status: 0
/// unless something is missing without which nothing works.
[[nodiscard]] int examine_machine();

}  // namespace runner
