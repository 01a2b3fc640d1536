// Runs tests/device/parts_*.lua: the parts' modules in a bare Lua state, around a device on virtual time. A script finds
// the modules as on the device, and a table `test`:
//   control(line) -> its error, ""   advance(ms)   trace() -> lines since the last call   events() -> {kind, a, b} likewise
//   log() -> lines likewise          clock() -> seconds   folder: a folder of its own
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "../board/fake_site.hpp"
#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

// What Host is in the runner: a userdata, the first upvalue of the functions.
Parts& parts_of(lua_State* L) {
  return **static_cast<Parts**>(lua_touserdata(L, lua_upvalueindex(1)));
}

}  // namespace socketcore::lua

namespace socketcore::test {

namespace {

namespace fs = std::filesystem;

FakeSite& site_of(lua_State* L) {
  return *static_cast<FakeSite*>(lua_touserdata(L, lua_upvalueindex(1)));
}

int control(lua_State* L) {
  std::size_t size = 0;
  const char* const line = luaL_checklstring(L, 1, &size);
  FakeSite& site = site_of(L);
  site.logged.push_back(site.parts->control({line, size}));
  lua_pushlstring(L, site.logged.back().data(), site.logged.back().size());
  site.logged.pop_back();
  return 1;
}

int advance(lua_State* L) {
  site_of(L).advance(std::chrono::milliseconds(luaL_checkinteger(L, 1)));
  return 0;
}

int push_lines(lua_State* L, std::vector<std::string>& lines) {
  lua_newtable(L);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lua_pushlstring(L, lines[i].data(), lines[i].size());
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lines.clear();
  return 1;
}

int trace(lua_State* L) {
  return push_lines(L, site_of(L).lines);
}
int logged(lua_State* L) {
  return push_lines(L, site_of(L).logged);
}

int events(lua_State* L) {
  constexpr const char* kNames[] = {"uart_received", "uart_sent", "link_lost", "pin_edge", "keypad",
                                    "power",         "alarm",     "audio",     "record",   "stream_record"};
  FakeSite& site = site_of(L);
  lua_newtable(L);
  for (std::size_t i = 0; i < site.events.size(); ++i) {
    const FakeSite::Event& event = site.events[i];
    lua_newtable(L);
    lua_pushstring(L, kNames[static_cast<std::size_t>(event.kind)]);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, event.a);
    lua_rawseti(L, -2, 2);
    lua_pushinteger(L, event.b);
    lua_rawseti(L, -2, 3);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  site.events.clear();
  return 1;
}

int clock_seconds(lua_State* L) {
  const auto seconds = site_of(L).clock().time_since_epoch() / std::chrono::seconds(1);
  lua_pushnumber(L, static_cast<lua_Number>(seconds));
  return 1;
}

constexpr luaL_Reg kTestCalls[] = {{"control", control}, {"advance", advance},     {"trace", trace},  {"log", logged},
                                   {"events", events},   {"clock", clock_seconds}, {nullptr, nullptr}};

struct Module {
  const char* name;
  void (*push)(lua_State*);
};
constexpr Module kModules[] = {{"adc", lua::push_adc}, {"audiocore", lua::push_audiocore},
                               {"cpu", lua::push_cpu}, {"i2c", lua::push_i2c},
                               {"pio", lua::push_pio}, {"pmd", lua::push_pmd},
                               {"pwm", lua::push_pwm}, {"spi", lua::push_spi}};

struct Task {
  FakeSite* site;
  const char* script;
  const char* folder;
};

int traceback(lua_State* L) {
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

int run(lua_State* L) {
  const Task& it = *static_cast<const Task*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  *static_cast<Parts**>(lua_newuserdata(L, sizeof(Parts*))) = it.site->parts;
  const int host = lua_gettop(L);
  for (const Module& module : kModules) {
    module.push(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, module.name);
    lua_pop(L, 1);
    lua_setglobal(L, module.name);
  }
  lua_newtable(L);
  lua_pushvalue(L, host);
  lua::set_functions(L, lua::kRtosPartCalls, 1);
  lua::set_rtos_part_constants(L);
  lua_setglobal(L, "rtos");

  lua_newtable(L);
  lua_pushlightuserdata(L, it.site);
  lua::set_functions(L, kTestCalls, 1);
  lua_pushstring(L, it.folder);
  lua_setfield(L, -2, "folder");
  lua_setglobal(L, "test");

  if (luaL_loadfile(L, it.script) != 0) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

std::vector<fs::path> scripts() {
  std::vector<fs::path> result;
  for (const auto& entry : fs::directory_iterator(SC_DEVICE_SPECS)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("parts_") && name.ends_with(".lua")) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

class PartsSpec : public testing::TestWithParam<fs::path> {};

TEST_P(PartsSpec, Passes) {
  setenv("TZ", "CST-8", 1);
  tzset();
  const fs::path folder =
      fs::path(testing::TempDir()) / ("socketcore_" + GetParam().stem().string() + "_" + std::to_string(getpid()));
  fs::create_directories(folder);
  FakeSite site;
  Parts parts(site, PowerOnReason::restart);
  site.parts = &parts;
  const std::string script = GetParam().string();
  const std::string folder_name = folder.string();
  Task it{&site, script.c_str(), folder_name.c_str()};

  lua_State* const L = luaL_newstate();
  ASSERT_NE(L, nullptr);
  lua_pushcfunction(L, traceback);
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, &it);
  const int status = lua_pcall(L, 1, 0, 1);
  const char* const error = status == 0 ? nullptr : lua_tostring(L, -1);
  EXPECT_EQ(status, 0) << (error != nullptr ? error : "an error that is no text");
  lua_close(L);
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Device, PartsSpec, testing::ValuesIn(scripts()),
                         [](const auto& spec) { return spec.param.stem().string(); });

}  // namespace

}  // namespace socketcore::test
