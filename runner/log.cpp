#include "runner/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace runner {

namespace {

using socketcore::LogLevel;

spdlog::level::level_enum level_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdLog final : public socketcore::Log {
 public:
  explicit SpdLog(const std::string& level) : logger_("socketcore", std::make_shared<spdlog::sinks::stderr_sink_st>()) {
    logger_.set_level(spdlog::level::from_str(level));
    logger_.set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %v");
  }
  [[nodiscard]] bool wants(LogLevel level) const noexcept override { return logger_.should_log(level_of(level)); }
  void write(LogLevel level, std::string_view line) noexcept override {
    logger_.log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels = {"trace", "debug", "info", "warning", "error", "off"};
  return levels;
}

std::unique_ptr<socketcore::Log> make_log(const std::string& level) {
  return std::make_unique<SpdLog>(level);
}

}  // namespace runner
