// Control lines for the parts, from a file or a FIFO. Input: lines; `~` lets as many milliseconds pass.
#include <charconv>

#include "fuzz/failures.hpp"
#include "fuzz/input.hpp"
#include "unit/board/fake_site.hpp"

namespace socketcore::fuzz {
namespace {

void run(Input input) {
  test::FakeSite site;
  Parts parts(site);
  site.parts = &parts;
  while (!input.at_end()) {
    const std::string_view line = input.line();
    if (line.starts_with('~')) {
      std::uint16_t ms = 0;
      std::from_chars(line.data() + 1, line.data() + line.size(), ms);
      site.advance(std::chrono::milliseconds(ms));
      continue;
    }
    const std::string words = parts.control(line);
    const std::string_view blank = " \t\r";
    const std::size_t begin = std::min(line.find_first_not_of(blank), line.size());
    const std::string_view word = line.substr(begin, line.find_first_of(blank, begin) - begin);
    if (!words.empty()) check(site.take_events().empty(), "a line that is refused does something");
    const bool is_text = !words.starts_with("the line ");  // nor too long
    if (Parts::knows(word) && !words.empty() && is_text) check(words.starts_with(word), "an error without the line's word");
    site.take_events();
  }
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::abort_on_failure();
  socketcore::fuzz::run({data, size});
  return 0;
}
