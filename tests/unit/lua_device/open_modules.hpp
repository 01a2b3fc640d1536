#pragma once

#include <memory>

#include "lua/device/modules.hpp"

namespace socketcore::lua {

struct CloseState {
  void operator()(lua_State* L) const { lua_close(L); }
};
using StatePtr = std::unique_ptr<lua_State, CloseState>;

/// With lua_cpcall(): the globals of these scripts.
inline int open_modules(lua_State* L) {
  luaL_openlibs(L);
  constexpr luaL_Reg kModules[] = {{"bit", [](lua_State* S) { return push_bit(S), 1; }},
                                   {"crypto", [](lua_State* S) { return push_crypto(S), 1; }},
                                   {"iconv", [](lua_State* S) { return push_iconv(S), 1; }},
                                   {"json", [](lua_State* S) { return push_json(S), 1; }},
                                   {"pack", [](lua_State* S) { return push_pack(S), 1; }},
                                   {"rtos", [](lua_State* S) { return lua_newtable(S), add_rtos_codec(S), 1; }}};
  for (const luaL_Reg& module : kModules) {
    lua_pushcfunction(L, module.func);
    lua_call(L, 0, 1);
    lua_setglobal(L, module.name);
  }
  return 0;
}

}  // namespace socketcore::lua
