#include "board/parts/keypad.hpp"

namespace socketcore {

std::string Keypad::control(ControlLine& line) {
  KeyEvent key;
  key.row = static_cast<std::uint8_t>(line.number("the row", 0, 255));
  key.column = static_cast<std::uint8_t>(line.number("the column", 0, 255));
  key.pressed = line.choice("the key", {"up", "down"}) == 1;
  if (!line.complete()) return line.error();
  if (!started_) return "the script has no keypad yet: it has not called rtos.init_module(rtos.MOD_KEYPAD, ...)";
  const EventValues values = pack(key);
  const auto place = static_cast<std::size_t>(values.b);
  if (down_[place] == key.pressed) return {};
  down_[place] = key.pressed;
  site_.post(EventKind::keypad, values.a, values.b);
  return {};
}

}  // namespace socketcore
