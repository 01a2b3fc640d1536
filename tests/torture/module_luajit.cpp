// Scripts on the module (scenarios.lua) under LuaJIT, which takes no allocator of ours: the kernel gives it no more memory
// instead. C++ and the simulated kernel fail as they do under PUC Lua.
#include <dlfcn.h>
#include <sys/mman.h>

#include <array>
#include <cstdarg>

#include "lua/modules.hpp"
#include "sim/seeded_tls.hpp"
#include "torture/c_memory.hpp"
#include "torture/runner.hpp"
#include "torture/village.hpp"

namespace socketcore::test {
namespace {

/// Starves LuaJIT, in one of two ways.
class Hunger final : public OwnFaults {
 public:
  // Memory is filled with blocks of each of these sizes in turn, down to one of them: what is left is in smaller pieces.
  static constexpr std::array<std::size_t, 6> kBlocks{65536, 4096, 1024, 256, 64, 16};
  static constexpr std::size_t kFirstLast = 2;
  static constexpr std::size_t kFillings = kBlocks.size() - kFirstLast;

  void begin(bool, std::optional<std::size_t> which) override {
    which_ = which;
    calls_ = requests_ = 0;
    held_bytes = 0;
    struck_ = refuses = false;
  }
  std::string end() override {
    refuses = false;
    return held_bytes == 0 ? "" : std::to_string(held_bytes) + " bytes of LuaJIT's pages leaked";
  }
  std::size_t ways() override {
    fillings_ = calls_ * kFillings;
    return fillings_ + requests_;
  }
  [[nodiscard]] std::size_t operations() const override { return calls_; }
  [[nodiscard]] bool struck() const override { return struck_; }
  [[nodiscard]] std::string text(std::size_t which) const override {
    if (which >= fillings_) return "LuaJIT's request " + std::to_string(which - fillings_) + " for pages, and all after it";
    return "call " + std::to_string(which / kFillings) + " of the module, with LuaJIT's memory full but for blocks below " +
           std::to_string(kBlocks[kFirstLast + which % kFillings]) + " bytes";
  }

  /// A call of the module begins. How many of kBlocks are to fill the memory first: 0, none.
  std::size_t fillings_before_call() {
    const std::size_t call = calls_++;
    if (!which_ || *which_ >= fillings_ || *which_ / kFillings != call) return 0;
    struck_ = true;
    return kFirstLast + *which_ % kFillings + 1;
  }
  /// LuaJIT asks for pages.
  bool grants() {
    if (refuses) return false;
    const std::size_t request = requests_++;
    if (!which_ || *which_ < fillings_ || request < *which_ - fillings_) return true;
    struck_ = true;
    return false;
  }
  /// The whole script is short of memory, and may end for want of it.
  [[nodiscard]] bool may_end() const { return which_ && *which_ >= fillings_; }

  bool refuses = false;
  std::size_t held_bytes = 0;

 private:
  std::optional<std::size_t> which_;
  std::size_t fillings_ = 0;
  std::size_t calls_ = 0;
  std::size_t requests_ = 0;
  bool struck_ = false;
};
Hunger hunger;
// Whether what asks for pages is LuaJIT: nobody else does while a script runs.
bool script_runs = false;

template <typename Function>
Function* libc(Function*& found, const char* name) noexcept {
  if (found == nullptr) found = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  return found;
}
void* (*real_mmap)(void*, std::size_t, int, int, int, off_t) = nullptr;
int (*real_munmap)(void*, std::size_t) = nullptr;
void* (*real_mremap)(void*, std::size_t, std::size_t, int, ...) = nullptr;

std::size_t pages(std::size_t size) { return (size + 4095) / 4096 * 4096; }

}  // namespace
}  // namespace socketcore::test

using namespace socketcore::test;  // NOLINT(google-build-using-namespace): these are outside of any

