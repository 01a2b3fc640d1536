#include <chrono>
#include <limits>
#include <string_view>

#include "lua/arguments.hpp"
#include "lua/fields.hpp"
#include "lua/modules.hpp"
#include "lua/wait.hpp"

namespace socketcore::lua {

namespace {

// What take() answers with first: what becomes of the values behind it.
enum class Form : int { received = 1, sent = 2, bare = 3, value = 4, pair = 5 };

// rtos.receive itself is a function of Lua: a table constructor copies a template, which costs a third of setting field by
// field through the C API. `made` is how take() hears that the last message has become a table; one that has not, for want
// of memory, it gives again. The table may set off finalizers, which may receive: what they took is not given twice.
constexpr std::string_view kReceive = R"(
local take = ...
local made = 0
return function(timeout)
  while true do
    local before = made
    local form, a, b = take(before, timeout)
    local message
    if form == 1 then
      message = {id = 4, socket_index = a, result = 0, recv_len = b}
    elseif form == 2 then
      message = {id = 3, socket_index = a, result = 0, send_len = b}
    elseif form == 3 then
      message = {id = a, socket_index = b, result = 0}
    elseif form == 4 then
      return a
    else
      return a, b
    end
    if made == before then
      made = before + 1
      return message
    end
  end
end
)";
static_assert(static_cast<int>(ScriptMessage::receive_ind) == 4 && static_cast<int>(ScriptMessage::send_cnf) == 3);

constexpr std::int64_t kInfTimeout = std::numeric_limits<std::uint32_t>::max();

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

// The message of the host, the upvalue, as a table, whatever it is.
int make_table(lua_State* L) {
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

// The form of a message whose table kReceive makes; `value` of all others.
Form form_of(const Message& message) {
  if (message.error != Err::ok || !message.verify.empty()) return Form::value;
  switch (message.kind) {
    case MessageKind::receive_ind:
      return Form::received;
    case MessageKind::send_cnf:
      return Form::sent;
    case MessageKind::connect_cnf:
    case MessageKind::close_cnf:
      return Form::bare;
    default:
      return Form::value;
  }
}

// No argument and INF_TIMEOUT: no limit. A wrong value polls. A wrong type is told as the script's, one level further up.
std::optional<Duration> check_timeout(lua_State* L, int place) {
  if (lua_isnoneornil(L, place)) return std::nullopt;
  if (lua_isnumber(L, place) == 0) {
    lua_Debug receive{};
    const bool named = lua_getstack(L, 1, &receive) != 0 && lua_getinfo(L, "n", &receive) != 0 && receive.name != nullptr;
    luaL_where(L, 2);
    lua_pushfstring(L, "%sbad argument #1 to '%s' (number expected, got %s)", lua_tostring(L, -1),
                    named ? receive.name : "?", luaL_typename(L, place));
    lua_error(L);
  }
  const auto ms = check_integer(L, place, 0, kInfTimeout).value_or(0);
  return ms == kInfTimeout ? std::nullopt : std::optional<Duration>(std::chrono::milliseconds(ms));
}

int push_form(lua_State* L, Form form, int values) {
  lua_pushinteger(L, static_cast<int>(form));
  lua_insert(L, -1 - values);
  return 1 + values;
}

// The table of a message that no constructor of kReceive makes. Protected: without memory, the message stays.
int deliver_table(lua_State* L, Host& host) {
  lua_pushvalue(L, lua_upvalueindex(2));
  host.delivering = true;
  const int status = lua_pcall(L, 0, 1, 0);
  host.delivering = false;
  if (status != 0) return lua_error(L);
  host.has_message = false;
  return push_form(L, Form::value, 1);
}

// take(made, timeout): the next message, in the form that is the first result. Upvalues: the host, make_table.
int take(lua_State* L) {
  Host& host = idle_host_of(L);
  const auto timeout = check_timeout(L, 2);
  const lua_Number made = lua_tonumber(L, 1);
  const Message& message = host.message;
  if (host.has_message && made >= host.message_number) host.has_message = false;
  if (!host.has_message) {
    if (host.peripherals() != nullptr) host.peripherals()->before_receive();
    if (wait_for_message(L, host, timeout) == Waited::timeout) {
      lua_pushinteger(L, static_cast<int>(ScriptMessage::timeout));
      return push_form(L, Form::value, 1);
    }
    if (message.kind == MessageKind::timer) {
      lua_pushinteger(L, static_cast<int>(ScriptMessage::timer));
      lua_pushinteger(L, message.timer);
      return push_form(L, Form::pair, 2);
    }
    if (message.kind == MessageKind::event) {
      const int values = host.peripherals()->push_numbers(L, message);
      if (values > 0) return push_form(L, values == 1 ? Form::value : Form::pair, values);
    }
    host.has_message = true;
    host.message_number = made + 1;
  }
  const Form form = form_of(message);
  if (form == Form::value) return deliver_table(L, host);
  lua_pushinteger(L, static_cast<int>(form));
  if (form == Form::bare) lua_pushinteger(L, static_cast<int>(script_message(message.kind)));
  lua_pushinteger(L, message.socket);
  if (form != Form::bare) lua_pushinteger(L, static_cast<lua_Integer>(message.size));
  return 3;
}

}  // namespace

void push_receive(lua_State* L) {
  const int host = lua_gettop(L);
  if (luaL_loadbuffer(L, kReceive.data(), kReceive.size(), "=rtos.receive") != 0) lua_error(L);
  lua_pushvalue(L, host);
  lua_pushvalue(L, host);
  lua_pushcclosure(L, make_table, 1);
  lua_pushcclosure(L, take, 2);
  lua_call(L, 1, 1);
}

}  // namespace socketcore::lua
