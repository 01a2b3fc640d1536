#pragma once

#include <string>

namespace runner {

/// docs/compatibility.md: every module, call and constant of a device, and every AT command, with what this host makes of
/// it.
[[nodiscard]] std::string compatibility_page();

}  // namespace runner
