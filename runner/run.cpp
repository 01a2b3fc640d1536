#include "runner/run.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "lua/device/board.hpp"
#include "lua/device/confinement.hpp"
#include "lua/device/inventory.hpp"
#include "lua/device/loading.hpp"
#include "lua/device/open.hpp"
#include "lua/modules.hpp"
#include "os/confinement.hpp"
#include "runner/lua_memory.hpp"
#include "runner/signals.hpp"

namespace runner {

namespace {

namespace lua = socketcore::lua;
using socketcore::Board;
using socketcore::Clock;
using socketcore::FileSystem;
using socketcore::PowerOnReason;

constexpr const char* kRunKey = "socketcore.run";
constexpr int kCountHookEvery = 10'000;

enum class Ending { returned, failed, ended, restart };

/// One life of the script, in a Lua state of its own.
struct Run {
  const RunOptions& options;
  socketcore::Log& log;
  const std::string& file;
  const std::string& search_path;
  Project* project;  // null: a script of this machine
  FileSystem* files;
  Clock* clock;
  Ending ending = Ending::failed;
  int status = EXIT_FAILURE;
  std::string problem{};
  bool inside = false;  // whether there is a script to leave
  std::jmp_buf way_out{};
};

// For the signal handler, which finds nothing but statics.
lua::Host* volatile host = nullptr;
Project* volatile project_in_use = nullptr;

void deliver_without_script() {
  if (host != nullptr) host->end();
}

void give_up_script() {
  deliver_without_script();
  if (project_in_use != nullptr) project_in_use->clear_up();
}

Run& run_of(lua_State* L) {
  lua_getfield(L, LUA_REGISTRYINDEX, kRunKey);
  Run& run = **static_cast<Run**>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return run;
}

// Abandons the script wherever it is, in coroutines and pcalls too, which an error could not. The state is good for
// nothing then but lua_close, which expects no more of it in either Lua.
[[noreturn]] void leave(lua_State* L, Ending ending, int status) {
  Run& run = run_of(L);
  if (!run.inside) {  // a finalizer during lua_close
    if (project_in_use != nullptr) project_in_use->clear_up();
    std::exit(status);
  }
  run.ending = ending;
  run.status = status;
  std::longjmp(run.way_out, 1);
}

void stop_if_asked(lua_State* L) {
  if (stop_signal() != 0) leave(L, Ending::ended, 128 + stop_signal());
}

void on_hook(lua_State* L, lua_Debug*) {
  stop_if_asked(L);
}

int os_exit(lua_State* L) {
  int status = EXIT_SUCCESS;
  if (lua_isboolean(L, 1)) {
    status = lua_toboolean(L, 1) != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } else {
    status = static_cast<int>(luaL_optinteger(L, 1, EXIT_SUCCESS)) & 0xff;
  }
  leave(L, Ending::ended, status);
}

int poweroff(lua_State* L) {
  leave(L, Ending::ended, EXIT_SUCCESS);
}

int restart(lua_State* L) {
  leave(L, Ending::restart, EXIT_SUCCESS);
}

// The message handler. Its upvalue is debug.traceback, which a script may replace.
int explain(lua_State* L) {
  lua_settop(L, 1);
  if (lua_isstring(L, 1) == 0) {
    if (luaL_callmeta(L, 1, "__tostring") == 0 || lua_isstring(L, -1) == 0) {
      lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
  }
  // Not given to debug.traceback, which would cut it off at a zero byte.
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushliteral(L, "");
  lua_pushinteger(L, 2);
  lua_call(L, 2, 1);
  lua_concat(L, 2);
  return 1;
}

// False: run.problem says why; empty: there is no memory. Nothing of C++ may be thrown through Lua.
bool attach_board(Run& run) noexcept try {
  auto board = Board::create(host->reactor(), host->device(), *run.clock, &run.log, run.project->board(), run.problem);
  if (!board) return false;
  host->attach(lua::peripherals_of(std::move(board)));
  return true;
} catch (...) {
  run.problem.clear();
  return false;
}

// The host's userdata is on top of the stack.
void open_project(lua_State* L, Run& run) {
  run.clock->run_on(host->os());
  if (!attach_board(run)) {
    lua_pushlstring(L, run.problem.data(), run.problem.size());
    if (run.problem.empty()) luaL_error(L, "not enough memory");
    lua_error(L);
  }
  lua::open_device(L, *run.files, *run.clock);
}

void open_modules(lua_State* L, Run& run) {
  lua::HostSettings settings;
  settings.options = run.options.device;
  settings.log = &run.log;
  settings.around.interrupted = stop_if_asked;
  if (run.options.exit_when_idle) {
    settings.around.idle = [](lua_State* state) { leave(state, Ending::ended, EXIT_SUCCESS); };
  }
  host = &lua::push_host(L, settings);
  wake_on_stop(&host->os());

  lua::push_socketcore(L);
  lua::publish(L, "socketcore");
  lua::push_rtos(L);
  lua_pushcfunction(L, restart);
  lua_setfield(L, -2, "restart");
  lua_pushcfunction(L, poweroff);
  lua_setfield(L, -2, "poweroff");
  lua::publish(L, "rtos");
  if (run.project != nullptr) open_project(L, run);
  lua_pop(L, 1);

  lua_getglobal(L, "os");
  lua_pushcfunction(L, os_exit);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
}

void set_search_path(lua_State* L, const Run& run) {
  lua_getglobal(L, "package");
  lua_pushlstring(L, run.search_path.data(), run.search_path.size());
  lua_getfield(L, -2, "path");
  lua_concat(L, 2);
  lua_setfield(L, -2, "path");
  lua_pop(L, 1);
}

// Leaves the arguments on the stack, and as the global arg if there are any.
int push_arguments(lua_State* L, const RunOptions& options) {
  const auto count = static_cast<int>(options.arguments.size());
  if (count == 0) return 0;
  luaL_checkstack(L, count + 3, "too many arguments");
  lua_createtable(L, count, 1);
  lua_pushlstring(L, options.script.data(), options.script.size());
  lua_rawseti(L, -2, 0);
  const int table = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    const std::string& argument = options.arguments[static_cast<std::size_t>(i - 1)];
    lua_pushlstring(L, argument.data(), argument.size());
    lua_pushvalue(L, -1);
    lua_rawseti(L, table, i);
  }
  lua_pushvalue(L, table);
  lua_setglobal(L, "arg");
  lua_remove(L, table);
  return count;
}

// Runs the script, protected. Its one result is the error, nil for none.
int run_protected(lua_State* L) {
  Run& run = *static_cast<Run*>(lua_touserdata(L, 1));
  *static_cast<Run**>(lua_newuserdata(L, sizeof(Run*))) = &run;
  lua_setfield(L, LUA_REGISTRYINDEX, kRunKey);

  luaL_openlibs(L);
  open_modules(L, run);
  if (run.project == nullptr) set_search_path(L, run);
  if (run.options.sandbox.confined) lua::confine(L);

  // PUC Lua keeps hooks per coroutine, each takes that of its maker: so there it must stand from the start. LuaJIT has
  // one hook for all, and compiles nothing while it is set.
  lua_getglobal(L, "jit");
  if (lua_isnil(L, -1)) lua_sethook(L, on_hook, LUA_MASKCOUNT, kCountHookEvery);
  watch_script(L, on_hook, give_up_script);
  stop_if_asked(L);

  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_pushcclosure(L, explain, 1);
  const int handler = lua_gettop(L);
  const int loaded = run.project != nullptr ? lua::load_script(L, *run.files, run.project->main().c_str())
                                            : luaL_loadfile(L, run.file == "-" ? nullptr : run.file.c_str());
  if (loaded != 0) return lua_error(L);
  if (lua_pcall(L, push_arguments(L, run.options), 0, handler) != 0) return lua_error(L);
  run.ending = Ending::returned;
  run.status = EXIT_SUCCESS;
  return 0;
}

// What the error text does not say: that a module which the script takes for granted is one of hardware.
void print_hint(std::string_view text) {
  constexpr std::string_view kBefore = "global '";
  const std::size_t place = text.find(kBefore);
  const std::size_t end = text.find("' (a nil value)", place);
  if (place == std::string_view::npos || end == std::string_view::npos) return;
  const std::size_t start = place + kBefore.size();
  const lua::ModuleEntry* const module = lua::find_absent_module(text.substr(start, end - start));
  if (module == nullptr) return;
  std::fprintf(stderr, "socketcore: '%s' (%s) does not exist on this host\n", std::string(module->name).c_str(),
               std::string(module->note).c_str());
}

void print_error(lua_State* L, const Run& run) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(L, -1, &size);
  const std::string_view error = text != nullptr ? std::string_view(text, size) : "error in error handling";
  std::fflush(stdout);
  std::fputs("socketcore: ", stderr);
  std::fwrite(error.data(), 1, error.size(), stderr);
  std::fputc('\n', stderr);
  if (run.project == nullptr) return;
  print_hint(error);
  run.project->keep_error(std::string(error));
}

// leave() returns to here. Nothing with a destructor may stand between this function and Lua.
void enter(lua_State* L, Run& run) {
  if (setjmp(run.way_out) == 0) {
    run.inside = true;
    if (lua_cpcall(L, run_protected, &run) != 0) {
      if (stop_signal() == 0) {
        print_error(L, run);
      } else {
        run.status = 128 + stop_signal();  // it was the signal that broke the reading of the script
      }
    }
  }
  run.inside = false;
  unwatch_script();
  wake_on_stop(nullptr);
  if (run.clock != nullptr) run.clock->stop();
  lua_sethook(L, nullptr, 0, 0);
}

struct Life {
  Ending ending;
  int status;
};

Life live_once(const RunOptions& options, socketcore::Log& log, const std::string& file, const std::string& search_path,
               Project* project) {
  // They outlive the state, whose finalizers may still ask them.
  std::optional<FileSystem> files;
  Clock clock;
  if (project != nullptr) files.emplace(project->files());
  project_in_use = project;
  Run run{options, log, file, search_path, project, files ? &*files : nullptr, &clock};
  std::optional<LuaMemory> memory;
  const std::uint64_t limit = options.sandbox.max_memory_bytes;
  lua_State* const L = limit > 0 ? memory.emplace(limit).new_state() : luaL_newstate();
  if (L == nullptr) {
    std::fputs("socketcore: not enough memory\n", stderr);
    return {run.ending, run.status};
  }
  enter(L, run);
  // After a signal nothing may keep the delivery waiting: not a finalizer, not the pclose() of a child that goes on.
  if (stop_signal() != 0) deliver_without_script();
  host = nullptr;
  lua_close(L);  // ends the host, if that is still to be done
  return {run.ending, run.status};
}

// A script that fails at once would else fail as fast as the machine can start it.
void pause_before_restart() {
  constexpr timespec kPause{.tv_sec = 1, .tv_nsec = 0};
  ::nanosleep(&kPause, nullptr);
}

}  // namespace

