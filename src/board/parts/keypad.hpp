#pragma once

#include <bitset>
#include <string>

#include "board/parts/line.hpp"
#include "board/parts/site.hpp"

namespace socketcore {

/// Keys of a matrix, and the power key at row and column 255. A key that is held or let go twice says so once.
class Keypad {
 public:
  explicit Keypad(PartsSite& site) noexcept : site_(site) {}

  /// From now on keys can be pressed. The masks of a real matrix are the wiring's business: every key is there.
  void start() noexcept { started_ = true; }

  /// `ROW COL down|up`
  [[nodiscard]] std::string control(ControlLine& line);

 private:
  PartsSite& site_;
  bool started_ = false;
  std::bitset<65536> down_;
};

}  // namespace socketcore
