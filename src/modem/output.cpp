#include "modem/output.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "modem/text.hpp"

namespace socketcore {

void Output::answer(std::string_view text) {
  put({join("\r\n", text, "\r\n"), false});
}

void Output::refuse() noexcept {
  if (spare_.empty()) return;
  spare_.front().text = "\r\nERROR\r\n";  // short enough to need no memory of its own
  put_all(spare_);
}

bool Output::ready() noexcept try {
  if (spare_.empty()) spare_.emplace_back();
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void Output::prompt() {
  put({"\r\n> ", false});
}

void Output::urc(std::string_view text) {
  Entry entry{join("\r\n", text, "\r\n"), true};
  const std::size_t size = entry.text.size();
  if (in_command_) {
    held_.push_back(std::move(entry));
  } else {
    put(std::move(entry));
  }
  urc_bytes_ += size;
  trim_urcs();
}

void Output::begin_command() noexcept {
  in_command_ = true;
  if (urc_bytes_ == 0) return;
  for (auto entry = lines_.begin(); entry != lines_.end();) {
    const auto it = entry++;
    if (!it->is_urc || it->begun()) continue;
    available_ -= it->rest().size();
    held_.splice(held_.end(), lines_, it);
  }
}

void Output::end_command() noexcept {
  in_command_ = false;
  put_all(held_);
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
  result.reserve(std::min(most, available_));
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

void Output::put(Entry&& entry) {
  lines_.push_back(std::move(entry));  // moved from only where there is room for it
  available_ += lines_.back().rest().size();
}

void Output::put_all(Entries& entries) noexcept {
  for (const Entry& entry : entries) available_ += entry.rest().size();
  lines_.splice(lines_.end(), entries);
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
