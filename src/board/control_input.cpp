#include "board/control_input.hpp"

#include <algorithm>
#include <array>

namespace socketcore {

ControlInput::ControlInput(Loop& loop, User& user) : loop_(loop), user_(user) {
  line_.reserve(kLongestLine);
  token_ = loop_.attach(*this);
}

ControlInput::~ControlInput() { loop_.detach(token_); }

SysError ControlInput::open(const char* path) noexcept {
  const OpenResult opened = loop_.os().open_fifo(path);
  if (!opened.ok()) return opened.error;
  fd_ = OwnedFd(loop_.os(), opened.fd);
  return loop_.watch(fd_.get(), token_, Interest::input);
}

void ControlInput::on_ready(Readiness /*what*/) noexcept { read(); }
void ControlInput::on_turn() noexcept { read(); }

// A piece a turn: whoever writes without end must not hold up the script.
void ControlInput::read() noexcept {
  std::array<std::byte, kMostPerTurn> bytes;
  const IoResult got = loop_.os().read(fd_.get(), bytes);
  if (!got.ok() || got.size == 0) return;
  take({reinterpret_cast<const char*>(bytes.data()), got.size});
  loop_.defer(token_);
}

void ControlInput::take(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    line_.append(piece.substr(0, std::min(piece.size(), kLongestLine - line_.size())));
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (!line_.empty()) user_.control_line(line_);
    line_.clear();
  }
}

}  // namespace socketcore
