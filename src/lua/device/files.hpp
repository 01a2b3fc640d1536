#pragma once

#include "board/clock.hpp"
#include "board/file_system.hpp"
#include "lua/lua_api.hpp"

/// The file world of a device's scripts: io and os with the paths of FileSystem. File handles are Lua's own, and answers
/// are as the stock functions give them, but a message names the script's path, never the host's.
namespace socketcore::lua {

/// Takes over io, os and the loading of scripts (loading.hpp) in a state with the standard libraries. io gets the device's
/// own calls, os.time and os.date go by `clock`, and what reaches round the files is taken away: os.execute, io.popen,
/// debug.getregistry; debug.setupvalue and debug.setmetatable leave what is written in C alone. `files` and `clock` must outlive the state. Raises where there is no memory.
void open_files(lua_State* L, FileSystem& files, Clock& clock);

/// Adds make_dir, remove_dir, get_fs_free_size and get_fs_total_size to the table on top of the stack, which is rtos.
void add_file_calls(lua_State* L, FileSystem& files);

}  // namespace socketcore::lua