// The linker takes them for LuaJIT, as they can be seen from outside.
#pragma GCC visibility push(default)
extern "C" void* before_mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) __asm__("mmap64");
extern "C" void* before_mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) {
  if (script_runs && !hunger.grants()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  void* const made = libc(real_mmap, "mmap64")(at, size, protection, flags, fd, offset);
  if (script_runs && made != MAP_FAILED) hunger.held_bytes += pages(size);
  return made;
}

extern "C" int before_munmap(void* at, std::size_t size) __asm__("munmap");
extern "C" int before_munmap(void* at, std::size_t size) {
  const int result = libc(real_munmap, "munmap")(at, size);
  if (script_runs && result == 0) hunger.held_bytes -= pages(size);
  return result;
}

extern "C" void* before_mremap(void* at, std::size_t old_size, std::size_t size, int flags, ...) __asm__("mremap");
extern "C" void* before_mremap(void* at, std::size_t old_size, std::size_t size, int flags, ...) {
  if (script_runs && size > old_size && !hunger.grants()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  void* const made = libc(real_mremap, "mremap")(at, old_size, size, flags);
  if (script_runs && made != MAP_FAILED) hunger.held_bytes += pages(size) - pages(old_size);
  return made;
}

#pragma GCC visibility pop

namespace socketcore::test {
namespace {

constexpr int kMostBlocks = 200'000;
constexpr const char* kBlocksName = "torture.blocks";

// Blocks of the size, until there is no memory for another.
int fill(lua_State* L) {
  const auto size = static_cast<std::size_t>(lua_tointeger(L, 2));
  for (int count = static_cast<int>(lua_tointeger(L, 3)); count < kMostBlocks; ++count) {
    lua_newuserdata(L, size);
    lua_rawseti(L, 1, count + 1);
  }
  return 0;
}

// How many places of the list are taken.
int blocks_in(lua_State* L, int list) {
  int low = 0;
  int high = kMostBlocks;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    lua_rawgeti(L, list, middle);
    (lua_isnil(L, -1) ? high = middle - 1 : low = middle);
    lua_pop(L, 1);
  }
  return low;
}

/// Takes all memory down to blocks of that kind, until eat_no_more().
void eat(lua_State* L, std::size_t kinds) {
  lua_createtable(L, kMostBlocks, 0);
  const int list = lua_gettop(L);
  lua_pushvalue(L, list);
  lua_setfield(L, LUA_REGISTRYINDEX, kBlocksName);
  lua_pushcfunction(L, fill);
  lua_gc(L, LUA_GCSTOP, 0);
  hunger.refuses = true;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    lua_pushvalue(L, list + 1);
    lua_pushvalue(L, list);
    lua_pushinteger(L, static_cast<lua_Integer>(Hunger::kBlocks[kind]));
    lua_pushinteger(L, blocks_in(L, list));
    if (lua_pcall(L, 3, 0, 0) != 0) lua_pop(L, 1);
  }
  lua_settop(L, list - 1);
}

void eat_no_more(lua_State* L) {
  hunger.refuses = false;
  lua_gc(L, LUA_GCRESTART, 0);
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, kBlocksName);
}

// The module's function in the first upvalue, short of memory.
int short_of_memory(lua_State* L) {
  luaL_checkstack(L, 20, "not enough memory");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  const std::size_t kinds = hunger.fillings_before_call();
  if (kinds > 0) eat(L, kinds);
  int status = 0;
  {
    const Scarcity scarcity;  // lua_pcall lets no error by
    status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  }
  if (kinds > 0) eat_no_more(L);
  return status != 0 ? lua_error(L) : lua_gettop(L);
}

// There is memory for the script again already.
int relent(lua_State*) { return 0; }

// The functions of the table on top.
void starve(lua_State* L) {
  lua_newtable(L);
  lua_insert(L, -2);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    if (lua_isfunction(L, -1)) lua_pushcclosure(L, short_of_memory, 1);
    lua_settable(L, -5);
  }
  lua_pop(L, 1);
}

void run(const char* name) {
  const PromisesChecked promises;
  seed_tls(1);
  script_runs = true;
  if (lua_State* const L = luaL_newstate()) {
    const int status = lua_cpcall(L, run_script<starve, relent>, const_cast<char*>(name));
    const char* const words = status != 0 && lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "";
    const bool memory_ended =
        hunger.may_end() && std::string_view(words).find("not enough memory") != std::string_view::npos;
    if (status != 0 && !memory_ended) ADD_FAILURE() << words;
    lua_close(L);
  } else {
    EXPECT_TRUE(hunger.may_end());
  }
  script_runs = false;
}

}  // namespace
}  // namespace socketcore::test

int main(int count, char** arguments) {
  testing::InitGoogleTest();
  const auto options = parse_torture_options(count, arguments);
  if (!options) return 2;
  starve_c_libraries();
  seed_tls(0);
  (void)tls_server();
  own_faults = &hunger;
  std::vector<TortureScenario> scenarios;
  for (const char* name : kScripts) {
    scenarios.push_back(scenario_of(std::string("luajit.") + name, [name] { run(name); }));
  }
  return torture(scenarios, *options);
}
