#pragma once

#include <cstdint>
#include <optional>

#include "lua/lua_api.hpp"
#include "socketcore/device.hpp"

/// What a script passes, checked. A wrong type raises a Lua error that names the argument, as the Lua C API does (which
/// also takes "12" for a number and 12 for a string). A wrong value never raises: it is answered as nothing.
namespace socketcore::lua {

/// The integer low..high at `place`. Nothing: a fraction, NaN, infinity, or out of range.
[[nodiscard]] std::optional<std::int64_t> check_integer(lua_State* L, int place, std::int64_t low, std::int64_t high);
/// The same, but what lies above `high` counts as `high`.
[[nodiscard]] std::optional<std::int64_t> check_capped(lua_State* L, int place, std::int64_t low, std::int64_t high);
/// Also where it is nil or absent: `otherwise`.
[[nodiscard]] std::optional<std::int64_t> opt_integer(lua_State* L, int place, std::int64_t low, std::int64_t high,
                                                      std::int64_t otherwise);

/// Ids of sockets and timers: 0..2^31-1.
[[nodiscard]] std::optional<std::int32_t> check_id(lua_State* L, int place);

/// The arguments of sock_conn. The views are of strings that stay on the Lua stack.
struct ConnectArguments {
  ConnectRequest request;
  Err error = Err::ok;                  ///< not ok: a value is wrong, and nothing may reach the device
  bool ignored_receive_buffer = false;  ///< SSL with a recvBufferLen: worth a log line
};
[[nodiscard]] ConnectArguments check_connect(lua_State* L);

}  // namespace socketcore::lua
