// What is compiled with the implicit arg does what PUC Lua 5.1 does: this file is run with either Lua, and what it expects
// was taken from `lua5.1`.
#include "lua/device/implicit_arg.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "unit/lua/device_state.hpp"

namespace {

using socketcore::lua::declare_implicit_arg;

std::string declared(const std::string& source) {
  std::string result;
  return declare_implicit_arg(source, result) ? result : "as it is";
}

TEST(ImplicitArg, IsDeclaredWhereItCanBeSeen) {
  EXPECT_EQ(declared("function f(...) return arg end"), "function f(...)local arg=(0i)(...); return arg end");
  EXPECT_EQ(declared("f=function(a,\n...)\nreturn function() return arg.n end end"),
            "f=function(a,\n...)local arg=(0i)(...);\nreturn function() return arg.n end end");
  EXPECT_EQ(declared("function a.b:c(...) g(..., arg) end"), "function a.b:c(...)local arg; g(..., arg) end");
  EXPECT_EQ(declared("function f(...) if arg then for i=1,2 do repeat while x do end until y end end end"),
            "function f(...)local arg=(0i)(...); if arg then for i=1,2 do repeat while x do end until y end end end");
}

TEST(ImplicitArg, MentionsOfTheInnerFunctionAreItsOwn) {
  EXPECT_EQ(declared("function f(...) local g = function(...) return ... end return arg end"),
            "function f(...)local arg=(0i)(...); local g = function(...) return ... end return arg end");
  EXPECT_EQ(declared("function f(...) return function(...) return arg end, ... end"),
            "function f(...)local arg; return function(...)local arg=(0i)(...); return arg end, ... end");
}

TEST(ImplicitArg, ElseTheSourceServesAsItIs) {
  for (const char* source : {
           "",
           "print(arg, ...)",
           "function f(...) return ... end",
           "function f(a) return arg end",
           "function f(...) return t.arg, t:arg(), 'arg', args end --arg",
           "function f(...) return [[arg]] end",
           // No Lua: the compiler says it better.
           "function f(...) arg",
           "function f(...) arg end end",
           "function f(...) arg until",
           "function (... arg end",
           "function f(...) arg end '",
           "function f[1](...) arg end",
           "function f(...) repeat arg end end",
           "function",
           "function f(...) arg end ?",
           "function f(",
           "until ... arg",
           "end ... arg",
       }) {
    EXPECT_EQ(declared(source), "as it is") << source;
  }
  EXPECT_EQ(declared("\x1bLJ function f(...) return arg end"), "as it is");
}

TEST(ImplicitArg, DeepNestingAndManyMentionsAreRead) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "function f(...) arg ";
  EXPECT_EQ(declared(deep), "as it is");
  std::string ends;
  for (int i = 0; i < 100'000; ++i) ends += "end ";
  EXPECT_GT(declared(deep + ends).size(), deep.size());
  EXPECT_EQ(declared(std::string(1'000'000, '(') + " arg ..."), "as it is");
}

class Dialect : public testing::Test {
 protected:
  // What the script says by its function say().
  std::string said(const std::string& source) {
    return device_.run_text(
        "local said, type, tostring, concat, select = {}, type, tostring, table.concat, select "
        "function say(...) for i = 1, select('#', ...) do local v = select(i, ...) "
        "said[#said + 1] = type(v) == 'table' and '{' .. tostring(v.n) .. '}' or tostring(v) end end\n" +
        source + "\nreturn concat(said, ' ')");
  }
  DeviceState device_;
};

TEST_F(Dialect, ArgHoldsWhatFollowsTheParameters) {
  EXPECT_EQ(said("local function f(...) return arg.n, arg[1], arg[2], arg[3] end say(f(7, nil, 8))"), "3 7 nil 8");
  EXPECT_EQ(said("local function f(...) return arg.n, arg[1] end say(f()) say(f(nil)) say(f(nil, nil))"),
            "0 nil 1 nil 2 nil");
  EXPECT_EQ(said("local function f(a, b, ...) return arg.n, arg[1] end say(f(1)) say(f(1, 2, 3))"), "0 nil 1 3");
  EXPECT_EQ(said("local t = {} function t:f(...) return arg.n, arg[1] end say(t:f('x', nil))"), "2 x");
  EXPECT_EQ(said("local function f(arg, ...) return arg.n, arg[1] end say(f(7, 8, 9))"), "2 8");
}

TEST_F(Dialect, ArgIsNilWhereTheDotsAreMentioned) {
  EXPECT_EQ(said("arg = 'global' local function f(...) local a = ... return arg end say(f(1))"), "nil");
  EXPECT_EQ(said("local arg = 5 local function f(...) return arg, ... end say(f(1))"), "nil 1");
  EXPECT_EQ(said("local function f(arg, ...) return arg, select('#', ...) end say(f(7, 8, 9))"), "nil 2");
}

TEST_F(Dialect, ClosuresSeeTheArgOfTheFunctionAround) {
  EXPECT_EQ(said("local function f(...) return (function() return arg.n end)() end say(f(1, 2))"), "2");
  EXPECT_EQ(said("local function f(...) return (function(...) return arg.n end)(1), arg.n end say(f(1, 2))"), "1 2");
  EXPECT_EQ(said("local function f(...) return (function(...) return (select('#', ...)) end)(1), arg.n end say(f(1, 2))"),
            "1 2");
  EXPECT_EQ(said("local function f(...) return (function(...) return arg, ... end)(1), arg.n end say(f(1, 2))"), "nil 2");
  EXPECT_EQ(said("local function f(...) arg.n = arg.n + 1 return function() arg.n = arg.n + 1 return arg.n end end "
                 "local g = f(1) say(g(), g())"),
            "3 4");
}

TEST_F(Dialect, TheMainChunkHasNoArg) {
  EXPECT_EQ(said("say(arg) say(loadstring('return arg')(1, 2))"), "nil nil");
}

TEST_F(Dialect, ArgNeedsNothingOfItsSurroundings) {
  EXPECT_EQ(said("local say = say module('bare') function f(...) return arg.n, arg[2] end say(f(1, 2))"), "2 2");
  EXPECT_EQ(said("local f = setfenv(loadstring('local function f(...) return arg.n end return f(1, nil)'), {}) say(f())"),
            "2");
  EXPECT_EQ(said("_G.select, _G.unpack = nil local function f(...) return arg.n end say(f(nil, nil))"), "2");
}

TEST_F(Dialect, ArgOutlivesTheCollectionOfGarbage) {
  EXPECT_EQ(said("local function f(...) return arg.n end for i = 1, 5 do collectgarbage() end say(f(1, 2), f())"), "2 0");
}

TEST_F(Dialect, ABodyMayBeginWithAParenthesis) {
  EXPECT_EQ(said("local function f(...)(say)(arg.n) end f(1, 2)"), "2");
  EXPECT_EQ(said("local function f(...) ;(say)(arg.n) end") == "" ? "" : "refused", "refused") << "as Lua 5.1 does";
}

TEST_F(Dialect, WhatIsCompiledAtRunTimeHasArgToo) {
  const std::string text = "function f(...) return arg.n end return f(1, nil, nil)";
  device_.root().write("project/sub/mod.lua", "local function f(...) return arg.n end return {f = f}");
  device_.root().write("data/file.lua", "#!shebang\n" + text);
  EXPECT_EQ(said("say(loadstring('" + text + "')())"), "3");
  EXPECT_EQ(said("local parts = {'" + text +
                 "', 'function f(...) ', 'return arg.n end ', 'return f(5)', nil} "
                 "local i = 1 say(load(function() i = i + 1 return parts[i] end)())"),
            "1");
  EXPECT_EQ(said("say(dofile('/file.lua'), loadfile('file.lua')(), require('mod').f(nil))"), "3 3 1");
  EXPECT_EQ(said("say(loadstring(string.dump(loadstring('" + text + "')))())"), "3") << "compiled passes through";
}

TEST_F(Dialect, LinesAndNamesStay) {
  EXPECT_EQ(device_.run_text("local function f(...)\nlocal x = arg.n\nerror('here') end\nf()"),
            "error: /lua/main.lua:3: here");
  EXPECT_EQ(said("say(pcall(loadstring('local function f(...) return arg.x.y end\\nreturn f()', '=name')))").substr(0, 13),
            "false name:1:");
  // A chunk without a name goes by its source, and load's by its own.
  EXPECT_EQ(said("local s = 'local function f(...) error(arg.n) end f()' say(pcall(loadstring(s)))"),
            "false [string \"local function f(...) error(arg.n) end f()\"]:1: 0");
  EXPECT_EQ(said("local s = 'local function f(...) error(arg.n) end f()' "
                 "say(pcall(load(function() local t = s s = nil return t end)))"),
            "false (load):1: 0");
}

TEST_F(Dialect, ErrorsAreTheCompilersOwn) {
  for (const char* text : {"function f(...) arg", "function f(...) arg end x y", "function f(...) = arg end"}) {
    const std::string name = "stock";
    lua_State* const stock = luaL_newstate();
    luaL_loadbuffer(stock, text, std::strlen(text), "=x");
    EXPECT_EQ(said("say(loadstring('" + std::string(text) + "', '=x'))"), "nil " + std::string(lua_tostring(stock, -1)));
    lua_close(stock);
  }
  EXPECT_EQ(said("say(load(function() error('reader', 0) end))"), "nil reader");
  EXPECT_EQ(said("say((load(function() return {} end)))"), "nil");
  EXPECT_EQ(said("say(pcall(load))").substr(0, 6), "false ");
  EXPECT_EQ(said("say(type(loadstring('')), type(loadstring('return \\0')))"), "function nil");
}

}  // namespace
