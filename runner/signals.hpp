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

/// From now on a stop signal also sets this hook in the script. If unwatch_script() is not called within two seconds of it,
/// the script is stuck where no hook reaches: in a loop that LuaJIT has compiled, or in a long call of C. Then
/// `last_resort` is called from the signal handler, and the process ends. Nothing of the engine runs while a script is
/// stuck, so it may use it.
void watch_script(lua_State* L, void (*hook)(lua_State*, lua_Debug*), void (*last_resort)()) noexcept;
/// The script was left. After a stop signal, before or after this call, what is left to do has this long.
void unwatch_script() noexcept;
constexpr unsigned kFarewellSeconds = 8;  // the linger limit of 5 s, and a little

}  // namespace runner
