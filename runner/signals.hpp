#pragma once

struct lua_State;
struct lua_Debug;

namespace socketcore {
class Os;
}

/// Signals of this process. SIGINT, SIGTERM and SIGHUP ask it to stop (SIGHUP not under nohup); a second one ends it at
/// once. SIGUSR1, SIGUSR2 and SIGPIPE do nothing, in children of a script they do what they always do.
namespace runner {

void install_signals();

/// Which signal has asked for the end, 0 for none.
[[nodiscard]] int stop_signal() noexcept;

/// From now on a stop signal wakes this Os.
void wake_on_stop(socketcore::Os* os) noexcept;

/// From now on a stop signal also sets this hook in the script, and the process ends two seconds later if unwatch_script
/// was not called by then: a loop that LuaJIT has compiled looks at no hook.
void watch_script(lua_State* L, void (*hook)(lua_State*, lua_Debug*)) noexcept;
void unwatch_script() noexcept;

}  // namespace runner
