#pragma once

#include <string>
#include <string_view>

/// Lua 5.1's older way to the extra arguments of a function, which LuaJIT does not have: a function with `...` in its
/// parameter list has a local `arg`, a table of them with their count in `n`; nil where its own body mentions `...`.
namespace socketcore::lua {

/// What LuaJIT takes for a value with a metatable of our own, wherever it stands and whatever its surroundings lack:
/// calling it makes the table. See open_dialect().
inline constexpr std::string_view kPacker = "0i";

/// Puts into `result` the source with that local declared where it can be seen, no line moved. False: there is nothing to
/// declare, or this is no Lua, or memory is short, and the source serves as it is.
[[nodiscard]] bool declare_implicit_arg(std::string_view source, std::string& result) noexcept;

}  // namespace socketcore::lua
