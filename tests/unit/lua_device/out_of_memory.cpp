// Lua's memory gives out at each allocation in turn: the call raises, and nothing leaks that LeakSanitizer would see.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "unit/lua_device/open_modules.hpp"

namespace socketcore::lua {
namespace {

struct Memory {
  int until_refusal = 0;  // 0: it refuses nothing
  bool refused = false;

  static void* allocate(void* self, void* block, std::size_t, std::size_t size) {
    auto& memory = *static_cast<Memory*>(self);
    if (size == 0) {
      std::free(block);
      return nullptr;
    }
    if (memory.until_refusal > 0 && --memory.until_refusal == 0) {
      memory.refused = true;
      return nullptr;
    }
    return std::realloc(block, size);
  }
};

constexpr const char* kScript = R"(
  local md5 = crypto.flow_md5()
  md5:update('abc')
  md5:hexdigest()
  crypto.sm3start():sm3update('x')
  local key = ('k'):rep(16)
  crypto.aes_decrypt('CBC', 'PKCS7', crypto.aes_encrypt('CBC', 'PKCS7', 'text', key, key), key, key)
  crypto.base64_decode(crypto.base64_encode(('x'):rep(100)))
  crypto.xxtea_decrypt(crypto.xxtea_encrypt('text', 'key'), 'key')
  crypto.md5('/dev/null', 'file')
  pcall(crypto.rsa_encrypt, 'PUBLIC_KEY', 'no key', 1024, 'PUBLIC_CRYPT', 'x')
  iconv.open('ucs2', 'utf8'):iconv(('x'):rep(100))
  pack.unpack(pack.pack('<bHzAaf', 1, 2, 'z', ('A'):rep(3000), 'a', 1), '<bHzA3000af')
  bit.tohex(bit.bor(1, 2))
  rtos.toint64('1')
  rtos.base64_decode('Zm9v')
)";

TEST(DeviceModules, RaiseWhereLuaHasNoMemory) {
  Memory memory;
  const StatePtr state(lua_newstate(Memory::allocate, &memory));
  if (!state) GTEST_SKIP() << "this Lua takes no allocator";
  lua_State* const L = state.get();
  ASSERT_EQ(lua_cpcall(L, open_modules, nullptr), 0);
  int refusals = 0;
  for (int nth = 1;; ++nth) {
    ASSERT_EQ(luaL_loadstring(L, kScript), 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    memory.refused = false;
    memory.until_refusal = nth;
    const int status = lua_pcall(L, 0, 0, 0);
    memory.until_refusal = 0;
    if (!memory.refused) {
      ASSERT_EQ(status, 0) << lua_tostring(L, -1);
      break;
    }
    ++refusals;
    lua_settop(L, 0);
  }
  EXPECT_GT(refusals, 20);
}

}  // namespace
}  // namespace socketcore::lua
