#include "modem/output.hpp"

#include <algorithm>
#include <utility>

#include "modem/text.hpp"

namespace socketcore {

void Output::answer(std::string_view text) {
  put({join("\r\n", text, "\r\n"), false});
}

void Output::prompt() {
  put({"\r\n> ", false});
}

void Output::urc(std::string_view text) {
  Entry entry{join("\r\n", text, "\r\n"), true};
  urc_bytes_ += entry.text.size();
  if (in_command_) {
    held_.push_back(std::move(entry));
  } else {
    put(std::move(entry));
  }
  trim_urcs();
}

void Output::begin_command() {
  in_command_ = true;
  if (urc_bytes_ == 0) return;
  std::deque<Entry> stay;
  for (Entry& entry : lines_) {
    if (entry.is_urc && !entry.begun()) {
      available_ -= entry.rest().size();
      held_.push_back(std::move(entry));
    } else {
      stay.push_back(std::move(entry));
    }
  }
  lines_ = std::move(stay);
}

void Output::end_command() {
  in_command_ = false;
  for (Entry& entry : held_) put(std::move(entry));
  held_.clear();
}

std::string Output::take_line() {
  std::size_t size = 0;
  for (const Entry& entry : lines_) {
    const auto end = entry.rest().find('\n');
    if (end != std::string_view::npos) return take(size + end + 1);
    size += entry.rest().size();
  }
  return take(size);
}

std::string Output::take(std::size_t most) {
  std::string result;
  while (result.size() < most && !lines_.empty()) {
    Entry& entry = lines_.front();
    const std::string_view part = entry.rest().substr(0, most - result.size());
    result += part;
    entry.taken += part.size();
    if (entry.taken < entry.text.size()) break;
    if (entry.is_urc) urc_bytes_ -= entry.text.size();
    lines_.pop_front();
  }
  available_ -= result.size();
  return result;
}

std::size_t Output::take_dropped() noexcept {
  return std::exchange(dropped_, 0);
}

void Output::put(Entry entry) {
  available_ += entry.rest().size();
  lines_.push_back(std::move(entry));
}

void Output::trim_urcs() {
  while (urc_bytes_ > kMostUrcBytes) {
    // What is readable is older than what is held; a line that was begun has to be read to its end.
    const auto droppable = [](const Entry& entry) { return entry.is_urc && !entry.begun(); };
    auto victim = std::find_if(lines_.begin(), lines_.end(), droppable);
    if (victim != lines_.end()) {
      available_ -= victim->rest().size();
      urc_bytes_ -= victim->text.size();
      lines_.erase(victim);
    } else if (held_.size() > 1) {
      urc_bytes_ -= held_.front().text.size();
      held_.pop_front();
    } else {
      return;
    }
    ++dropped_;
  }
}

}  // namespace socketcore
