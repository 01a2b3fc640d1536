#include "board/update.hpp"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "board/folder.hpp"

namespace socketcore {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFresh = ".update.new";
constexpr std::string_view kAside = ".update.old";

// The header of a tar archive (POSIX.1-1988 "ustar", which GNU tar's own kind agrees with in these fields).
constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameSize = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeSize = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kTypeAt = 156;
using Block = std::array<char, kBlock>;

std::string_view text_at(const Block& block, std::size_t at, std::size_t size) {
  const std::string_view field(block.data() + at, size);
  return field.substr(0, field.find('\0'));
}

std::optional<std::uint64_t> octal_at(const Block& block, std::size_t at, std::size_t size) {
  std::string_view text = text_at(block, at, size);
  const auto blank = [](char c) { return c == ' '; };
  text.remove_prefix(static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), blank) - text.begin()));
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '7'; ++digits) {
    value = value * 8 + static_cast<std::uint64_t>(text[digits] - '0');
  }
  const bool rest_blank = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(digits), text.end(), blank);
  return digits > 0 && rest_blank ? std::optional(value) : std::nullopt;
}

bool checks_out(const Block& block) {
  const auto told = octal_at(block, kChecksumAt, kChecksumSize);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool of_itself = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    sum += of_itself ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
  }
  return told == sum;
}

bool all_zero(const Block& block) {
  return std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; });
}

// Where a path has no room, an entry of one of these types stands before the one that it names. Its content is the path
// (GNU), or records of "LENGTH KEY=VALUE" and a line end, one of which may be the path (POSIX.1-2001).
constexpr char kGnuName = 'L';
constexpr char kRecords = 'x';
constexpr std::uint64_t kMostRecords = 65536;

std::string path_in(std::string_view records) {
  constexpr std::string_view kKey = " path=";
  while (!records.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), size);
    const auto digits = static_cast<std::size_t>(end - records.data());
    if (error != std::errc() || size <= digits || size > records.size()) break;
    const std::string_view rest = records.substr(digits, size - digits);
    if (rest.starts_with(kKey)) return std::string(rest.substr(kKey.size(), rest.find('\n') - kKey.size()));
    records.remove_prefix(size);
  }
  return {};
}

// The path of the next entry, if this one is for that; else empty. False: damaged.
bool read_path(std::ifstream& from, char type, std::uint64_t size, std::string& path) {
  path.clear();
  if (type != kGnuName && type != kRecords) return true;
  if (size > kMostRecords) return false;
  std::string content(static_cast<std::size_t>(size), '\0');
  if (!from.read(content.data(), static_cast<std::streamsize>(size))) return false;
  path = type == kGnuName ? content.substr(0, content.find('\0')) : path_in(content);
  return true;
}

bool copy(std::ifstream& from, std::ofstream& to, std::uint64_t size) {
  std::array<char, 16384> bytes;
  while (size > 0) {
    const std::uint64_t piece = std::min<std::uint64_t>(size, bytes.size());
    from.read(bytes.data(), static_cast<std::streamsize>(piece));
    if (!from || !to.write(bytes.data(), static_cast<std::streamsize>(piece))) return false;
    size -= piece;
  }
  return true;
}

// Puts the folder in the place of the other, which is there afterwards as it was, or not at all. Where the file system
// cannot exchange them, the other one steps aside and comes back if need be.
bool replace(const fs::path& fresh, const fs::path& installed, const fs::path& aside) {
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, installed.c_str(), RENAME_EXCHANGE) == 0) return true;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(installed, error))) {
    fs::rename(fresh, installed, error);
    return !error;
  }
  if (remove_all(aside.c_str()) != 0) return false;
  fs::rename(installed, aside, error);
  if (error) return false;
  fs::rename(fresh, installed, error);
  if (!error) {
    static_cast<void>(remove_all(aside.c_str()));
    return true;
  }
  std::error_code again;
  fs::rename(aside, installed, again);
  return false;
}

}  // namespace

Update::Update(fs::path data)
    : data_(std::move(data)),
      package_(data_ / ".update.tar"),
      fresh_(data_ / kFresh),
      aside_(data_ / kAside),
      installed_(data_ / kInstalled) {}

Update::Answer Update::start() noexcept try {
  drop();
  received_ = total_ = 0;
  file_.open(package_, std::ios::binary | std::ios::trunc);
  started_ = file_.is_open();
  return started_ ? Answer::done : Answer::no_room;
} catch (...) {
  drop();
  return Answer::no_room;
}

Update::Answer Update::process(std::string_view piece, std::uint64_t total) noexcept try {
  if (!started_) return Answer::not_started;
  total_ = total;
  if (piece.size() > total - std::min(total, received_)) return Answer::wrong_size;
  if (!file_.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return Answer::no_room;
  received_ += piece.size();
  return Answer::done;
} catch (...) {
  return Answer::no_room;
}

Update::Answer Update::end() noexcept try {
  if (!started_) return Answer::not_started;
  file_.close();
  Answer answer = Answer::no_room;
  if (file_) answer = received_ == total_ ? unpack() : Answer::wrong_size;
  drop();
  return answer;
} catch (...) {
  drop();
  return Answer::no_room;
}

void Update::drop() noexcept {
  started_ = false;
  if (file_.is_open()) file_.close();
  file_.clear();
  std::error_code error;
  if (!fs::exists(fs::symlink_status(installed_, error))) static_cast<void>(::rename(aside_.c_str(), installed_.c_str()));
  for (const fs::path* left : {&package_, &fresh_, &aside_}) static_cast<void>(remove_all(left->c_str()));
}

// Into a folder beside the installed one, which it replaces once it is whole.
Update::Answer Update::unpack() const {
  std::error_code error;
  if (!fs::create_directory(fresh_, error)) return Answer::no_room;

  std::ifstream archive(package_, std::ios::binary);
  std::size_t files = 0;
  std::string long_path;
  for (Block block; archive.read(block.data(), kBlock) && !all_zero(block);) {
    const auto size = octal_at(block, kSizeAt, kSizeSize);
    if (!size || !checks_out(block)) return Answer::no_archive;
    const std::streamoff end = archive.tellg() + static_cast<std::streamoff>((*size + kBlock - 1) / kBlock * kBlock);
    const bool ordinary = block[kTypeAt] == '0' || block[kTypeAt] == '\0';
    // The last name of the path is the whole of it on a device, so no path leads out of the folder.
    const std::string_view path = long_path.empty() ? text_at(block, 0, kNameSize) : std::string_view(long_path);
    const std::string name = fs::path(path).filename().string();
    if (!read_path(archive, block[kTypeAt], *size, long_path)) return Answer::no_archive;
    if (ordinary && !name.empty() && name != "." && name != "..") {
      std::ofstream file(fresh_ / name, std::ios::binary | std::ios::trunc);
      if (!file) return Answer::no_room;
      if (!copy(archive, file, *size)) return archive ? Answer::no_room : Answer::no_archive;
      file.close();
      if (!file) return Answer::no_room;
      ++files;
    }
    archive.seekg(end);
  }
  if (archive.bad()) return Answer::no_room;  // not to its end
  if (files == 0) return Answer::no_archive;
  return replace(fresh_, installed_, aside_) ? Answer::done : Answer::no_room;
}

}  // namespace socketcore
