// The script library in a Lua state of its own, over sockets, files and a modem of plain Lua: library/core.lua says what
// the input means. SC_FUZZ_SCRIPT is the script that uses it.
#include <cstring>
#include <map>
#include <string>

#include "fuzz/input.hpp"
#include "unit/lua_device/open_modules.hpp"

// libFuzzer takes these for coverage: lines of Lua that follow each other.
extern "C" {
__attribute__((section("__libfuzzer_extra_counters"), used)) std::uint8_t sc_lua_coverage[1 << 14];
}

namespace socketcore::fuzz {
namespace {

// Some ten times what the longest honest run needs.
constexpr long kMostLines = 10'000'000;
long lines_left = 0;
std::uint64_t line_before = 0;

void see_line(lua_State* L, lua_Debug* where) {
  lua_getinfo(L, "S", where);
  std::uint64_t here = 0;  // "mqtt.lua"
  const std::size_t size = std::strlen(where->source);
  if (size >= sizeof here) std::memcpy(&here, where->source + size - sizeof here, sizeof here);
  here = (here + static_cast<std::uint64_t>(where->currentline)) * 0x9e3779b97f4a7c15;
  ++sc_lua_coverage[(line_before / 2 + here) >> 50];
  line_before = here;
  check(--lines_left > 0, "the script does not end");
}

int keep(lua_State*, const void* piece, std::size_t size, void* text) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(piece), size);
  return 0;
}

// Pushes the function that a file is. Each is compiled once for all runs.
void load(lua_State* L, const std::string& path) {
  static std::map<std::string, std::string> compiled;
  std::string& bytes = compiled[path];
  if (bytes.empty()) {
    if (luaL_loadfile(L, path.c_str()) != 0) check(false, lua_tostring(L, -1));
    lua_dump(L, keep, &bytes);
    return;
  }
  if (luaL_loadbuffer(L, bytes.data(), bytes.size(), path.c_str()) != 0) check(false, lua_tostring(L, -1));
}

// The searcher of require().
int search(lua_State* L) {
  const std::string name = luaL_checkstring(L, 1);
  for (const char* const folder : {SC_FUZZ_TREE "/lualib/", SC_FUZZ_TREE "/tests/device/lib/"}) {
    const std::string path = folder + name + ".lua";
    std::FILE* const file = std::fopen(path.c_str(), "r");
    if (file == nullptr) continue;
    std::fclose(file);
    load(L, path);
    return 1;
  }
  return 0;
}

constexpr const char* kStart = R"(
  local search, load_core, load_script, input = ...
  if jit then jit.off() end
  package.loaders = {package.loaders[1], search}
  local core = load_core(input)
  core.input = input
  load_script(core)
  core.run()
)";

int start(lua_State* L) {
  const Input& input = *static_cast<Input*>(lua_touserdata(L, 1));
  Input bytes = input;
  const std::string_view text = bytes.rest();
  if (luaL_loadstring(L, kStart) != 0) return lua_error(L);
  lua_pushcfunction(L, search);
  load(L, SC_FUZZ_TREE "/tests/fuzz/library/core.lua");
  load(L, SC_FUZZ_TREE "/tests/fuzz/library/" SC_FUZZ_SCRIPT ".lua");
  lua_pushlstring(L, text.data(), text.size());
  lua_call(L, 4, 0);
  return 0;
}

void run(Input input) {
  const lua::StatePtr state(luaL_newstate());
  lua_State* const L = state.get();
  check(lua_cpcall(L, lua::open_modules, nullptr) == 0, "no Lua state");
  for (const char* const name : {"crypto", "json", "iconv", "pack", "bit"}) {
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getglobal(L, name);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
  }
  lines_left = kMostLines;
  line_before = 0;
  lua_sethook(L, see_line, LUA_MASKLINE, 0);
  if (lua_cpcall(L, start, &input) != 0) check(false, lua_tostring(L, -1));
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::run({data, size});
  return 0;
}
