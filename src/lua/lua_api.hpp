#pragma once

// The one door to Lua's C API, 5.1 and LuaJIT alike.
extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}
