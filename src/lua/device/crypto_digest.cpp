#include <new>
#include <type_traits>

#include "lua/device/crypto_objects.hpp"
#include "lua/device/text_arguments.hpp"

namespace socketcore::lua {

namespace {

using codec::Digest;
using codec::Hash;

constexpr const char* kMd5 = "socketcore.md5";
constexpr const char* kSm3 = "socketcore.sm3";

Digest& push_new(lua_State* L, const char* type, Hash hash) {
  static_assert(std::is_nothrow_default_constructible_v<Digest>);
  auto& made = *new (lua_newuserdata(L, sizeof(Digest))) Digest;
  luaL_getmetatable(L, type);
  lua_setmetatable(L, -2);
  if (!made.start(hash)) luaL_error(L, "not enough memory");
  return made;
}

Digest& check_digest(lua_State* L, const char* type) {
  return *static_cast<Digest*>(luaL_checkudata(L, 1, type));
}

Digest& check_started(lua_State* L, const char* type) {
  Digest& found = check_digest(L, type);
  luaL_argcheck(L, found.started(), 1, "digest has ended");
  return found;
}

int flow_md5(lua_State* L) {
  push_new(L, kMd5, Hash::md5);
  return 1;
}

int sm3start(lua_State* L) {
  push_new(L, kSm3, Hash::sm3);
  return 1;
}

int update(lua_State* L, const char* type) {
  Digest& found = check_started(L, type);
  if (!found.update(check_text(L, 2))) luaL_error(L, "not enough memory");
  return 0;
}

int value(lua_State* L, const char* type) {
  const Digest& found = check_started(L, type);
  codec::HexDigest result;
  return push_digest(L, found.value(result), result);
}

// A script can reach and call it, so it leaves an object that can be ended again.
int end(lua_State* L, const char* type) {
  check_digest(L, type).end();
  return 0;
}

constexpr luaL_Reg kMd5Methods[] = {
    {"update", [](lua_State* L) { return update(L, kMd5); }},
    {"hexdigest", [](lua_State* L) { return value(L, kMd5); }},
    {"__gc", [](lua_State* L) { return end(L, kMd5); }},
    {nullptr, nullptr},
};
constexpr luaL_Reg kSm3Methods[] = {
    {"sm3update", [](lua_State* L) { return update(L, kSm3); }},
    {"sm3finish", [](lua_State* L) { return value(L, kSm3); }},
    {"__gc", [](lua_State* L) { return end(L, kSm3); }},
    {nullptr, nullptr},
};
constexpr luaL_Reg kCalls[] = {{"flow_md5", flow_md5}, {"sm3start", sm3start}, {nullptr, nullptr}};

void make_type(lua_State* L, const char* type, const luaL_Reg* methods) {
  luaL_newmetatable(L, type);
  luaL_register(L, nullptr, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

}  // namespace

int push_digest(lua_State* L, bool made, const codec::HexDigest& digest) {
  if (!made) luaL_error(L, "not enough memory");
  push_bytes(L, digest.view());
  return 1;
}

int md5_of_file(lua_State* L) {
  constexpr lua_Integer kPieceBytes = 16384;
  luaL_checkstring(L, 1);
  Digest& md5 = push_new(L, kMd5, Hash::md5);

  // Whatever raises below, the file and the digest are the collector's.
  lua_getglobal(L, "io");
  if (!lua_istable(L, -1)) luaL_error(L, "there is no io to open the file");
  lua_getfield(L, -1, "open");
  lua_pushvalue(L, 1);
  lua_pushliteral(L, "rb");
  lua_call(L, 2, 2);
  if (!lua_toboolean(L, -2)) return 2;
  lua_pop(L, 1);
  const int file = lua_gettop(L);

  for (;;) {
    lua_getfield(L, file, "read");
    lua_pushvalue(L, file);
    lua_pushinteger(L, kPieceBytes);
    lua_call(L, 2, 1);
    if (lua_type(L, -1) != LUA_TSTRING) break;
    if (!md5.update(check_text(L, -1))) luaL_error(L, "not enough memory");
    lua_pop(L, 1);
  }
  lua_getfield(L, file, "close");
  lua_pushvalue(L, file);
  lua_call(L, 1, 0);

  codec::HexDigest result;
  return push_digest(L, md5.value(result), result);
}

void add_digest_objects(lua_State* L) {
  make_type(L, kMd5, kMd5Methods);
  make_type(L, kSm3, kSm3Methods);
  luaL_register(L, nullptr, kCalls);
}

}  // namespace socketcore::lua
