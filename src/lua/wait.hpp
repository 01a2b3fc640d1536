#pragma once

#include <optional>

#include "lua/host.hpp"

/// Where a script waits, and nowhere else. Today the wait turns the reactor in place, so the interpreter's thread stands
/// still in it. A host that runs many scripts on stacks of their own switches stacks here instead, and turns the reactor
/// on its own.
namespace socketcore::lua {

/// Takes the next message into host.message. message or timeout; may raise, or leave, as the surroundings say.
Waited wait_for_message(lua_State* L, Host& host, std::optional<Duration> timeout);

/// Lets `time` pass.
void wait_for_time(lua_State* L, Host& host, Duration time);

}  // namespace socketcore::lua
