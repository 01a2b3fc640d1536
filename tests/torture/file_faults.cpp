// These definitions of the program's go before the C library's own, for its shared libraries as well. What the C library
// calls within itself goes past them, so each is a call that a caller has made.
#include "torture/file_faults.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "sim/faults.hpp"

namespace socketcore::test {
namespace {

std::string faulty_folder;

enum class Use : char { none, read, write };
std::array<Use, 1024> uses{};  // of descriptors in the folder

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool within(const char* path) {
  return engine_depth > 0 && !faulty_folder.empty() && std::string_view(path).starts_with(faulty_folder);
}

Use use_of(int fd) {
  return engine_depth > 0 && fd >= 0 && static_cast<std::size_t>(fd) < uses.size() ? uses[static_cast<std::size_t>(fd)]
                                                                                  : Use::none;
}
void set_use(int fd, Use use) {
  if (fd >= 0 && static_cast<std::size_t>(fd) < uses.size()) uses[static_cast<std::size_t>(fd)] = use;
}

const Fault* strikes(OsCall call) {
  const Plenty plenty;
  return faults.strikes(call);
}
/// True: the call fails, and errno says how.
bool refused(OsCall call) {
  const Fault* const fault = strikes(call);
  if (fault == nullptr) return false;
  errno = fault->number;
  return true;
}

// From now on all that the descriptor is asked fails, as the kernel would have it.
void spoil(int fd, const char* with, int flags) {
  const int other = real<int(const char*, int, ...)>("open")(with, flags | O_CLOEXEC);
  ::dup2(other, fd);
  real<int(int)>("close")(other);
}
void fill_up(int fd) { spoil(fd, "/dev/full", O_WRONLY); }
void make_unreadable(int fd) { spoil(fd, "/", O_RDONLY | O_DIRECTORY); }

void read_from(std::FILE* file) {
  const int fd = ::fileno(file);
  if (use_of(fd) != Use::none && strikes(OsCall::file_read) != nullptr) make_unreadable(fd);
}
void write_to(std::FILE* file) {
  const int fd = ::fileno(file);
  if (use_of(fd) == Use::write && strikes(OsCall::file_write) != nullptr) fill_up(fd);
}

std::FILE* open_file(const char* name, const char* path, const char* mode) {
  const bool counts = within(path);
  if (counts && refused(OsCall::file_open)) return nullptr;
  std::FILE* const file = real<std::FILE*(const char*, const char*)>(name)(path, mode);
  if (counts && file != nullptr) set_use(::fileno(file), std::string_view(mode).starts_with('r') ? Use::read : Use::write);
  return file;
}

}  // namespace

void set_faulty_folder(const std::string& folder) {
  faulty_folder = folder;
  uses.fill(Use::none);
}

}  // namespace socketcore::test

using namespace socketcore::test;

