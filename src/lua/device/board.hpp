#pragma once

#include "board/parts/parts.hpp"
#include "lua/lua_api.hpp"

namespace socketcore::lua {

/// The parts of the board that belongs to the host in a function's first upvalue. Raises as host_of() does.
[[nodiscard]] Parts& parts_of(lua_State* L);

}  // namespace socketcore::lua
