#pragma once

#include <string>
#include <string_view>

namespace socketcore {

class Machine;

/// See Modem::control().
[[nodiscard]] std::string obey(Machine& machine, std::string_view line);
[[nodiscard]] bool is_control(std::string_view word) noexcept;

}  // namespace socketcore
