#pragma once

#include <dirent.h>

#include <memory>

/// Folders of the host, by the system's own calls: std::filesystem ends the program where it lacks memory for a name.
namespace socketcore {

/// What is in a folder, name by name, in no order.
class Folder {
 public:
  explicit Folder(const char* path) noexcept;
  /// Takes the descriptor over, which may be -1.
  explicit Folder(int fd) noexcept;

  /// The next name, which lives until the next call; null: there is none, or it cannot be read. Leaves "." and ".." out.
  [[nodiscard]] const char* next() noexcept;
  /// The errno value of what failed, 0: nothing.
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] int fd() const noexcept { return ::dirfd(stream_.get()); }

 private:
  struct Close {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
  int error_ = 0;
};

/// Removes the file, the link or the folder with all that is in it. Where nothing is, that is well. An errno value, 0: done.
[[nodiscard]] int remove_all(const char* path) noexcept;

}  // namespace socketcore
