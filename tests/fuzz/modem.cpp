// A script that writes anything to the modem, while anything happens outside. Input: lines. What follows a `!` is a control
// line, a `~` lets as many milliseconds pass as the number behind it says, a `<` reads as many bytes; a `>` stands before
// bytes that are written as they are; any other line is written with CR behind it.
#include <charconv>
#include <chrono>

#include "fuzz/input.hpp"
#include "unit/modem/bench.hpp"

namespace socketcore::fuzz {
namespace {

// What modem.hpp promises, and a line more of either kind.
constexpr std::size_t kMostUnread = 2 * 8192 + 4096;
constexpr int kMostTimers = 100'000;

std::uint32_t number(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class Run {
 public:
  explicit Run(Input input) : input_(input), bench_(settings(input_.byte())) {}

  void run() {
    bench_.modem.power_on();
    while (!input_.at_end()) {
      act(input_.line());
      check(bench_.modem.available() <= kMostUnread, "more waits to be read than is promised");
    }
    pass(std::chrono::hours(1));
    (void)bench_.read();
  }

 private:
  static ModemSettings settings(unsigned flags) {
    ModemSettings made;
    made.timing = (flags & 1) != 0 ? ModemTiming::real : ModemTiming::instant;
    made.sim = (flags & 2) != 0 ? Sim::pin : (flags & 4) != 0 ? Sim::absent : Sim::ready;
    made.flight_mode = (flags & 8) != 0;
    return made;
  }

  void act(std::string_view line) {
    const char first = line.empty() ? '\0' : line[0];
    const std::string_view rest = line.substr(line.empty() ? 0 : 1);
    switch (first) {
      case '!':
        (void)bench_.modem.control(rest);
        return;
      case '~':
        return pass(std::chrono::milliseconds(number(rest)));
      case '<':
        (void)bench_.modem.read(number(rest));
        return;
      case '>':
        return write(std::string(rest));
      default:
        return write(std::string(line) + "\r");
    }
  }
  void write(const std::string& bytes) {
    const std::size_t taken = bench_.modem.write(bytes);
    check(taken <= bytes.size(), "more is taken than was written");
    if (taken == bytes.size()) return;
    (void)bench_.read();
    pass(std::chrono::minutes(10));
  }
  void pass(Duration time) {
    const Instant end = bench_.site.time + time;
    for (int count = 0; bench_.site.due && *bench_.site.due <= end; ++count) {
      check(count < kMostTimers, "the timers have no end");
      bench_.site.time = std::max(bench_.site.time, *bench_.site.due);
      bench_.site.due.reset();
      bench_.modem.on_timer();
    }
    bench_.site.time = end;
  }

  Input input_;
  Bench bench_;
};

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::Run({data, size}).run();
  return 0;
}
