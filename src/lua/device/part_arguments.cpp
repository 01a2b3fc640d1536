#include "lua/device/part_arguments.hpp"

#include <algorithm>

namespace socketcore::lua {

namespace {

constexpr const char* kNoBytes = "a string, a byte 0..255 or a table of these expected";

// The value on top of the stack, a number or a string, as bytes.
std::size_t size_on_top(lua_State* L, int place) {
  if (lua_type(L, -1) == LUA_TSTRING) return lua_objlen(L, -1);
  const lua_Number value = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
  if (!(value >= 0 && value <= 255)) luaL_argerror(L, place, kNoBytes);
  return 1;
}

std::byte* copy_top(lua_State* L, std::byte* into) {
  if (lua_type(L, -1) == LUA_TNUMBER) {
    *into = static_cast<std::byte>(static_cast<std::uint8_t>(lua_tonumber(L, -1)));
    return into + 1;
  }
  std::size_t size = 0;
  const char* const text = lua_tolstring(L, -1, &size);
  return std::copy_n(reinterpret_cast<const std::byte*>(text), size, into);
}

}  // namespace

std::int32_t need_integer(lua_State* L, int place, std::int32_t low, std::int32_t high, const char* cause) {
  if (!is_within(L, place, low, high)) luaL_argerror(L, place, cause);
  return static_cast<std::int32_t>(lua_tonumber(L, place));
}

std::int32_t want_integer(lua_State* L, int place, std::int32_t low, std::int32_t high, const char* cause,
                          std::int32_t otherwise) {
  return lua_isnoneornil(L, place) ? otherwise : need_integer(L, place, low, high, cause);
}

bool is_within(lua_State* L, int place, std::int32_t low, std::int32_t high) {
  const lua_Number value = luaL_checknumber(L, place);
  // Not true of NaN.
  return value >= low && value < static_cast<lua_Number>(high) + 1;
}

std::span<std::byte> push_bytes(lua_State* L, int place, std::size_t ahead) {
  luaL_checkstack(L, 3, "bytes");
  luaL_checkany(L, place);
  // No metamethod runs between the two passes, so the second finds what the first has measured.
  const bool table = lua_istable(L, place);
  const auto count = table ? static_cast<int>(std::min<std::size_t>(lua_objlen(L, place), kMostBytes + 1)) : 1;
  std::size_t size = 0;
  for (int i = 1; i <= count; ++i) {
    if (table)
      lua_rawgeti(L, place, i);
    else
      lua_pushvalue(L, place);
    size += size_on_top(L, place);
    lua_pop(L, 1);
    if (size > static_cast<std::size_t>(kMostBytes)) luaL_argerror(L, place, "more than 65536 bytes");
  }
  auto* const begin = static_cast<std::byte*>(lua_newuserdata(L, ahead + size + 1));
  std::byte* at = begin + ahead;
  for (int i = 1; i <= count; ++i) {
    if (table)
      lua_rawgeti(L, place, i);
    else
      lua_pushvalue(L, place);
    at = copy_top(L, at);
    lua_pop(L, 1);
  }
  return {begin, ahead + size};
}

std::span<std::byte> push_room(lua_State* L, int place) {
  const auto size = static_cast<std::size_t>(need_integer(L, place, 0, kMostBytes, "0..65536 expected"));
  return {static_cast<std::byte*>(lua_newuserdata(L, size + 1)), size};
}

void push_string(lua_State* L, std::span<const std::byte> bytes) {
  lua_pushlstring(L, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void set_numbers(lua_State* L, std::span<const NamedNumber> numbers) {
  for (const NamedNumber& it : numbers) {
    lua_pushinteger(L, it.number);
    lua_setfield(L, -2, it.name);
  }
}

}  // namespace socketcore::lua
