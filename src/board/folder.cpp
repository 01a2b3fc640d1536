#include "board/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace socketcore {

namespace {

int remove_at(int folder, const char* name) noexcept {
  struct stat status {};
  if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : errno;
  const bool is_folder = S_ISDIR(status.st_mode);
  if (is_folder) {
    Folder within(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    while (const char* const below = within.next()) {
      if (const int error = remove_at(within.fd(), below); error != 0) return error;
    }
    if (within.error() != 0) return within.error();
  }
  return ::unlinkat(folder, name, is_folder ? AT_REMOVEDIR : 0) == 0 ? 0 : errno;
}

}  // namespace

Folder::Folder(const char* path) noexcept : stream_(::opendir(path)), error_(stream_ ? 0 : errno) {}

Folder::Folder(int fd) noexcept : stream_(fd >= 0 ? ::fdopendir(fd) : nullptr), error_(stream_ ? 0 : errno) {
  if (!stream_ && fd >= 0) ::close(fd);
}

const char* Folder::next() noexcept {
  while (stream_ && error_ == 0) {
    errno = 0;
    const dirent* const entry = ::readdir(stream_.get());
    if (entry == nullptr) {
      error_ = errno;
      return nullptr;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry->d_name;
  }
  return nullptr;
}

int remove_all(const char* path) noexcept { return remove_at(AT_FDCWD, path); }

}  // namespace socketcore
