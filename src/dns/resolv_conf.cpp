#include "dns/resolv_conf.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

namespace socketcore {
namespace {

constexpr std::string_view kBlank = " \t\r";

/// Takes the first word off `line`; empty if there is none.
std::string_view take_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

void read_option(std::string_view word, std::string_view name, int most, std::optional<int>& value) noexcept {
  if (!word.starts_with(name)) return;
  word.remove_prefix(name.size());
  int number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (end != word.data() + word.size()) return;
  if (error == std::errc::result_out_of_range) number = word.front() == '-' ? 0 : most;
  if (number >= 1) value = std::min(number, most);
}

}  // namespace

ResolvTiming parse_resolv_timing(std::string_view text) noexcept {
  ResolvTiming timing;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find_first_of("#;"));
    if (take_word(line) != "options") continue;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      // The upper ends are the C library's: RES_MAXRETRANS and RES_MAXRETRY.
      read_option(word, "timeout:", 30, timing.timeout_s);
      read_option(word, "attempts:", 5, timing.attempts);
    }
  }
  return timing;
}

SysError read_resolv_timing(const char* path, ResolvTiming& timing) noexcept {
  timing = {};
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) {
    switch (errno) {
      case ENOENT:
      case ENOTDIR:
      case EISDIR:
      case ELOOP:
      case EACCES:
      case EPERM:
        return {};
      default:
        return SysError(errno);
    }
  }
  std::array<char, 16384> text;
  const std::size_t size = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  timing = parse_resolv_timing({text.data(), size});
  return {};
}

}  // namespace socketcore
