#pragma once

#include <string_view>

#include "board/file_system.hpp"
#include "lua/lua_api.hpp"

/// How a device's scripts get at more script: require, loadfile, dofile. All of it through the device's files, and in its
/// dialect (dialect.hpp).
namespace socketcore::lua {

/// Pushes the function that a script file is, or what is wrong with it, and returns Lua's status. `path` is the script's,
/// and the name that tracebacks show. A first line that begins with `#` is passed over.
int load_script(lua_State* L, const FileSystem& files, std::string_view path);

/// Sets package.path as the device has it and a searcher that reads it afresh each time. Native modules and the searchers
/// of the host's are taken away. `files` must outlive the state. Raises where there is no memory.
void open_loading(lua_State* L, FileSystem& files);

}  // namespace socketcore::lua
