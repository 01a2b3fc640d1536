#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct lua_State;

namespace runner {

/// Compiles scripts as a project run would, and runs none.
class ScriptCompiler {
 public:
  enum class Verdict {
    compiles,
    is_compiled,  ///< bytes of this very Lua: not looked into, for it may not survive bad ones
    is_foreign,   ///< bytes of another Lua, which this one refuses
    does_not_compile
  };
  struct Result {
    Verdict verdict = Verdict::compiles;
    std::size_t line = 1;   ///< of the error
    std::string problem{};  ///< what Lua says of it
  };

  /// Throws std::bad_alloc where there is no memory for a Lua state.
  ScriptCompiler();

  [[nodiscard]] Result examine(std::string_view source);

 private:
  struct Close {
    void operator()(lua_State* L) const noexcept;
  };
  std::unique_ptr<lua_State, Close> state_;
  std::string signature_;  // what compiled Lua begins with
};

}  // namespace runner
