#pragma once

#include "lua/lua_api.hpp"

/// What a confined script (--sandbox) has of a device's state: what is listed here and in inventory.hpp, nothing else.
namespace socketcore::lua {

/// Leaves in the state of open_device() only what leads to no memory, file or code but the script's own:
/// - globals, package.loaded and package.preload: Lua's base functions, its libraries and the device's modules;
/// - in Lua's libraries what a device has, without io.tmpfile, os.setlocale and string.dump; os.getenv knows no variable;
/// - of debug, traceback and a getinfo that shows no function of C's;
/// - chunks of text: load, loadstring, loadfile, dofile and require refuse compiled ones.
/// LuaJIT's compiler is switched off: what it does not make cannot go wrong, and a hook ends any loop.
/// To be called once, before the script. Raises where there is no memory.
void confine(lua_State* L);

}  // namespace socketcore::lua
