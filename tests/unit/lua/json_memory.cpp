// Texts that do not fit into a script's memory: each failure costs nothing that is not given back.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <string>

#include "lua/device/modules.hpp"

namespace socketcore::lua {
namespace {

/// Lua's memory, of which there may be an end.
struct Budget {
  std::size_t used = 0;
  std::size_t most = ~std::size_t{0};
};

void* allocate(void* budget, void* old, std::size_t old_size, std::size_t size) {
  auto& it = *static_cast<Budget*>(budget);
  if (size > old_size && it.used + (size - old_size) > it.most) return nullptr;
  void* const moved = size > 0 ? std::realloc(old, size) : (std::free(old), nullptr);
  if (size == 0 || moved != nullptr) it.used += size - old_size;
  return moved;
}

class JsonMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    L = lua_newstate(allocate, &budget);
    if (L == nullptr) GTEST_SKIP() << "this LuaJIT takes no allocator";
    luaL_openlibs(L);
    push_json(L);
    lua_setglobal(L, "json");
  }
  void TearDown() override {
    if (L != nullptr) lua_close(L);
  }
  void run(const char* text) { ASSERT_EQ(luaL_dostring(L, text), 0) << lua_tostring(L, -1); }

  Budget budget;
  lua_State* L = nullptr;
};

TEST_F(JsonMemory, OfACallThatFailsForLackOfItIsGivenBack) {
  run(R"(
    text = '["' .. ("x"):rep(100000) .. '"]'
    list = {("y"):rep(100000)}  -- another text: Lua keeps one string of the same bytes
    json.encode_keep_buffer(false)
    function try() assert(not pcall(json.decode, text) and not pcall(json.encode, list)) end
    collectgarbage()
  )");
  budget.most = budget.used + 50'000;
  run("try()");
  const std::size_t before = mallinfo2().uordblks;
  run("for _ = 1, 100 do try() end");
  EXPECT_LT(mallinfo2().uordblks, before + 1'000'000);
  budget.most = ~std::size_t{0};
  run("assert(#json.decode(text)[1] == 100000 and #json.encode(list) == 100004)");
}

TEST_F(JsonMemory, OfSettingsThatAreChangedInTheMidstOfACallStays) {
  run(R"(
    local own = json.new()
    collectgarbage("setpause", 0)
    local keep, ran = true, 0
    local function stir()
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = function()
        ran, keep = ran + 1, not keep
        own.encode_keep_buffer(keep)
        assert(json.new().encode({1, 2}) == "[1,2]")
        assert(own.encode({1, 2}) == "[1,2]" and not pcall(own.encode_max_depth, "none"))
      end
    end
    local list = {}
    for i = 1, 300 do list[i] = {("item "):rep(i)} end
    local text = json.encode(list)
    for _ = 1, 30 do
      for _ = 1, 20 do stir() end
      assert(#json.decode(text) == 300)
      assert(json.encode(list) == text)
    end
    assert(ran > 100)
  )");
}

TEST_F(JsonMemory, ErrorsNameTheirPlaceAndTheFunction) {
  run(R"(
    local function words(f, ...) return select(2, pcall(function(...) f(...) return nil end, ...)) end
    assert(words(json.decode, "{"):find("^%[string .-%]:%d+: Expected object key string but found T_END at character 2"))
    assert(words(json.encode, print):find("^%[string .-%]:%d+: Cannot serialise function: type not supported"))
    assert(words(json.decode):find("bad argument #1 to 'f'? ?%(?expected 1 argument"), words(json.decode))
  )");
}

}  // namespace
}  // namespace socketcore::lua
