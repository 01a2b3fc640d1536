#pragma once

#include "socketcore/error.hpp"
#include "socketcore/os.hpp"

namespace socketcore {

/// The code and the words of a call that failed; where memory is short, without the words.
[[nodiscard]] Failure failure_of(SysError error) noexcept;

}  // namespace socketcore
