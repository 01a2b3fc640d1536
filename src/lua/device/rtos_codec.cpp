#include <array>
#include <cstdint>

#include "codec/base64.hpp"
#include "codec/distance.hpp"
#include "codec/integers.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/text_arguments.hpp"
#include "lua/fields.hpp"

namespace socketcore::lua {

namespace {

// A number is taken as such: as text, a large one would have an exponent.
int toint64(lua_State* L) {
  std::uint64_t value = 0;
  if (lua_type(L, 1) == LUA_TNUMBER) {
    const lua_Number number = lua_tonumber(L, 1);
    constexpr lua_Number kLimit = 9223372036854775808.0;
    luaL_argcheck(L, number >= -kLimit && number < kLimit, 1, "not in the range of 64 bits");
    value = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
  } else {
    value = codec::decimal_uint64(check_text(L, 1));
  }
  const char* const orders[] = {"little", "big", nullptr};
  const bool big = luaL_checkoption(L, 2, "little", orders) == 1;
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value >> (8 * (big ? 7 - i : i)));
  push_bytes(L, {bytes.data(), bytes.size()});
  return 1;
}

// 1: the places are farther apart than the radius, in metres; -1: nearer; 0: just as far.
int compare_distance(lua_State* L) {
  const codec::Place one{luaL_checknumber(L, 1), luaL_checknumber(L, 2)};
  const codec::Place other{luaL_checknumber(L, 3), luaL_checknumber(L, 4)};
  const lua_Number radius = luaL_checknumber(L, 5);
  const double distance = codec::distance_m(one, other);
  lua_pushinteger(L, distance > radius ? 1 : distance < radius ? -1 : 0);
  return 1;
}

int base64_encode(lua_State* L) {
  const std::string_view data = check_text(L, 1);
  const std::size_t size = codec::base64_encoded_size(data.size());
  char* const out = push_memory(L, size);
  codec::base64_encode(data, {out, size});
  push_bytes(L, {out, size});
  return 1;
}

// A text that is no Base64 is an empty one.
int base64_decode(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  const std::size_t room = codec::base64_decoded_limit(text.size());
  char* const out = push_memory(L, room);
  const std::size_t size = codec::base64_decode(text, {out, room}).value_or(0);
  lua_createtable(L, 0, 2);
  set_number(L, "len", static_cast<lua_Number>(size));
  set_text(L, "str", {out, size});
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"toint64", toint64},
    {"compare_distance", compare_distance},
    {"base64_encode", base64_encode},
    {"base64_decode", base64_decode},
    {nullptr, nullptr},
};

}  // namespace

void add_rtos_codec(lua_State* L) {
  luaL_register(L, nullptr, kCalls);
}

}  // namespace socketcore::lua
