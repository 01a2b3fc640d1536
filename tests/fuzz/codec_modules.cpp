// The modules of C++ that take a script's bytes: bit, crypto, iconv, json, pack, and the codecs of rtos, with arguments of
// any kind. Input: a list of calls. Results are arguments of later calls, and objects have their methods called.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/input.hpp"
#include "unit/lua_device/open_modules.hpp"

namespace socketcore::fuzz {
namespace {

constexpr const char* kModules[] = {"bit", "crypto", "iconv", "json", "pack", "rtos"};
constexpr int kFunctions = 1;  // places on the stack: a table of all functions
constexpr int kValues = 2;     // and one of results
constexpr int kMostValues = 16;
constexpr int kMostCalls = 40;

/// The functions in the order of their names, which is the same in each run.
int collect(lua_State* L) {
  std::vector<std::string>& names = *static_cast<std::vector<std::string>*>(lua_touserdata(L, 1));
  lua_newtable(L);
  for (const char* const module : kModules) {
    lua_getglobal(L, module);
    names.clear();
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
      if (lua_isfunction(L, -1)) names.emplace_back(lua_tostring(L, -2));
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      lua_getfield(L, -1, name.c_str());
      lua_rawseti(L, -3, static_cast<int>(lua_objlen(L, -3)) + 1);
    }
    lua_pop(L, 1);
  }
  lua_setfield(L, LUA_REGISTRYINDEX, "functions");
  return 0;
}

class Run {
 public:
  Run(lua_State* L, Input input) : L_(L), input_(input) {}

  /// With lua_cpcall().
  static int run(lua_State* L) {
    Run& self = *static_cast<Run*>(lua_touserdata(L, 1));
    self.L_ = L;
    lua_settop(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "functions");
    lua_newtable(L);
    for (int i = 0; i < kMostCalls && !self.input_.at_end(); ++i) self.call();
    return 0;
  }

 private:
  void call() {
    const std::uint32_t which = input_.byte();
    luaL_checkstack(L_, 32, "arguments");
    if (which < 200) {
      lua_rawgeti(L_, kFunctions, static_cast<int>(which % lua_objlen(L_, kFunctions)) + 1);
    } else if (!push_method()) {
      return;
    }
    const int count = static_cast<int>(input_.below(8));
    const int extra = lua_gettop(L_) - kValues - 1;  // the object of a method
    for (int i = 0; i < count; ++i) push_argument();
    if (lua_pcall(L_, count + extra, LUA_MULTRET, 0) != 0) check(lua_isstring(L_, -1) != 0, "an error without a text");
    keep_results();
    lua_settop(L_, kValues);
  }

  /// A method of a result that is an object, and the object. False: there is none.
  bool push_method() {
    lua_rawgeti(L_, kValues, static_cast<int>(input_.below(kMostValues)) + 1);
    const bool object = lua_isuserdata(L_, -1) != 0 && luaL_getmetafield(L_, -1, "__index") != 0 && lua_istable(L_, -1);
    const std::uint32_t which = input_.byte();
    if (object) {
      std::uint32_t place = 0;
      for (lua_pushnil(L_); lua_next(L_, -2) != 0; lua_pop(L_, 1)) ++place;
      for (lua_pushnil(L_); place > 0 && lua_next(L_, -2) != 0; lua_pop(L_, 1)) {
        if (which % place-- != 0) continue;
        lua_replace(L_, kValues + 2);  // in the place of the metatable's
        lua_settop(L_, kValues + 2);
        lua_insert(L_, kValues + 1);
        return true;
      }
    }
    lua_settop(L_, kValues);
    return false;
  }

  void push_text(std::string_view text) { lua_pushlstring(L_, text.data(), text.size()); }

  void push_argument() {
    constexpr double kNumbers[] = {0,    1,      -1,      2,    8,   16,         0.5,          255,
                                   256,  65536,  1e9,     -1e9, 2e9, 2147483647, -2147483648., 4294967296.,
                                   1e15, 9.3e18, 1.7e308, -0.0};
    // Names that the calls know.
    constexpr std::string_view kWords[] = {"ECB",        "CBC",         "CTR",          "NONE", "PKCS7",  "ZERO",
                                           "PKCS5",      "AES128",      "ucs2",         "utf8", "ucs2be", "gb2312",
                                           "PUBLIC_KEY", "PRIVATE_KEY", "PUBLIC_CRYPT", "MD5",  "SHA1",   "SHA256",
                                           "IEEE",       "MODBUS",      "XMODEM",       "CCITT"};
    switch (input_.below(10)) {
      case 0:
        return lua_pushnil(L_);
      case 1:
        return lua_pushboolean(L_, input_.flag());
      case 2:
        return lua_pushnumber(L_, input_.byte());
      case 3:
        return lua_pushnumber(L_, kNumbers[input_.below(std::size(kNumbers))]);
      case 4:
        return push_text(kWords[input_.below(std::size(kWords))]);
      case 5:
        return lua_rawgeti(L_, kValues, static_cast<int>(input_.below(kMostValues)) + 1);
      case 6:
        return push_table();
      case 7:
        return push_text(std::string(input_.below(2000), 'x'));
      default:
        return push_text(input_.text());
    }
  }
  void push_table() {
    lua_newtable(L_);
    const int count = static_cast<int>(input_.below(4));
    for (int i = 1; i <= count; ++i) {
      if (input_.flag()) {
        push_text(input_.text());
        push_text(input_.text());
        lua_rawset(L_, -3);
      } else {
        lua_rawgeti(L_, kValues, static_cast<int>(input_.below(kMostValues)) + 1);
        lua_rawseti(L_, -2, i);
      }
    }
  }

  void keep_results() {
    for (int place = kValues + 1; place <= std::min(lua_gettop(L_), kValues + 4); ++place) {
      if (lua_type(L_, place) == LUA_TSTRING && lua_objlen(L_, place) > 65536) continue;
      lua_pushvalue(L_, place);
      lua_rawseti(L_, kValues, next_value_ % kMostValues + 1);
      ++next_value_;
    }
  }

  lua_State* L_;
  Input input_;
  int next_value_ = 0;
};

void run(Input input) {
  const lua::StatePtr state(luaL_newstate());
  lua_State* const L = state.get();
  std::vector<std::string> names;
  check(lua_cpcall(L, lua::open_modules, nullptr) == 0, "no Lua state");
  check(lua_cpcall(L, collect, &names) == 0, "no functions");
  Run one(L, input);
  if (lua_cpcall(L, Run::run, &one) != 0) check(false, lua_tostring(L, -1));
  lua_gc(L, LUA_GCCOLLECT, 0);
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::run({data, size});
  return 0;
}
