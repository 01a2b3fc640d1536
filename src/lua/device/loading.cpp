#include "lua/device/loading.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "lua/device/dialect.hpp"
#include "lua/device/scratch.hpp"

namespace socketcore::lua {

namespace {

constexpr const char* kDevicePath = "/lua/?.lua;/lua/?.luac;/lua/?.luae";

const FileSystem& files_of(lua_State* L) {
  return *static_cast<const FileSystem*>(lua_touserdata(L, lua_upvalueindex(1)));
}

// Compiles what was read of `path`, and gives its memory back. Pushes the function or the error.
int compile_file(lua_State* L, std::string& content, std::string_view path) {
  lua_pushliteral(L, "@");
  lua_pushlstring(L, path.data(), path.size());
  lua_concat(L, 2);
  std::string_view source = content;
  if (!source.empty() && source[0] == '#') source.remove_prefix(std::min(source.find('\n'), source.size()));
  const int status = compile(L, source, lua_tostring(L, -1));
  lua_remove(L, -2);
  release(content);
  return status;
}

std::string_view check_path(lua_State* L) {
  std::size_t size = 0;
  const char* const path = luaL_checklstring(L, 1, &size);
  return {path, size};
}

int load_file(lua_State* L) {
  const std::string_view path = check_path(L);
  if (load_script(L, files_of(L), path) == 0) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

int do_file(lua_State* L) {
  const std::string_view path = check_path(L);
  lua_settop(L, 1);
  if (load_script(L, files_of(L), path) != 0) return lua_error(L);
  lua_call(L, 0, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

// The searcher of require. Its second upvalue is the table `package`.
int search(lua_State* L) {
  const char* const name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  const char* const file_name = luaL_gsub(L, name, ".", "/");
  lua_getfield(L, lua_upvalueindex(2), "path");
  const char* templates = lua_tostring(L, -1);
  if (templates == nullptr) return luaL_error(L, "'package.path' must be a string");
  std::string& content = push_scratch(L);
  lua_pushliteral(L, "");  // what was tried
  while (*templates != '\0') {
    const std::size_t size = std::strcspn(templates, ";");
    lua_pushlstring(L, templates, size);
    templates += size + (templates[size] == ';' ? 1 : 0);
    if (size == 0) {
      lua_pop(L, 1);
      continue;
    }
    const char* const path = luaL_gsub(L, lua_tostring(L, -1), "?", file_name);
    lua_remove(L, -2);
    const Refusal refusal = files_of(L).read_file(path, content);
    if (refusal.ok()) {
      if (compile_file(L, content, path) == 0) return 1;
      return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path, lua_tostring(L, -1));
    }
    if (refusal.error == ENOENT) {
      lua_pushfstring(L, "\n\tno file '%s'", path);
    } else {
      lua_pushfstring(L, "\n\tno file '%s' (%s)", path, refusal.reason);
    }
    lua_remove(L, -2);
    lua_concat(L, 2);
  }
  return 1;
}

int no_native_modules(lua_State* L) {
  return luaL_error(L, "package.loadlib: the device takes no native modules");
}

}  // namespace

int load_script(lua_State* L, const FileSystem& files, std::string_view path) {
  std::string& content = push_scratch(L);
  const Refusal refusal = files.read_file(path, content);
  int status = LUA_ERRFILE;
  if (refusal.ok()) {
    status = compile_file(L, content, path);
  } else {
    lua_pushlstring(L, path.data(), path.size());
    lua_pushfstring(L, "cannot open %s: %s", lua_tostring(L, -1), refusal.reason);
    lua_remove(L, -2);
  }
  lua_remove(L, -2);
  return status;
}

void open_loading(lua_State* L, FileSystem& files) {
  lua_pushlightuserdata(L, &files);
  lua_pushcclosure(L, load_file, 1);
  lua_setglobal(L, "loadfile");
  lua_pushlightuserdata(L, &files);
  lua_pushcclosure(L, do_file, 1);
  lua_setglobal(L, "dofile");

  lua_getglobal(L, "package");
  lua_pushstring(L, kDevicePath);
  lua_setfield(L, -2, "path");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "cpath");
  lua_pushcfunction(L, no_native_modules);
  lua_setfield(L, -2, "loadlib");
  lua_pushnil(L);
  lua_setfield(L, -2, "searchpath");  // LuaJIT's own

  // The first of the stock searchers is that of package.preload.
  lua_getfield(L, -1, "loaders");
  lua_pushlightuserdata(L, &files);
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, search, 2);
  lua_rawseti(L, -2, 2);
  for (int i = static_cast<int>(lua_objlen(L, -1)); i > 2; --i) {
    lua_pushnil(L);
    lua_rawseti(L, -2, i);
  }
  lua_pop(L, 2);
}

}  // namespace socketcore::lua
