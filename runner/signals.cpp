#include "runner/signals.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "lua/lua_api.hpp"
#include "socketcore/os.hpp"

namespace runner {

namespace {

constexpr unsigned kPatienceSeconds = 2;

// A handler finds nothing but statics. One thread: what it interrupts is the only other user of them.
volatile std::sig_atomic_t stop = 0;
socketcore::Os* volatile waiting = nullptr;
lua_State* volatile script = nullptr;
lua_Hook hook_of_script = nullptr;
void (*last_resort_of_script)() = nullptr;

void on_stop(int signal) {
  if (stop != 0) ::_exit(128 + signal);
  stop = signal;
  const int saved = errno;
  if (waiting != nullptr) waiting->wake();
  if (script != nullptr) {
    lua_sethook(script, hook_of_script, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    ::alarm(kPatienceSeconds);
  } else {
    ::alarm(kFarewellSeconds);
  }
  errno = saved;
}

void on_alarm(int) {
  if (stop == 0) return;
  if (script != nullptr) {
    // The script was interrupted in Lua's code or the C library's. What that holds (a lock of malloc's, say) could hold us
    // up: the next alarm sees to it.
    script = nullptr;
    ::alarm(kFarewellSeconds);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarms, nullptr);
    last_resort_of_script();
  }
  ::_exit(128 + stop);
}

void on_nothing(int) {}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void install_signals() {
  // Without SA_RESTART: a script that reads its standard input must come back to Lua to be stopped.
  handle(SIGINT, on_stop, 0);
  handle(SIGTERM, on_stop, 0);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, on_stop, 0);
  handle(SIGALRM, on_alarm, SA_RESTART);
  // A handler instead of SIG_IGN, which children would inherit.
  for (const int signal : {SIGUSR1, SIGUSR2, SIGPIPE}) handle(signal, on_nothing, SA_RESTART);
}

int stop_signal() noexcept {
  return stop;
}

void wake_on_stop(socketcore::Os* os) noexcept {
  waiting = os;
}

void watch_script(lua_State* L, lua_Hook hook, void (*last_resort)()) noexcept {
  hook_of_script = hook;
  last_resort_of_script = last_resort;
  script = L;
}

void unwatch_script() noexcept {
  script = nullptr;
  if (stop != 0) ::alarm(kFarewellSeconds);
}

}  // namespace runner
