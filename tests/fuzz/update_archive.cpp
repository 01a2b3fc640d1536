// An archive that a script takes from the air and installs. Input: the size of the pieces; 1 if headers get the checksum
// that fits; the archive. In the first case its headers are the input's, cut at blocks of 512 bytes wherever they lie.
#include <array>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>

#include "board/update.hpp"
#include "fuzz/input.hpp"
#include "unit/board/temporary_folder.hpp"

namespace socketcore::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kHeader = 114;  // name, size and type, as they are in an input

/// Headers are short in an input: 100 bytes of name, 12 of size, the type, and how many blocks of content follow.
std::string archive_of(Input input) {
  std::string archive;
  while (!input.at_end()) {
    const std::string_view header = input.bytes(kHeader);
    std::string block(kBlock, '\0');
    block.replace(0, std::min<std::size_t>(header.size(), 100), header.substr(0, 100));
    if (header.size() > 100) block.replace(124, std::min<std::size_t>(header.size() - 100, 12), header.substr(100, 12));
    if (header.size() > 112) block[156] = header[112];
    block.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%06o", sum);
    block.replace(148, 7, text.data(), 7);
    std::string content(input.bytes(header.size() == kHeader ? kBlock * (static_cast<unsigned char>(header[113]) % 8) : 0));
    content.resize((content.size() + kBlock - 1) / kBlock * kBlock);
    archive += block + content;
  }
  return archive;
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

void run(Input input) {
  const TemporaryFolder root;
  fs::create_directories(root / "data/.update");
  root.write("data/.update/main.lua", "old");
  Update update(root / "data");
  const std::size_t piece = 1 + 64 * std::size_t{input.byte()};
  const std::string archive = input.flag() ? archive_of(input) : std::string(input.rest());

  (void)update.start();
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    check(update.process(std::string_view(archive).substr(at, piece), archive.size()) == Update::Answer::done,
          "a piece is refused");
  }
  const Update::Answer answer = update.end();
  check(names_in(root / "") == std::set<std::string>{"data"}, "a file outside of the flash");
  check(names_in(root / "data") == std::set<std::string>{".update"}, "a file outside of its folder");
  if (answer == Update::Answer::done) {
    check(!names_in(root / "data/.update").empty(), "installed without a file");
  } else {
    check(root.read("data/.update/main.lua") == "old", "what was installed is gone");
  }
}

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::run({data, size});
  return 0;
}
