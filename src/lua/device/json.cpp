#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "lua/device/modules.hpp"

// lua-cjson, whose buffers are malloc's. An error of Lua's (no memory for a string) goes past the places where it frees them,
// and where malloc fails it ends the process. So its archive is linked with the names below in malloc's place: what a call
// leaves behind is freed after it, and lack of memory is an error.
extern "C" {
int luaopen_cjson(lua_State* L);
void* sc_json_malloc(std::size_t size);
void* sc_json_realloc(void* old, std::size_t size);
void sc_json_free(void* memory);
}

namespace socketcore::lua {
namespace {

/// A block's place in the list of the call that has it; by itself if it outlives calls.
struct alignas(std::max_align_t) Block {
  Block* before = this;
  Block* behind = this;

  void join(Block& list) noexcept {
    before = &list;
    behind = list.behind;
    behind->before = list.behind = this;
  }
  void leave() noexcept {
    before->behind = behind;
    behind->before = before;
    before = behind = this;
  }
};

/// A call of encode or decode.
struct Call {
  lua_State* L;
  Block blocks{};
};

// The innermost one: a finalizer may call in the midst of another. Null while settings are changed, whose buffer stays.
thread_local Call* current = nullptr;

// lua-cjson would end the process. While settings are changed it still does: there is no call to break off.
void* or_error(void* memory) {
  if (memory == nullptr && current != nullptr) luaL_error(current->L, "not enough memory");
  return memory;
}

// encode and decode: a protected call, so that what is left can be freed. Arguments are checked here, for the names in errors.
template <void (*check)(lua_State*)>
int guarded(lua_State* L) {
  check(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  Call call{L};
  Call* const outer = current;
  current = &call;
  const int status = lua_pcall(L, 1, 1, 0);
  current = outer;
  while (call.blocks.behind != &call.blocks) {
    Block* const left = call.blocks.behind;
    left->leave();
    std::free(left);
  }
  if (status == 0) return 1;
  if (status == LUA_ERRRUN && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);  // which the protected call has hidden from lua-cjson
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

void check_value(lua_State* L) { luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument"); }

void check_text(lua_State* L) {
  check_value(L);
  luaL_checkstring(L, 1);
}

// A setting, in this frame: lua-cjson finds its settings as the first upvalue of ours, too.
int configure(lua_State* L) {
  Call* const outer = current;
  current = nullptr;
  const int results = lua_tocfunction(L, lua_upvalueindex(2))(L);
  current = outer;
  return results;
}

void guard(lua_State* L);

int make(lua_State* L) {
  Call* const outer = current;
  current = nullptr;
  lua_pushcfunction(L, luaopen_cjson);
  lua_call(L, 0, 1);
  current = outer;
  guard(L);
  return 1;
}

// Puts ours in the place of the functions of the table on top.
void guard(lua_State* L) {
  const int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    if (lua_iscfunction(L, -1) == 0) {
      lua_pop(L, 1);
      continue;
    }
    const char* const name = lua_tostring(L, -2);
    if (std::strcmp(name, "new") == 0) {
      lua_pop(L, 1);
      lua_pushcfunction(L, make);
    } else if (std::strcmp(name, "encode") == 0) {
      lua_pushcclosure(L, guarded<check_value>, 1);
    } else if (std::strcmp(name, "decode") == 0) {
      lua_pushcclosure(L, guarded<check_text>, 1);
    } else {
      lua_getupvalue(L, -1, 1);
      lua_insert(L, -2);
      lua_pushcclosure(L, configure, 2);
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, table);
  }
}

}  // namespace

// Every call of luaopen_cjson makes a table with settings of its own.
void push_json(lua_State* L) { make(L); }

}  // namespace socketcore::lua

using socketcore::lua::Block;

void* sc_json_malloc(std::size_t size) {
  void* const memory = socketcore::lua::or_error(std::malloc(sizeof(Block) + size));
  if (memory == nullptr) return nullptr;
  auto* const block = new (memory) Block;
  if (socketcore::lua::current != nullptr) block->join(socketcore::lua::current->blocks);
  return block + 1;
}

void* sc_json_realloc(void* old, std::size_t size) {
  if (old == nullptr) return sc_json_malloc(size);
  auto* const block = static_cast<Block*>(old) - 1;
  Block* const neighbour = block->before;
  const bool is_of_a_call = neighbour != block;
  block->leave();
  void* const memory = std::realloc(block, sizeof(Block) + size);
  auto* const moved = memory != nullptr ? new (memory) Block : block;
  if (is_of_a_call) moved->join(*neighbour);
  return memory != nullptr ? moved + 1 : socketcore::lua::or_error(nullptr);
}

void sc_json_free(void* memory) {
  if (memory == nullptr) return;
  auto* const block = static_cast<Block*>(memory) - 1;
  block->leave();
  std::free(block);
}