int run_script(const RunOptions& options, socketcore::Log& log) {
  namespace fs = std::filesystem;
  if (options.sandbox.no_core && !socketcore::forbid_core_dumps()) {
    std::fputs("socketcore: core dumps cannot be switched off\n", stderr);
    return EXIT_FAILURE;
  }
  std::error_code error;
  fs::path file = options.script;
  if (fs::is_directory(file, error)) {
    file /= "main.lua";
    if (!fs::exists(file, error)) {
      const std::string problem = error ? "cannot be read: " + error.message() : "is a folder without a main.lua";
      std::fprintf(stderr, "socketcore: %s %s\n", options.script.c_str(), problem.c_str());
      return EXIT_FAILURE;
    }
  }
  std::string search_path;
  const auto add_folder = [&](const fs::path& folder) {
    search_path += (folder / "?.lua;").string() + (folder / "?/init.lua;").string();
  };
  add_folder(file.has_parent_path() ? file.parent_path() : fs::path("."));
  for (const std::string& library : options.libraries) add_folder(library);

  const std::string name = file.string();
  std::unique_ptr<Project> project;
  if (options.as_device || file.filename() == "main.lua") {
    std::string problem;
    project = Project::open(options.project, file, options.libraries, problem);
    if (!project) {
      std::fprintf(stderr, "socketcore: %s\n", problem.c_str());
      return EXIT_FAILURE;
    }
  }
  if (project && options.sandbox.confined) confine_process(options.sandbox, *options.device.profile, *project, log);
  for (;;) {
    const Life life = live_once(options, log, name, search_path, project.get());
    if (stop_signal() != 0) return life.ending == Ending::restart ? 128 + stop_signal() : life.status;
    const bool over = life.ending == Ending::returned || life.ending == Ending::failed;
    if (life.ending != Ending::restart && !(over && project && options.project.restart)) return life.status;
    if (over) pause_before_restart();
    if (project) project->set_reason(life.ending == Ending::failed ? PowerOnReason::exception : PowerOnReason::restart);
  }
}

}  // namespace runner
