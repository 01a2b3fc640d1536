#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "lua/host.hpp"

/// Arguments of the parts' modules. A wrong type and a wrong value both raise, and the error names the argument: here is no
/// result that could say it. Fractions are cut off, as on the device.
namespace socketcore::lua {

inline constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int32_t kHighest = std::numeric_limits<std::int32_t>::max();

/// The integer low..high at `place`. `cause` says in the error what another one is: "no such pin".
[[nodiscard]] std::int32_t need_integer(lua_State* L, int place, std::int32_t low, std::int32_t high, const char* cause);
/// The same; where it is nil or absent: `otherwise`.
[[nodiscard]] std::int32_t want_integer(lua_State* L, int place, std::int32_t low, std::int32_t high, const char* cause,
                                        std::int32_t otherwise);
/// Whether the integer at `place` is low..high. Raises only where it is no number.
[[nodiscard]] bool is_within(lua_State* L, int place, std::int32_t low, std::int32_t high);

/// What a script may pass for bytes: a string, a number for one byte, or a table of both. Copies it, behind `ahead` bytes
/// that are the caller's, into a userdata that it leaves on top of the stack.
[[nodiscard]] std::span<std::byte> push_bytes(lua_State* L, int place, std::size_t ahead);
/// A userdata of as many bytes as the number at `place` says, 0..kMostBytes. Leaves it on top of the stack.
inline constexpr std::int32_t kMostBytes = 65536;
[[nodiscard]] std::span<std::byte> push_room(lua_State* L, int place);
void push_string(lua_State* L, std::span<const std::byte> bytes);

/// Pushes as a string what `peek` says that `receive` is going to put into `room`, and receives it only when the string is
/// safe. Both return how many bytes these are.
template <typename Peek, typename Receive>
void push_received(lua_State* L, std::span<std::byte> room, Peek peek, Receive receive) {
  for (;;) {
    const std::size_t size = peek(room);
    push_string(L, room.first(size));
    if (peek(room) == size && std::memcmp(room.data(), lua_tostring(L, -1), size) == 0) break;
    lua_pop(L, 1);  // a finalizer has received them
  }
  receive(room);
}

struct NamedNumber {
  const char* name;
  std::int32_t number;
};
/// Into the table on top.
void set_numbers(lua_State* L, std::span<const NamedNumber> numbers);

}  // namespace socketcore::lua
