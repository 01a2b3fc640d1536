#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace runner {

/// What was found in a project, for people to read: a line per file and matter.
class ProjectReport {
 public:
  /// In the order of the report. The first do not let the project start.
  enum class Kind : std::uint8_t {
    project,
    script,
    module,
    call,
    constant,
    command,
    probed,  ///< from here on, nothing counts as missing
    unreached,
    unread,
  };

  /// `place` is that of the file among the files. The same matter in the same file is one line, with all its lines.
  void add(Kind kind, std::size_t place, const std::string& file, std::size_t line, const std::string& what,
           const std::string& why);
  /// A matter without a line.
  void add(Kind kind, std::size_t place, const std::string& file, const std::string& what) {
    add(kind, place, file, 0, what, "");
  }

  /// Whether anything counts as missing.
  [[nodiscard]] bool complete() const;
  /// Prints it all to stdout, and a summary as the last line.
  void print(std::size_t scripts) const;

 private:
  struct Key {
    Kind kind;
    std::size_t place;
    std::size_t line;  // the first
    std::string what;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Matter {
    std::string file;
    std::string why;
    std::set<std::size_t> lines;
  };

  [[nodiscard]] std::size_t count(Kind kind) const;

  std::map<Key, Matter> matters_;
  std::map<std::pair<std::pair<Kind, std::size_t>, std::string>, std::size_t> first_lines_;
};

}  // namespace runner
