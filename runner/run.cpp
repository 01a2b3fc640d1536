#include "runner/run.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "lua/modules.hpp"
#include "runner/signals.hpp"

namespace runner {

namespace {

namespace lua = socketcore::lua;

constexpr const char* kRunKey = "socketcore.run";
constexpr int kCountHookEvery = 10'000;

enum class Ending { returned, failed, ended, restart };

/// One life of the script, in a Lua state of its own.
struct Run {
  const RunOptions& options;
  socketcore::Log& log;
  const std::string& file;
  const std::string& search_path;
  Ending ending = Ending::failed;
  int status = EXIT_FAILURE;
  bool inside = false;  // whether there is a script to leave
  std::jmp_buf way_out{};
};

// For the signal handler, which finds nothing but statics.
lua::Host* volatile host = nullptr;

void deliver_without_script() {
  if (host != nullptr) host->end();
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
  if (!run.inside) std::exit(status);  // a finalizer during lua_close
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

int return_module(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

// For a script that forgets a module in order to require it again. Pops the module.
void preload(lua_State* L, const char* name) {
  lua_pushcclosure(L, return_module, 1);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, name);
  lua_pop(L, 3);
}

void open_modules(lua_State* L, Run& run) {
  lua::HostSettings settings;
  settings.options = run.options.device;
  settings.log = &run.log;
  settings.around.interrupted = stop_if_asked;
  if (run.options.exit_when_idle) {
    settings.around.idle = [](lua_State* state) { leave(state, Ending::ended, EXIT_SUCCESS); };
  }
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  host = &lua::push_host(L, settings);
  wake_on_stop(&host->os());

  const auto publish = [L](const char* name) {
    lua_pushvalue(L, -1);
    lua_setglobal(L, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, name);
    preload(L, name);
  };
  lua::push_socketcore(L);
  publish("socketcore");
  lua::push_rtos(L);
  lua_pushcfunction(L, restart);
  lua_setfield(L, -2, "restart");
  lua_pushcfunction(L, poweroff);
  lua_setfield(L, -2, "poweroff");
  publish("rtos");
  lua_pop(L, 3);

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
  set_search_path(L, run);

  // PUC Lua keeps hooks per coroutine, each takes that of its maker: so there it must stand from the start. LuaJIT has
  // one hook for all, and compiles nothing while it is set.
  lua_getglobal(L, "jit");
  if (lua_isnil(L, -1)) lua_sethook(L, on_hook, LUA_MASKCOUNT, kCountHookEvery);
  watch_script(L, on_hook, deliver_without_script);
  stop_if_asked(L);

  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_pushcclosure(L, explain, 1);
  const int handler = lua_gettop(L);
  if (luaL_loadfile(L, run.file == "-" ? nullptr : run.file.c_str()) != 0) return lua_error(L);
  if (lua_pcall(L, push_arguments(L, run.options), 0, handler) != 0) return lua_error(L);
  run.ending = Ending::returned;
  run.status = EXIT_SUCCESS;
  return 0;
}

void print_error(lua_State* L) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(L, -1, &size);
  std::fflush(stdout);
  std::fputs("socketcore: ", stderr);
  if (text != nullptr) {
    std::fwrite(text, 1, size, stderr);
  } else {
    std::fputs("error in error handling", stderr);
  }
  std::fputc('\n', stderr);
}

// leave() returns to here. Nothing with a destructor may stand between this function and Lua.
void enter(lua_State* L, Run& run) {
  if (setjmp(run.way_out) == 0) {
    run.inside = true;
    if (lua_cpcall(L, run_protected, &run) != 0) {
      if (stop_signal() == 0) {
        print_error(L);
      } else {
        run.status = 128 + stop_signal();  // it was the signal that broke the reading of the script
      }
    }
  }
  run.inside = false;
  unwatch_script();
  wake_on_stop(nullptr);
  lua_sethook(L, nullptr, 0, 0);
}

Run live_once(const RunOptions& options, socketcore::Log& log, const std::string& file, const std::string& search_path) {
  Run run{options, log, file, search_path};
  lua_State* const L = luaL_newstate();
  if (L == nullptr) {
    std::fputs("socketcore: not enough memory\n", stderr);
    return run;
  }
  enter(L, run);
  // After a signal nothing may keep the delivery waiting: not a finalizer, not the pclose() of a child that goes on.
  if (stop_signal() != 0) deliver_without_script();
  host = nullptr;
  lua_close(L);  // ends the host, if that is still to be done
  return run;
}

}  // namespace

int run_script(const RunOptions& options, socketcore::Log& log) {
  namespace fs = std::filesystem;
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
  for (;;) {
    const Run run = live_once(options, log, name, search_path);
    if (run.ending != Ending::restart) return run.status;
    if (stop_signal() != 0) return 128 + stop_signal();
  }
}

}  // namespace runner
