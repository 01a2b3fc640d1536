#pragma once

#include <memory>

#include "board/board.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

/// The board of a function's host (its first upvalue). Raises as host_of() does.
[[nodiscard]] Board& board_of(lua_State* L);
[[nodiscard]] Parts& parts_of(lua_State* L);

/// What a Host knows of a board. Throws std::bad_alloc only.
[[nodiscard]] std::unique_ptr<Peripherals> peripherals_of(std::unique_ptr<Board> board);

}  // namespace socketcore::lua
