#include <new>
#include <type_traits>

#include "codec/text.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/text_arguments.hpp"

namespace socketcore::lua {

namespace {

using codec::TextConverter;

constexpr const char* kType = "socketcore.iconv";

// What iconv() returns behind a text that ends too soon, and open() behind nil.
enum Error : int { kInvalid = 2, kIncomplete = 3, kUnknown = 4 };

TextConverter& check_converter(lua_State* L) {
  return *static_cast<TextConverter*>(luaL_checkudata(L, 1, kType));
}

int open(lua_State* L) {
  const std::string_view to = check_text(L, 1);
  const std::string_view from = check_text(L, 2);
  static_assert(std::is_nothrow_default_constructible_v<TextConverter>);
  auto& converter = *new (lua_newuserdata(L, sizeof(TextConverter))) TextConverter;
  luaL_getmetatable(L, kType);
  lua_setmetatable(L, -2);
  if (converter.open(to, from)) return 1;
  lua_pushnil(L);
  lua_pushinteger(L, kUnknown);
  return 2;
}

int convert(lua_State* L) {
  TextConverter& converter = check_converter(L);
  const std::string_view text = check_text(L, 2);
  luaL_argcheck(L, converter.is_open(), 1, "converter is closed");
  const std::size_t room = TextConverter::room(text.size());
  char* const out = push_memory(L, room);
  const TextConverter::Result result = converter.convert(text, {out, room});
  lua_pushlstring(L, out, result.size);
  if (result.end == TextConverter::End::done) return 1;
  lua_pushinteger(L, result.end == TextConverter::End::invalid ? kInvalid : kIncomplete);
  return 2;
}

// A script can reach and call it, so it leaves an object that can be closed again.
int collect(lua_State* L) {
  check_converter(L).close();
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"iconv", convert}, {"__gc", collect}, {nullptr, nullptr}};
constexpr luaL_Reg kCalls[] = {{"open", open}, {nullptr, nullptr}};

}  // namespace

void push_iconv(lua_State* L) {
  luaL_newmetatable(L, kType);
  luaL_register(L, nullptr, kMethods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);

  lua_newtable(L);
  luaL_register(L, nullptr, kCalls);
  lua_pushinteger(L, kInvalid);
  lua_setfield(L, -2, "ERROR_INVALID");
  lua_pushinteger(L, kIncomplete);
  lua_setfield(L, -2, "ERROR_INCOMPLETE");
  lua_pushinteger(L, kUnknown);
  lua_setfield(L, -2, "ERROR_UNKNOWN");
}

}  // namespace socketcore::lua
