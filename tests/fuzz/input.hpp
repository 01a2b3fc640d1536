#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What every target of this folder gives libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace socketcore::fuzz {

/// The bytes of one run, which decide all that happens in it. Where they have ended, every answer is the lowest.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  std::uint8_t byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
  }
  /// 0..`limit` - 1; of two bytes where one does not reach so far.
  std::uint32_t below(std::uint32_t limit) {
    const std::uint32_t low = byte();
    return (limit > 256 ? low + 256U * byte() : low) % limit;
  }
  bool flag() { return byte() % 2 == 1; }
  /// The next `most` bytes, or what is left.
  std::string_view bytes(std::size_t most) {
    const std::string_view taken = rest_.substr(0, most);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// One byte that says how long it is, and that much.
  std::string_view text() { return bytes(byte()); }
  /// What comes before the next `end`, which goes with it; or what is left.
  std::string_view part(char end) {
    const std::string_view taken = bytes(rest_.find(end));
    bytes(1);
    return taken;
  }
  std::string_view line() { return part('\n'); }
  std::string_view rest() { return bytes(rest_.size()); }

 private:
  std::string_view rest_;
};

/// What must hold whatever the input is. If it does not, the run ends as a crash.
inline void check(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace socketcore::fuzz
