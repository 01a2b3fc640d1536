#include "lua/arguments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>

namespace socketcore::lua {

namespace {

static_assert(std::is_trivially_destructible_v<ConnectArguments>, "it lives across calls that raise");

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();

// The places of sock_conn's arguments.
enum Place : int { kType = 1, kAddress, kPort, kCert, kReceiveBuffer, kInsist, kLocalPort, kHostNameFlag };

std::optional<std::int64_t> integer(lua_Number value, std::int64_t low, std::int64_t high) {
  if (!(value >= static_cast<lua_Number>(low) && value <= static_cast<lua_Number>(high))) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<lua_Number>(whole) == value ? std::optional(whole) : std::nullopt;
}

std::string_view view_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* const data = lua_tolstring(L, index, &size);
  return {data, size};
}

std::optional<std::uint16_t> port_of_digits(std::string_view text) {
  std::uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
    if (port > 65535) return std::nullopt;
  }
  if (text.empty()) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// A number, or a string of digits: unlike the Lua C API, which takes " 0x50 " too.
std::optional<std::uint16_t> check_port(lua_State* L) {
  if (lua_type(L, kPort) == LUA_TSTRING) return port_of_digits(view_at(L, kPort));
  const auto port = check_integer(L, kPort, 0, 65535);
  return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

// One text of the cert table; it stays on the stack. Absent and empty differ: an empty PEM text does not parse.
std::optional<std::string_view> check_field(lua_State* L, const char* name) {
  luaL_checkstack(L, 4, "sock_conn");
  lua_getfield(L, kCert, name);
  if (lua_isnil(L, -1)) return std::nullopt;
  if (lua_type(L, -1) != LUA_TSTRING) {
    luaL_argerror(L, kCert, lua_pushfstring(L, "field '%s': string expected, got %s", name, luaL_typename(L, -1)));
  }
  return view_at(L, -1);
}

// Returns whether the PEM texts can be tried.
bool check_cert(lua_State* L, TlsRequest& tls) {
  const auto host_name = check_field(L, "hostName");
  const auto ca_cert = check_field(L, "caCert");
  const auto client_cert = check_field(L, "clientCert");
  const auto client_key = check_field(L, "clientKey");
  tls.client_password = check_field(L, "clientPassword");
  tls.host_name = host_name.value_or("");
  tls.ca_cert = ca_cert.value_or("");
  tls.client_cert = client_cert.value_or("");
  tls.client_key = client_key.value_or("");
  const auto empty_text = [](const std::optional<std::string_view>& text) { return text && text->empty(); };
  return !empty_text(ca_cert) && !empty_text(client_cert) && !empty_text(client_key);
}

}  // namespace

std::optional<std::int64_t> check_integer(lua_State* L, int place, std::int64_t low, std::int64_t high) {
  return integer(luaL_checknumber(L, place), low, high);
}

std::optional<std::int64_t> check_capped(lua_State* L, int place, std::int64_t low, std::int64_t high) {
  const lua_Number value = luaL_checknumber(L, place);
  if (std::isinf(value)) return std::nullopt;
  return integer(std::min(value, static_cast<lua_Number>(high)), low, high);
}

std::optional<std::int64_t> opt_integer(lua_State* L, int place, std::int64_t low, std::int64_t high,
                                        std::int64_t otherwise) {
  return lua_isnoneornil(L, place) ? otherwise : check_integer(L, place, low, high);
}

std::optional<std::int32_t> check_id(lua_State* L, int place) {
  const auto id = check_integer(L, place, 0, kMaxInt32);
  return id ? std::optional(static_cast<std::int32_t>(*id)) : std::nullopt;
}

ConnectArguments check_connect(lua_State* L) {
  ConnectArguments result;
  ConnectRequest& request = result.request;

  // Every type first: a wrong one raises whatever the values are.
  lua_settop(L, kHostNameFlag);
  const auto type = check_integer(L, kType, 0, 3);
  luaL_checkstring(L, kAddress);
  const auto port = check_port(L);
  const int cert_type = lua_type(L, kCert);
  if (cert_type != LUA_TNIL && cert_type != LUA_TTABLE && cert_type != LUA_TNUMBER) luaL_checktype(L, kCert, LUA_TTABLE);
  const auto receive_buffer = opt_integer(L, kReceiveBuffer, 0, kMaxInt32, 0);
  const auto insist = opt_integer(L, kInsist, 0, 1, 1);
  const auto local_port = opt_integer(L, kLocalPort, 0, 65535, 0);
  const auto host_name_flag = opt_integer(L, kHostNameFlag, 0, 1, 0);
  const bool ssl = type && *type == static_cast<int>(SocketType::ssl);
  const bool texts_usable = !ssl || cert_type != LUA_TTABLE || check_cert(L, request.tls);

  result.error = Err::earg;
  if (!type || !port || !insist || (!local_port && !ssl) || !host_name_flag) return result;
  request.type = static_cast<SocketType>(*type);
  request.address = view_at(L, kAddress);
  request.port = *port;
  request.insist = *insist != 0;
  request.local_port = static_cast<std::uint16_t>(local_port.value_or(0));
  if (!lua_isnil(L, kHostNameFlag)) request.send_server_name = *host_name_flag != 0;

  if (ssl) {
    result.ignored_receive_buffer = cert_type == LUA_TNUMBER || !receive_buffer || *receive_buffer != 0;
    result.error = texts_usable ? Err::ok : Err::ssl_einit;
    return result;
  }
  // Later script libraries pass recvBufferLen in the place of cert.
  const auto bytes = cert_type == LUA_TNUMBER ? check_integer(L, kCert, 0, kMaxInt32) : receive_buffer;
  if (!bytes) return result;
  request.receive_buffer_bytes = static_cast<std::size_t>(*bytes);
  result.error = Err::ok;
  return result;
}

}  // namespace socketcore::lua