extern "C" {

std::FILE* fopen(const char* path, const char* mode) { return open_file("fopen", path, mode); }
std::FILE* fopen64(const char* path, const char* mode) { return open_file("fopen64", path, mode); }

int fclose(std::FILE* file) {
  const int fd = ::fileno(file);
  if (use_of(fd) == Use::write && strikes(OsCall::file_close) != nullptr) fill_up(fd);
  set_use(fd, Use::none);
  return real<int(std::FILE*)>("fclose")(file);
}

int fflush(std::FILE* file) {
  if (file != nullptr) write_to(file);
  return real<int(std::FILE*)>("fflush")(file);
}

std::size_t fwrite(const void* data, std::size_t size, std::size_t count, std::FILE* file) {
  write_to(file);
  return real<std::size_t(const void*, std::size_t, std::size_t, std::FILE*)>("fwrite")(data, size, count, file);
}

std::size_t fread(void* into, std::size_t size, std::size_t count, std::FILE* file) {
  read_from(file);
  return real<std::size_t(void*, std::size_t, std::size_t, std::FILE*)>("fread")(into, size, count, file);
}
std::size_t __fread_chk(void* into, std::size_t room, std::size_t size, std::size_t count, std::FILE* file) {
  read_from(file);
  return real<std::size_t(void*, std::size_t, std::size_t, std::size_t, std::FILE*)>("__fread_chk")(into, room, size, count,
                                                                                                  file);
}

char* fgets(char* into, int size, std::FILE* file) {
  read_from(file);
  return real<char*(char*, int, std::FILE*)>("fgets")(into, size, file);
}

ssize_t read(int fd, void* into, std::size_t size) {
  if (use_of(fd) != Use::none && refused(OsCall::file_read)) return -1;
  return real<ssize_t(int, void*, std::size_t)>("read")(fd, into, size);
}

ssize_t write(int fd, const void* data, std::size_t size) {
  if (use_of(fd) == Use::write) {
    if (const Fault* const fault = strikes(OsCall::file_write)) {
      if (fault->kind != Fault::Kind::one_byte) {
        errno = fault->number;
        return -1;
      }
      size = size > 0 ? 1 : 0;
    }
  }
  return real<ssize_t(int, const void*, std::size_t)>("write")(fd, data, size);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  if (use_of(fd) == Use::write) {
    if (const Fault* const fault = strikes(OsCall::file_write)) {
      if (fault->kind != Fault::Kind::one_byte) {
        errno = fault->number;
        return -1;
      }
      return real<ssize_t(int, const void*, std::size_t)>("write")(fd, pieces->iov_base, pieces->iov_len > 0 ? 1 : 0);
    }
  }
  return real<ssize_t(int, const iovec*, int)>("writev")(fd, pieces, count);
}

int mkstemp(char* name) {
  const bool counts = within(name);
  if (counts && refused(OsCall::file_open)) return -1;
  return real<int(char*)>("mkstemp")(name);
}

int rename(const char* from, const char* to) {
  if (within(from) && refused(OsCall::file_rename)) return -1;
  return real<int(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (within(from) && refused(OsCall::file_rename)) return -1;
  return real<int(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to, flags);
}

int remove(const char* path) {
  if (within(path) && refused(OsCall::file_remove)) return -1;
  return real<int(const char*)>("remove")(path);
}
int unlink(const char* path) noexcept {
  if (within(path) && refused(OsCall::file_remove)) return -1;
  return real<int(const char*)>("unlink")(path);
}
int rmdir(const char* path) noexcept {
  if (within(path) && refused(OsCall::file_remove)) return -1;
  return real<int(const char*)>("rmdir")(path);
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  if ((within(path) || use_of(folder) != Use::none) && refused(OsCall::file_remove)) return -1;
  return real<int(int, const char*, int)>("unlinkat")(folder, path, flags);
}

int mkdir(const char* path, mode_t mode) noexcept {
  if (within(path) && refused(OsCall::make_dir)) return -1;
  return real<int(const char*, mode_t)>("mkdir")(path, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const auto mode = static_cast<mode_t>((flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, int) : 0);
  va_end(arguments);
  const bool counts = within(path) || use_of(folder) != Use::none;
  if (counts && refused(OsCall::file_open)) return -1;
  const int fd = real<int(int, const char*, int, ...)>("openat")(folder, path, flags, mode);
  if (counts) set_use(fd, (flags & O_ACCMODE) == O_RDONLY ? Use::read : Use::write);
  return fd;
}

DIR* opendir(const char* path) {
  if (within(path) && refused(OsCall::file_open)) return nullptr;
  DIR* const folder = real<DIR*(const char*)>("opendir")(path);
  if (folder != nullptr && within(path)) set_use(::dirfd(folder), Use::read);
  return folder;
}
dirent* readdir(DIR* folder) {
  if (use_of(::dirfd(folder)) != Use::none && refused(OsCall::read_dir)) return nullptr;
  return real<dirent*(DIR*)>("readdir")(folder);
}
int closedir(DIR* folder) {
  set_use(::dirfd(folder), Use::none);
  return real<int(DIR*)>("closedir")(folder);
}

}  // extern "C"
