#include "runner/project_report.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

namespace runner {

namespace {

using Kind = ProjectReport::Kind;

constexpr std::size_t kMostLines = 8;  // of one matter

struct Words {
  Kind kind;
  std::string_view heading;
  std::string_view one;
  std::string_view many;
};
constexpr Words kWords[] = {
    {Kind::project, "The project", "necessity", "necessities"},
    {Kind::script, "Files that cannot be loaded", "file", "files"},
    {Kind::module, "Missing modules", "module", "modules"},
    {Kind::call, "Missing calls", "call", "calls"},
    {Kind::constant, "Missing constants", "constant", "constants"},
    {Kind::command, "AT commands that the modem does not know", "AT command", "AT commands"},
    {Kind::probed, "Missing, and the script looks first (does not count)", "", ""},
    {Kind::unreached, "Missing, in files that main.lua does not lead to (does not count)", "", ""},
    {Kind::unread, "Not read (does not count)", "", ""},
};

bool counts(Kind kind) {
  return kind < Kind::probed;
}

// How many bytes of UTF-8 the text begins with as one character; 0 for none.
std::size_t character_size(std::string_view text) {
  const auto byte = [text](std::size_t place) {
    return place < text.size() ? static_cast<unsigned char>(text[place]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  std::size_t size = 0;
  if (first >= 0xc2 && first < 0xe0) size = 2;
  if (first >= 0xe0 && first < 0xf0) size = 3;
  if (first >= 0xf0 && first < 0xf5) size = 4;
  for (std::size_t place = 1; place < size; ++place) {
    if ((byte(place) & 0xc0U) != 0x80) return 0;
  }
  return size;
}

// What a file's name or a string of a script's may do to a terminal, it does not.
std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) {
      result += '?';
    } else {
      result += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return result;
}

std::string more_lines(const std::set<std::size_t>& lines) {
  if (lines.size() < 2) return {};
  std::string text = lines.size() == 2 ? "; also in line" : "; also in lines";
  std::size_t told = 0;
  for (auto line = std::next(lines.begin()); line != lines.end() && told < kMostLines; ++line, ++told) {
    text += (told == 0 ? " " : ", ") + std::to_string(*line);
  }
  const std::size_t left = lines.size() - 1 - told;
  return left == 0 ? text : text + " and " + std::to_string(left) + " more";
}

}  // namespace

void ProjectReport::add(Kind kind, std::size_t place, const std::string& file, std::size_t line, const std::string& what,
                        const std::string& why) {
  // The lines of a file come in their order.
  const std::size_t first = first_lines_.try_emplace({{kind, place}, what}, line).first->second;
  Matter& matter = matters_[{kind, place, first, what}];
  matter.file = file;
  matter.why = why;
  if (line != 0) matter.lines.insert(line);
}

std::size_t ProjectReport::count(Kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(matters_.begin(), matters_.end(), [kind](const auto& matter) { return matter.first.kind == kind; }));
}

bool ProjectReport::complete() const {
  return std::none_of(matters_.begin(), matters_.end(), [](const auto& matter) { return counts(matter.first.kind); });
}

void ProjectReport::print(std::size_t scripts) const {
  for (const Words& words : kWords) {
    if (count(words.kind) == 0) continue;
    std::printf("%.*s:\n", static_cast<int>(words.heading.size()), words.heading.data());
    for (const auto& [key, matter] : matters_) {
      if (key.kind != words.kind) continue;
      std::string text = printable(matter.file);
      if (!matter.lines.empty()) text += ":" + std::to_string(*matter.lines.begin());
      text += ": " + printable(key.what);
      if (!matter.why.empty()) text += ": " + printable(matter.why);
      std::printf("%s%s\n", text.c_str(), more_lines(matter.lines).c_str());
    }
    std::printf("\n");
  }

  std::string summary;
  for (const Words& words : kWords) {
    const std::size_t number = counts(words.kind) ? count(words.kind) : 0;
    if (number == 0) continue;
    summary += (summary.empty() ? "Missing: " : ", ") + std::to_string(number) + " ";
    summary += number == 1 ? words.one : words.many;
  }
  if (summary.empty()) summary = "Nothing is missing";
  std::printf("%s; %zu %s read\n", summary.c_str(), scripts, scripts == 1 ? "file" : "files");
}

}  // namespace runner
