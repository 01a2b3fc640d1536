// Runs the scripts of tests/device/codec_*.lua with the modules that need no host.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "unit/lua_device/open_modules.hpp"

namespace socketcore::lua {
namespace {

class DeviceSpec : public ::testing::TestWithParam<std::string> {};

TEST_P(DeviceSpec, Passes) {
  const StatePtr state(luaL_newstate());
  lua_State* const L = state.get();
  ASSERT_NE(L, nullptr);
  ASSERT_EQ(lua_cpcall(L, open_modules, nullptr), 0);
  const std::string path = std::string(SC_DEVICE_SPECS "/") + GetParam() + ".lua";
  ASSERT_FALSE(luaL_loadfile(L, path.c_str()) != 0 || lua_pcall(L, 0, 0, 0) != 0) << lua_tostring(L, -1);
  lua_gc(L, LUA_GCCOLLECT, 0);
}

std::vector<std::string> specs() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SC_DEVICE_SPECS)) {
    const std::string name = entry.path().stem().string();
    if (name.starts_with("codec_")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Codec, DeviceSpec, ::testing::ValuesIn(specs()), [](const auto& spec) { return spec.param; });

}  // namespace
}  // namespace socketcore::lua
