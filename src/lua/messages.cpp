#include <string_view>

#include "lua/fields.hpp"
#include "lua/modules.hpp"

namespace socketcore::lua {

namespace {

ScriptMessage script_message(MessageKind kind) {
  switch (kind) {
    case MessageKind::timer:
      return ScriptMessage::timer;
    case MessageKind::connect_cnf:
      return ScriptMessage::connect_cnf;
    case MessageKind::send_cnf:
      return ScriptMessage::send_cnf;
    case MessageKind::receive_ind:
      return ScriptMessage::receive_ind;
    case MessageKind::close_ind:
      return ScriptMessage::close_ind;
    case MessageKind::close_cnf:
      return ScriptMessage::close_cnf;
    case MessageKind::event:
      break;  // its peripherals know
  }
  return ScriptMessage::timeout;
}

enum Maker : int { kSent, kReceived, kBare, kAny };
static_assert(kAny + 1 == kMakers);

// The messages that come most often. A table constructor copies a template, which costs a third of setting field by field
// through the C API.
constexpr std::string_view kPlainMakers = R"(
local sent, received = ...
return function(socket, size) return {id = sent, socket_index = socket, result = 0, send_len = size} end,
       function(socket, size) return {id = received, socket_index = socket, result = 0, recv_len = size} end,
       function(id, socket) return {id = id, socket_index = socket, result = 0} end
)";

// Makes any message: that which its host, the upvalue, holds.
int make_message(lua_State* L) {
  const Host& host = **static_cast<Host**>(lua_touserdata(L, lua_upvalueindex(1)));
  const Message& message = host.message;
  if (message.kind == MessageKind::event) {
    host.peripherals()->push_table(L, message);
    return 1;
  }
  const bool failed = message.error != Err::ok;
  lua_createtable(L, 0, 5);
  set_number(L, "id", static_cast<int>(script_message(message.kind)));
  set_number(L, "socket_index", message.socket);
  set_number(L, "result", failed ? 1 : 0);
  if (failed || message.kind == MessageKind::close_ind) set_number(L, "error", static_cast<int>(message.error));
  if (failed) set_text(L, "reason", message.reason);
  if (message.kind == MessageKind::send_cnf) set_number(L, "send_len", message.size);
  if (message.kind == MessageKind::receive_ind) set_number(L, "recv_len", message.size);
  if (!message.verify.empty()) set_text(L, "verify", message.verify);
  return 1;
}

Maker maker_of(const Message& message) {
  if (message.error != Err::ok || !message.verify.empty()) return kAny;
  switch (message.kind) {
    case MessageKind::send_cnf:
      return kSent;
    case MessageKind::receive_ind:
      return kReceived;
    case MessageKind::connect_cnf:
    case MessageKind::close_cnf:
      return kBare;
    default:
      return kAny;
  }
}

}  // namespace

void push_makers(lua_State* L) {
  const int host = lua_gettop(L);
  if (luaL_loadbuffer(L, kPlainMakers.data(), kPlainMakers.size(), "=socketcore") != 0) lua_error(L);
  lua_pushinteger(L, static_cast<int>(ScriptMessage::send_cnf));
  lua_pushinteger(L, static_cast<int>(ScriptMessage::receive_ind));
  lua_call(L, 2, kAny);
  lua_pushvalue(L, host);
  lua_pushcclosure(L, make_message, 1);
}

int push_making(lua_State* L, int makers, const Message& message) {
  const Maker maker = maker_of(message);
  lua_pushvalue(L, lua_upvalueindex(makers + maker));
  if (maker == kAny) return 0;
  if (maker == kBare) lua_pushinteger(L, static_cast<int>(script_message(message.kind)));
  lua_pushinteger(L, message.socket);
  if (maker != kBare) lua_pushinteger(L, static_cast<lua_Integer>(message.size));
  return 2;
}

}  // namespace socketcore::lua
