#include "os/confinement.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <limits>

namespace socketcore {

namespace {

// The header may be older than the kernel: since version 3 of Landlock. What is not asked for is not withheld.
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr std::uint64_t kReadFolder = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
// Without links, devices, FIFOs and sockets.
constexpr std::uint64_t kWriteFolder = kReadFolder | kWriteFile | LANDLOCK_ACCESS_FS_MAKE_REG |
                                       LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                       LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER;

// All that a version can withhold, of what is used here.
std::uint64_t known_to(long version) {
  std::uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (version >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all |= kTruncate;
  return all;
}

class Descriptor {
 public:
  explicit Descriptor(long fd) : fd_(static_cast<int>(fd)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

bool allow(int ruleset, std::uint64_t handled, const std::string& path, std::uint64_t in_folder, std::uint64_t of_file) {
  const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (place.get() < 0 || ::fstat(place.get(), &status) != 0) return true;  // there is nothing to be allowed
  landlock_path_beneath_attr rule{};
  rule.parent_fd = place.get();
  rule.allowed_access = handled & (S_ISDIR(status.st_mode) ? in_folder : of_file);
  return rule.allowed_access == 0 || ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool lower_limit(decltype(RLIMIT_CORE) resource, rlim_t most) noexcept {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max = std::min(limit.rlim_max, most);
  return ::setrlimit(resource, &limit) == 0;
}

}  // namespace

bool forbid_core_dumps() noexcept {
  // A program that collects dumps is not bound by the limit, and needs one that may be dumped.
  return lower_limit(RLIMIT_CORE, 0) && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool limit_memory_growth(std::uint64_t bytes) noexcept try {
  std::ifstream file("/proc/self/statm");
  // Pages: all, resident, shared, code, 0, data and stack.
  std::uint64_t pages = 0;
  for (int i = 0; i < 6; ++i) file >> pages;
  if (!file) return false;
  const std::uint64_t now = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t room = std::numeric_limits<rlim_t>::max() - 1 - now;
  return lower_limit(RLIMIT_DATA, now + std::min(bytes, room));
} catch (...) {
  return false;
}

int confine_files(const Reach& reach) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = known_to(version);
  const Descriptor ruleset(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0));
  if (ruleset.get() < 0) return 0;
  const auto allow_all = [&](const std::vector<std::string>& paths, std::uint64_t in_folder, std::uint64_t of_file) {
    for (const std::string& path : paths) {
      if (!allow(ruleset.get(), attributes.handled_access_fs, path, in_folder, of_file)) return false;
    }
    return true;
  };
  const bool listed = allow_all(reach.readable, kReadFolder, kReadFile) &&
                      allow_all(reach.writable, kWriteFolder, kReadFile | kWriteFile) &&
                      allow_all(reach.folder_removable, LANDLOCK_ACCESS_FS_REMOVE_DIR, 0);
  const bool confined = listed && ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
  return confined ? static_cast<int>(version) : 0;
}

}  // namespace socketcore
