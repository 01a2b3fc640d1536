#pragma once

#include "board/clock.hpp"
#include "board/file_system.hpp"
#include "lua/lua_api.hpp"

namespace socketcore::lua {

/// Makes the state a device's: the modules besides socketcore and rtos as globals and in package.loaded, the language and
/// the files as the device has them. The standard libraries, `rtos` and `socketcore` must be there already, and the
/// userdata of push_host() on top of the stack, where it stays; its host has the peripherals of a board. `files` and
/// `clock` must outlive the state. Raises where there is no memory.
void open_device(lua_State* L, FileSystem& files, Clock& clock);

}  // namespace socketcore::lua
