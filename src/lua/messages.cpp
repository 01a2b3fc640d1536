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
  }
  return ScriptMessage::timeout;
}

void set_number(lua_State* L, const char* name, lua_Number number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

void set_text(lua_State* L, const char* name, const std::string& text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

}  // namespace

void push_message(lua_State* L, const Message& message) {
  const bool failed = message.error != Err::ok;
  lua_createtable(L, 0, 4);
  set_number(L, "id", static_cast<int>(script_message(message.kind)));
  set_number(L, "socket_index", message.socket);
  set_number(L, "result", failed ? 1 : 0);
  if (failed || message.kind == MessageKind::close_ind) set_number(L, "error", static_cast<int>(message.error));
  if (failed) set_text(L, "reason", message.reason);
  if (message.kind == MessageKind::send_cnf) set_number(L, "send_len", message.size);
  if (message.kind == MessageKind::receive_ind) set_number(L, "recv_len", message.size);
  if (!message.verify.empty()) set_text(L, "verify", message.verify);
}

}  // namespace socketcore::lua
