#pragma once

#include <cstdint>
#include <string_view>

namespace socketcore {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

/// Where the engine's own lines go. Never holds a secret (key, password, data). Called on the reactor's thread.
class Log {
 public:
  virtual ~Log() = default;
  /// Whether a line of this level would be kept: spares the making of lines that nobody reads.
  [[nodiscard]] virtual bool wants(LogLevel level) const noexcept = 0;
  virtual void write(LogLevel level, std::string_view line) noexcept = 0;
};

}  // namespace socketcore
