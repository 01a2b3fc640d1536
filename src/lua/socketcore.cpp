#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "lua/arguments.hpp"
#include "lua/modules.hpp"

namespace socketcore::lua {

namespace {

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();

// The device's numbers of options.
constexpr std::int64_t kSolSocket = 0xfff;
constexpr std::int64_t kIpprotoTcp = 6;
struct OptionName {
  const char* name;
  std::int64_t level;
  std::int64_t number;
  SocketOption option;
};
constexpr OptionName kOptions[] = {
    {"SO_REUSEADDR", kSolSocket, 4, SocketOption::reuse_address},
    {"SO_KEEPALIVE", kSolSocket, 8, SocketOption::keep_alive},
    {"TCP_KEEPIDLE", kIpprotoTcp, 3, SocketOption::keep_idle_s},
    {"TCP_KEEPINTVL", kIpprotoTcp, 4, SocketOption::keep_interval_s},
    {"TCP_KEEPCNT", kIpprotoTcp, 5, SocketOption::keep_count},
};

struct ErrorName {
  const char* name;
  Err err;
};
// Two of the names are spelt as the device spells them.
constexpr ErrorName kErrors[] = {
    {"ERR_UNKOWN", Err::unknown},
    {"ERR_OK", Err::ok},
    {"ERR_ENOMEM", Err::enomem},
    {"ERR_ENOBUFS", Err::enobufs},
    {"ERR_ETIMEOUT", Err::etimeout},
    {"ERR_ERTE", Err::erte},
    {"ERR_EINPROGRESS", Err::einprogress},
    {"ERR_EINVAL", Err::einval},
    {"ERR_EWOULDBLOCK", Err::ewouldblock},
    {"ERR_EADDRINUSE", Err::eaddrinuse},
    {"ERR_EALREADY", Err::ealready},
    {"ERR_EISCONN", Err::eisconn},
    {"ERR_ENOTCONN", Err::enotconn},
    {"ERR_EIF", Err::eif},
    {"ERR_EABORT", Err::eabort},
    {"ERR_ERST", Err::erst},
    {"ERR_ECLSD", Err::eclsd},
    {"ERR_EARG", Err::earg},
    {"ERR_EIO", Err::eio},
    {"ERR_SSL_EHANDESHAK", Err::ssl_ehandshake},
    {"ERR_SSL_EINIT", Err::ssl_einit},
    {"ERR_SSL_EINVALID", Err::ssl_einvalid},
};

int return_flag(lua_State* L, bool flag) {
  lua_pushinteger(L, flag ? 1 : 0);
  return 1;
}

int return_error(lua_State* L, Err err) {
  lua_pushinteger(L, static_cast<int>(err));
  return 2;
}

int sock_conn(lua_State* L) {
  Host& host = host_of(L);
  const ConnectArguments arguments = check_connect(L);
  Opened opened{-1, arguments.error};
  if (arguments.error == Err::ok) {
    if (arguments.ignored_receive_buffer) host.warn("sock_conn: recvBufferLen is ignored on an SSL socket");
    opened = host.device().connect(arguments.request);
    if (arguments.request.type == SocketType::ssl) host.used_tls();
  }
  if (opened.error != Err::ok) {
    lua_pushnil(L);
    return return_error(L, opened.error);
  }
  lua_pushinteger(L, opened.id);
  return 1;
}

int sock_send(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  std::size_t size = 0;
  const char* const data = luaL_checklstring(L, 2, &size);
  const Err error = id ? host.device().send(*id, std::as_bytes(std::span(data, size))) : Err::earg;
  return_flag(L, error == Err::ok);
  return return_error(L, error);
}

int sock_getremainbuf(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  lua_pushnumber(L, id ? static_cast<lua_Number>(host.device().send_space(*id)) : 0);
  return 1;
}

// Few bytes go by way of the C stack: no finalizer that the string sets off reaches them there. False: they are too many.
bool push_few(lua_State* L, Host& host, SocketId id, std::size_t limit) {
  std::array<char, 2048> few;  // not cleared
  for (;;) {
    const auto bytes = host.device().peek(id, limit);
    if (bytes.size() > few.size()) return false;
    if (!bytes.empty()) std::memcpy(few.data(), bytes.data(), bytes.size());
    const std::uint32_t calls = host.calls;
    lua_pushlstring(L, few.data(), bytes.size());
    if (host.calls == calls) break;
    lua_pop(L, 1);  // a finalizer may have read them
  }
  host.device().consume(id);
  return true;
}

// Called by sock_recv with a checked id and length, protected: for want of memory, bytes stay where they are. Before it
// copies, lua_pushlstring may run finalizers. What they call can make the bytes leave the shared buffer (whose memory
// stays): then the string is made again. It is left in the second upvalue: as lua_pcall ends, Lua's collector may want memory
// of its own, and that failure must not cost the bytes.
int push_many(lua_State* L) {
  Host& host = host_of(L);
  const auto id = static_cast<SocketId>(lua_tointeger(L, 1));
  const auto limit = static_cast<std::size_t>(lua_tointeger(L, 2));
  host.reading = id;
  for (;;) {
    const std::uint32_t calls = host.calls;
    const auto bytes = host.device().peek(id, limit);
    lua_pushlstring(L, reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (host.calls == calls) break;
    lua_pop(L, 1);
  }
  lua_replace(L, lua_upvalueindex(2));
  host.device().consume(id);
  return 0;
}

bool close_socket(Host& host, SocketId id) {
  const bool closing = host.device().close(id);
  // A message that the script could not be given for want of memory is still queued, as far as the script knows.
  if (closing && host.has_message && host.message.kind != MessageKind::timer && host.message.socket == id) {
    host.has_message = false;
  }
  return closing;
}

int sock_recv(lua_State* L) {
  Host& host = idle_host_of(L);
  const auto id = check_id(L, 1);
  const auto length = check_capped(L, 2, 0, kMaxInt32);
  if (!id || !length) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (push_few(L, host, *id, static_cast<std::size_t>(*length))) return 1;
  const int reader = lua_upvalueindex(2);
  lua_pushvalue(L, reader);
  lua_pushinteger(L, *id);
  lua_pushinteger(L, static_cast<lua_Integer>(*length));
  static_cast<void>(lua_pcall(L, 2, 0, 0));
  host.reading = Host::kNobody;
  if (std::exchange(host.close_after_reading, false)) close_socket(host, *id);
  lua_getupvalue(L, reader, 2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return lua_error(L);
  }
  lua_pushnil(L);
  lua_setupvalue(L, reader, 2);
  return 1;
}

int sock_close(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  if (id && *id == host.reading) return return_flag(L, !std::exchange(host.close_after_reading, true));
  return return_flag(L, id && close_socket(host, *id));
}

int sock_destroy(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  return return_flag(L, id && host.device().destroy(*id));
}

int sock_setopt(lua_State* L) {
  Host& host = host_of(L);
  const auto id = check_id(L, 1);
  const auto level = check_integer(L, 2, 0, kMaxInt32);
  const auto name = check_integer(L, 3, 0, kMaxInt32);
  // A value of a wrong type is answered like a wrong value here.
  const auto value = lua_type(L, 4) == LUA_TNUMBER ? check_integer(L, 4, 0, kMaxInt32) : std::nullopt;
  bool set = false;
  if (id && level && name && value) {
    const auto* const known = std::find_if(std::begin(kOptions), std::end(kOptions), [&](const OptionName& option) {
      return option.level == *level && option.number == *name;
    });
    set = known != std::end(kOptions) && host.device().set_option(*id, known->option, static_cast<int>(*value));
  }
  lua_pushinteger(L, set ? 0 : -1);
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"sock_conn", sock_conn},
    {"sock_conn_ext", sock_conn},
    {"sock_send", sock_send},
    {"sock_getremainbuf", sock_getremainbuf},
    {"sock_recv", sock_recv},
    {"sock_close", sock_close},
    {"sock_destroy", sock_destroy},
    {"sock_setopt", sock_setopt},
    {nullptr, nullptr},
};

}  // namespace

void push_socketcore(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  lua_pushvalue(L, host);
  lua_pushnil(L);
  lua_pushcclosure(L, push_many, 2);
  set_functions(L, kCalls, 2);

  const auto set_number = [L](const char* name, std::int64_t number) {
    lua_pushinteger(L, static_cast<lua_Integer>(number));
    lua_setfield(L, -2, name);
  };
  set_number("SOL_SOCKET", kSolSocket);
  set_number("IPPROTO_TCP", kIpprotoTcp);
  for (const OptionName& option : kOptions) set_number(option.name, option.number);
  for (const ErrorName& error : kErrors) set_number(error.name, static_cast<int>(error.err));
}

}  // namespace socketcore::lua
