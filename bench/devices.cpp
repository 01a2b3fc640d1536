// Opens devices in one process, each with a project that then lies idle, for bench/device.py:
//   devices PROJECT LIBRARY COUNT
// Prints `dirty BYTES`, what this process alone has written to (Private_Dirty), before the first device and after each.
// The project's main.lua gets the argument `leave`, and ends by the error "left" once it is idle: its state stays.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>

#include "board/board.hpp"
#include "lua/device/board.hpp"
#include "lua/device/loading.hpp"
#include "lua/device/open.hpp"
#include "lua/modules.hpp"

namespace {

namespace fs = std::filesystem;
namespace sc = socketcore;

struct CloseState {
  void operator()(lua_State* L) const { lua_close(L); }
};

struct Folder {
  std::string path = (fs::temp_directory_path() / "socketcore-bench-XXXXXX").string();
  Folder() {
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

struct OneDevice {
  OneDevice(const fs::path& project, const fs::path& library, const fs::path& flash)
      : files({.script_folders = {project, library}, .data_folder = flash}) {
    settings.data_folder = flash;
    if (lua_cpcall(state.get(), run, this) != 0 && std::string(lua_tostring(state.get(), -1)) != "left") {
      throw std::runtime_error(lua_tostring(state.get(), -1));
    }
  }

  static int run(lua_State* L);
  [[nodiscard]] bool attach_board(sc::lua::Host& host) noexcept;

  sc::FileSystem files;
  sc::Clock clock;
  sc::BoardSettings settings;
  std::string problem;
  std::unique_ptr<lua_State, CloseState> state{luaL_newstate()};
};

bool OneDevice::attach_board(sc::lua::Host& host) noexcept try {
  auto board = sc::Board::create(host.reactor(), host.device(), clock, nullptr, settings, problem);
  if (board) host.attach(sc::lua::peripherals_of(std::move(board)));
  return problem.empty();
} catch (const std::bad_alloc&) {
  return false;
}

int OneDevice::run(lua_State* L) {
  OneDevice& self = *static_cast<OneDevice*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  sc::lua::Host& host = sc::lua::push_host(L, {});
  sc::lua::push_socketcore(L);
  lua_setglobal(L, "socketcore");
  sc::lua::push_rtos(L);
  lua_setglobal(L, "rtos");
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaded");
  for (const char* const name : {"socketcore", "rtos"}) {
    lua_getglobal(L, name);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 2);
  self.clock.run_on(host.os());
  if (!self.attach_board(host)) return luaL_error(L, "%s", self.problem.c_str());
  sc::lua::open_device(L, self.files, self.clock);
  if (sc::lua::load_script(L, self.files, "/lua/main.lua") != 0) return lua_error(L);
  lua_pushliteral(L, "leave");
  lua_call(L, 1, 0);
  return 0;
}

void print_dirty() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    long kib = 0;
    if (std::sscanf(line.c_str(), "Private_Dirty: %ld kB", &kib) == 1) std::printf("dirty %ld\n", kib * 1024);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: devices PROJECT LIBRARY COUNT\n", stderr), EXIT_FAILURE;
  try {
    const Folder flash;
    std::list<OneDevice> devices;
    print_dirty();
    for (int left = std::atoi(argv[3]); left > 0; --left) {
      OneDevice& device = devices.emplace_back(argv[1], argv[2], flash.path);
      lua_gc(device.state.get(), LUA_GCCOLLECT, 0);
      print_dirty();
    }
    // The states end before the clocks that their finalizers may ask.
    for (OneDevice& device : devices) {
      device.clock.stop();
      device.state.reset();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "devices: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
