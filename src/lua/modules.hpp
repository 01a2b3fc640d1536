#pragma once

#include "lua/host.hpp"

namespace socketcore::lua {

/// The numbers of messages as a script sees them. 0 is no message: the wait ran out.
enum class ScriptMessage : int {
  timeout = 0,
  timer = 1,
  connect_cnf = 2,
  send_cnf = 3,
  receive_ind = 4,
  close_ind = 5,
  close_cnf = 6,
};

/// Pushes the tables of the modules: plain, the script's to change. Both raise where there is no memory.
/// The userdata of push_host() is on top of the stack and stays below the table.
void push_socketcore(lua_State* L);
void push_rtos(lua_State* L);

/// Makes the table on top of the stack a global and a module that require knows, also after a script has forgotten it. Pops
/// the table. Raises where there is no memory.
void publish(lua_State* L, const char* name);

/// Pushes rtos.receive. The userdata of push_host() is on top of the stack and stays below it. Raises where there is no
/// memory.
void push_receive(lua_State* L);

}  // namespace socketcore::lua
