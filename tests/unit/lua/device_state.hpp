#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "board/file_system.hpp"
#include "lua/device/dialect.hpp"
#include "lua/device/files.hpp"
#include "lua/device/loading.hpp"
#include "os/sim.hpp"
#include "unit/board/temporary_folder.hpp"

/// A Lua state with a device's language and files, its project and flash in a temporary folder.
class DeviceState {
 public:
  using Path = std::filesystem::path;

  explicit DeviceState(const std::vector<Path>& libraries = {}) : files_(settings(libraries)), state_(luaL_newstate()) {
    clock_.run_on(os_);
    luaL_openlibs(L());
    socketcore::lua::open_dialect(L());
    socketcore::lua::open_files(L(), files_, clock_);
    lua_newtable(L());
    socketcore::lua::add_file_calls(L(), files_);
    lua_setglobal(L(), "rtos");
  }

  [[nodiscard]] lua_State* L() const { return state_.get(); }
  [[nodiscard]] const TemporaryFolder& root() const { return root_; }
  void set_clock(std::chrono::nanoseconds since_epoch) { clock_.set(socketcore::WallTime(since_epoch)); }

  [[nodiscard]] bool luajit() const {
    lua_getglobal(L(), "jit");
    const bool present = !lua_isnil(L(), -1);
    lua_pop(L(), 1);
    return present;
  }

  /// Runs the script file; returns its first result as a string, or "error: " and what was wrong.
  std::string run_file(const std::string& path) { return run(socketcore::lua::load_script(L(), files_, path)); }
  /// The same for a text, as if it were the file main.lua of the project.
  std::string run_text(const std::string& source) { return run(socketcore::lua::compile(L(), source, "@/lua/main.lua")); }

 private:
  struct Close {
    void operator()(lua_State* L) const { lua_close(L); }
  };

  socketcore::FileSystem::Settings settings(const std::vector<Path>& libraries) {
    std::filesystem::create_directories(root_ / "project");
    std::filesystem::create_directories(root_ / "data");
    socketcore::FileSystem::Settings result{{root_ / "project"}, root_ / "data"};
    result.script_folders.insert(result.script_folders.end(), libraries.begin(), libraries.end());
    return result;
  }
  std::string run(int status) {
    if (status == 0) status = lua_pcall(L(), 0, 1, 0);
    std::size_t size = 0;
    const char* const text = lua_tolstring(L(), -1, &size);
    std::string result = status == 0 ? "" : "error: ";
    if (text != nullptr) {
      result.append(text, size);
    } else {
      result += luaL_typename(L(), -1);
    }
    lua_settop(L(), 0);
    return result;
  }

  TemporaryFolder root_;
  socketcore::SimOs os_;  // whose time stands still
  socketcore::Clock clock_;
  socketcore::FileSystem files_;
  std::unique_ptr<lua_State, Close> state_;
};
