// What a confined script finds in its state, with either Lua; what it tries to get out is in tests/device/sandbox_test.py.
#include "lua/device/confinement.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/lua/device_state.hpp"

namespace {

class Confined : public testing::Test {
 protected:
  Confined() {
    compiled_ = device_.run_text("return string.dump(loadstring('return 1'))");
    device_.root().write("data/compiled", compiled_);
    socketcore::lua::confine(device_.L());
  }
  std::string run(const std::string& source) { return device_.run_text(source); }

  DeviceState device_;
  std::string compiled_;
};

TEST_F(Confined, TextIsLoadedAndNothingElse) {
  EXPECT_EQ(run("return loadstring('return 1')()"), "1");
  EXPECT_EQ(run("local n = 0 return load(function() n = n + 1 return ({'return', ' 2'})[n] end)()"), "2");
  EXPECT_EQ(run("return select(2, loadstring(io.open('/compiled', 'rb'):read('*a')))"),
            "compiled Lua is refused: it could do anything to this process");
  EXPECT_EQ(run("local f = io.open('/compiled', 'rb') return tostring(load(function() return f:read(1) end))"), "nil");
  EXPECT_EQ(run("return select(2, loadfile('/compiled'))"), "/compiled: compiled Lua is refused");
  EXPECT_EQ(run("return tostring(pcall(dofile, '/compiled'))"), "false");
  EXPECT_EQ(run("package.path = '/?' return tostring(pcall(require, 'compiled'))"), "false");
  EXPECT_EQ(device_.run_file("/compiled"), "error: /compiled: compiled Lua is refused");
}

TEST_F(Confined, NamesThatAreNotListedAreGone) {
  for (const char* name :
       {"os.execute", "os.setlocale", "io.popen", "io.tmpfile", "string.dump", "debug.getregistry", "debug.sethook",
        "debug.getlocal", "debug.setmetatable", "jit", "ffi", "package.searchpath", "package.loaded.jit",
        "package.loaded.ffi", "package.preload.ffi", "package.preload['string.buffer']"}) {
    EXPECT_EQ(run(std::string("return tostring(") + name + ")"), "nil") << name;
  }
  for (const char* name : {"os.time", "io.open", "io.opendir", "string.gfind", "table.getn", "math.mod", "coroutine.wrap",
                           "debug.traceback", "package.seeall", "require", "newproxy", "pcall", "setfenv"}) {
    EXPECT_EQ(run(std::string("return type(") + name + ")"), "function") << name;
  }
  EXPECT_EQ(run("return tostring(os.getenv('PATH'))"), "nil");
}

TEST_F(Confined, GetinfoShowsFunctionsOfLuaOnly) {
  EXPECT_EQ(run("return debug.getinfo(1).currentline"), "1");
  EXPECT_EQ(run("local function f() return debug.getinfo(1, 'f').func end return tostring(f() == f)"), "true");
  EXPECT_EQ(run("return tostring(debug.getinfo(io.open).func) .. debug.getinfo(io.open).what"), "nilC");
  EXPECT_EQ(run("local c = coroutine.create(function() coroutine.yield() end) coroutine.resume(c) "
                "return debug.getinfo(c, 1, 'S').what .. tostring(debug.getinfo(c, 0, 'f').func)"),
            "Luanil");
  EXPECT_EQ(run("return tostring(debug.getinfo(100))"), "nil");
  EXPECT_EQ(run("return tostring(pcall(debug.getinfo, 1, '>f'))"), "false");
}

}  // namespace
