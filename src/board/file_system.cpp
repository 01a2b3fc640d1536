#include "board/file_system.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <new>
#include <system_error>

#include "board/folder.hpp"

namespace socketcore {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 4> kOwnRoots = {"lua", "ldata", "luazip", "RecDir"};

constexpr Refusal kLeadsOut{EACCES, "leads out of the device's files"};
constexpr Refusal kReadOnly{EROFS, "the project's files are read only"};
constexpr Refusal kNoFile{ENOENT, "No such file or directory"};
constexpr Refusal kNotMounted{ENOENT, "the medium is not mounted"};
constexpr Refusal kBusy{EBUSY, "this is a root of the device's files"};
constexpr Refusal kZeroByte{EINVAL, "a zero byte in a path"};
constexpr Refusal kTooLong{ENAMETOOLONG, "File name too long"};
constexpr Refusal kFolder{EISDIR, "Is a directory"};
constexpr Refusal kNotOrdinary{EINVAL, "not an ordinary file"};
constexpr Refusal kNoMemory{ENOMEM, "not enough memory"};
constexpr Refusal kUnreadable{EIO, "cannot be read"};
constexpr Refusal kUnwritable{EACCES, "the flash cannot be written"};

bool is_own_root(std::string_view name) {
  return std::find(kOwnRoots.begin(), kOwnRoots.end(), name) != kOwnRoots.end();
}

// The entry itself, not what a link points to.
bool is_of_entry(Access access) {
  return access == Access::replace || access == Access::move;
}

bool is_script_root(std::string_view name) {
  return name == "lua" || name == "ldata";
}

// Both without symbolic links.
bool lies_in(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

fs::path join(const fs::path& root, const std::vector<std::string>& names, std::size_t first) {
  fs::path result = root;
  for (std::size_t i = first; i < names.size(); ++i) result /= names[i];
  return result;
}

// Without symbolic links. The path itself where it cannot be told: there is nothing behind it then.
fs::path real_path(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  return error ? fs::absolute(path, error).lexically_normal() : real;
}

DirectoryEntry describe(const fs::path& path) {
  std::error_code error;
  DirectoryEntry result;
  result.name = path.filename().string();
  result.folder = fs::is_directory(path, error);
  if (!result.folder && fs::is_regular_file(path, error)) {
    const std::uintmax_t size = fs::file_size(path, error);
    if (!error) result.size_bytes = size;
  }
  return result;
}

// `what` with everything that it throws as a refusal: that is memory, and what std::filesystem knows no other way to say.
template <typename What>
Refusal guarded(What what) noexcept {
  try {
    return what();
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  } catch (const std::exception&) {
    return kUnreadable;
  }
}

}  // namespace

FileSystem::FileSystem(const Settings& settings) : data_(real_path(settings.data_folder)) {
  for (const Path& folder : settings.script_folders) {
    std::error_code error;
    scripts_.push_back({fs::absolute(folder, error), real_path(folder), {}});
    scan(scripts_.back());
  }
}

// In the order of their depth and then their names, so that what is found does not hang on the order of a directory.
void FileSystem::scan(ScriptFolder& folder) const {
  std::vector<Path> level{folder.path};
  folder.files.clear();
  while (!level.empty()) {
    std::vector<Path> files;
    std::vector<Path> below;
    for (const Path& path : level) {
      Folder entries(path.c_str());
      while (const char* const name = entries.next()) {
        std::error_code unknown;
        Path entry = path / name;
        if (fs::is_regular_file(entry, unknown)) {
          files.push_back(std::move(entry));
        } else if (*name != '.' && fs::is_directory(fs::symlink_status(entry, unknown)) && real_path(entry) != data_) {
          below.push_back(std::move(entry));
        }
      }
    }
    std::sort(files.begin(), files.end());
    for (const Path& file : files) folder.files.emplace(file.filename().string(), file);
    std::sort(below.begin(), below.end());
    level = std::move(below);
  }
}

FileSystem::Walked FileSystem::walk(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return {kZeroByte, {}};
  if (path.size() >= PATH_MAX) return {kTooLong, {}};
  Walked walked;
  while (!path.empty()) {
    const std::size_t size = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, size);
    path.remove_prefix(std::min(size + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      walked.names.emplace_back(name);
    } else if (walked.names.empty()) {
      return {kLeadsOut, {}};
    } else {
      walked.names.pop_back();
    }
  }
  return walked;
}

bool FileSystem::within_scripts(const Path& real) const {
  return std::any_of(scripts_.begin(), scripts_.end(),
                     [&](const ScriptFolder& folder) { return lies_in(real, folder.real); });
}

// In the first folder that has the name. What was found before may be gone.
bool FileSystem::find_script(const std::string& name, Path& host) const {
  std::error_code error;
  for (const ScriptFolder& folder : scripts_) {
    host = folder.path / name;
    if (fs::is_regular_file(host, error)) return true;
    const auto found = folder.files.find(name);
    if (found == folder.files.end() || !fs::is_regular_file(found->second, error)) continue;
    host = found->second;
    return true;
  }
  return false;
}

Refusal FileSystem::locate_script(const std::vector<std::string>& names, Path& host) const {
  std::error_code error;
  if (names.size() == 1) {
    if (scripts_.empty()) return kNoFile;
    host = scripts_.front().path;
    return {};
  }
  bool found = names.size() == 2 && find_script(names[1], host);
  if (!found && names.size() == 2) {
    for (ScriptFolder& folder : scripts_) scan(folder);
    found = find_script(names[1], host);
  }
  for (auto folder = scripts_.begin(); !found && folder != scripts_.end(); ++folder) {
    host = join(folder->path, names, 1);
    found = fs::exists(host, error);
  }
  if (!found) return kNoFile;
  return within_scripts(real_path(host)) ? Refusal{} : kLeadsOut;
}

Refusal FileSystem::locate_data(const std::vector<std::string>& names, Access access, Path& host) const {
  host = join(data_, names, 0);
  Path root = data_;
  const auto medium = names.empty() ? media_.end() : media_.find(names.front());
  if (medium != media_.end()) {
    if (!medium->second) return kNotMounted;
    root = real_path(data_ / names.front());
  }
  const bool is_root = names.empty() || (medium != media_.end() && names.size() == 1);
  if (is_root) return is_of_entry(access) ? kBusy : Refusal{};

  std::error_code error;
  if (access == Access::move && fs::is_symlink(host, error)) return kLeadsOut;
  // A link whose target is missing is followed by an open() that makes the file.
  const bool follow = !is_of_entry(access) && fs::exists(fs::symlink_status(host, error));
  const Path real = fs::canonical(follow ? host : host.parent_path(), error);
  if (!error) return lies_in(real, root) ? Refusal{} : kLeadsOut;
  if (follow) return kLeadsOut;
  return kNoFile;
}

Refusal FileSystem::locate(std::string_view path, Access access, Path& host) const {
  const Walked walked = walk(path);
  if (!walked.refusal.ok()) return walked.refusal;
  if (walked.names.empty() || !is_script_root(walked.names.front())) return locate_data(walked.names, access, host);
  if (access != Access::read) return kReadOnly;
  return locate_script(walked.names, host);
}

Refusal FileSystem::resolve(std::string_view path, Access access, std::string& host) const noexcept {
  return guarded([&] {
    Path found;
    const Refusal refusal = locate(path, access, found);
    if (!refusal.ok()) return refusal;
    std::error_code error;
    const fs::file_status status = fs::status(found, error);
    const bool ordinary = !fs::exists(status) || fs::is_regular_file(status) || fs::is_directory(status);
    if (!ordinary && !is_of_entry(access)) return kNotOrdinary;
    host = found.string();
    return Refusal{};
  });
}

Refusal FileSystem::read_file(std::string_view path, std::string& content) const noexcept {
  return guarded([&]() -> Refusal {
    Path host;
    const Refusal refusal = locate(path, Access::read, host);
    if (!refusal.ok()) return refusal;
    std::error_code error;
    const fs::file_status status = fs::status(host, error);
    if (!fs::exists(status)) return kNoFile;
    if (fs::is_directory(status)) return kFolder;
    if (!fs::is_regular_file(status)) return kNotOrdinary;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(host.c_str(), "rb"), std::fclose);
    if (file == nullptr) return errno == EACCES ? Refusal{EACCES, "Permission denied"} : kUnreadable;
    content.clear();
    std::array<char, 16384> piece{};
    while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get())) {
      content.append(piece.data(), size);
    }
    return std::ferror(file.get()) == 0 ? Refusal{} : kUnreadable;
  });
}

Refusal FileSystem::make_temporary(std::string& path) const noexcept {
  return guarded([&]() -> Refusal {
    constexpr std::string_view kName = "/tmp_XXXXXX";
    path = kName;  // before there is a file that nobody would know of
    std::string host = data_.string().append(kName);
    const int fd = ::mkstemp(host.data());
    if (fd < 0) return {errno, kUnwritable.reason};
    ::close(fd);
    std::copy(host.end() - static_cast<std::ptrdiff_t>(kName.size()), host.end(), path.begin());
    return {};
  });
}

bool FileSystem::make_dir(std::string_view path) const noexcept {
  return guarded([&]() -> Refusal {
           const Walked walked = walk(path);
           if (!walked.refusal.ok()) return walked.refusal;
           if (walked.names.empty()) return kBusy;
           if (walked.names.size() == 1 && is_own_root(walked.names.front())) return kBusy;
           // One by one, for a link on the way may lead out.
           std::string above;
           Path host;
           for (const std::string& name : walked.names) {
             above += "/" + name;
             const Refusal refusal = locate(above, Access::write, host);
             if (!refusal.ok()) return refusal;
             std::error_code error;
             fs::create_directory(host, error);
             if (!fs::is_directory(host, error)) return kUnwritable;
           }
           return {};
         })
      .ok();
}

bool FileSystem::remove_dir(std::string_view path) const noexcept {
  return guarded([&]() -> Refusal {
           const Walked walked = walk(path);
           if (!walked.refusal.ok()) return walked.refusal;
           if (walked.names.size() == 1 && is_own_root(walked.names.front())) return kBusy;
           Path host;
           const Refusal refusal = locate(path, Access::replace, host);
           if (!refusal.ok()) return refusal;
           std::error_code error;
           if (!fs::is_directory(fs::symlink_status(host, error))) return kNoFile;
           return remove_all(host.c_str()) != 0 ? kUnwritable : Refusal{};
         })
      .ok();
}

Space FileSystem::space(Volume volume) const noexcept {
  Space result;
  guarded([&]() -> Refusal {
    constexpr std::array<std::string_view, 3> kPaths = {"/", "/sdcard0", "/usbmsc0"};
    Path host;
    const Refusal refusal = locate(kPaths.at(static_cast<std::size_t>(volume)), Access::read, host);
    if (!refusal.ok()) return refusal;
    std::error_code error;
    const fs::space_info info = fs::space(host, error);
    if (error) return kUnreadable;
    result = {info.capacity, info.available};
    return {};
  });
  return result;
}

const std::string* FileSystem::medium_name(const Walked& walked) const {
  if (!walked.refusal.ok() || walked.names.size() != 1 || is_own_root(walked.names.front())) return nullptr;
  return &walked.names.front();
}

bool FileSystem::mount(std::string_view path) noexcept {
  return guarded([&]() -> Refusal {
           const Walked walked = walk(path);
           const std::string* const name = medium_name(walked);
           if (name == nullptr) return kBusy;
           const Path host = data_ / *name;
           std::error_code error;
           fs::create_directory(host, error);
           if (!fs::is_directory(host, error)) return kUnwritable;
           // A card may be a link of the user's. What else the flash has of them is not meant for this.
           if (media_.count(*name) == 0 && fs::is_symlink(host, error)) return kLeadsOut;
           media_[*name] = true;
           return {};
         })
      .ok();
}

bool FileSystem::unmount(std::string_view path) noexcept {
  return guarded([&]() -> Refusal {
           const Walked walked = walk(path);
           const std::string* const name = medium_name(walked);
           const auto medium = name == nullptr ? media_.end() : media_.find(*name);
           if (medium == media_.end() || !medium->second) return kNotMounted;
           medium->second = false;
           return {};
         })
      .ok();
}

bool FileSystem::format(std::string_view path) const noexcept {
  return guarded([&]() -> Refusal {
           const Walked walked = walk(path);
           const std::string* const name = medium_name(walked);
           if (name == nullptr) return kBusy;
           std::error_code error;
           if (media_.count(*name) == 0 && fs::is_symlink(data_ / *name, error)) return kLeadsOut;
           const Path host = data_ / *name;
           Folder entries(host.c_str());
           if (entries.error() == ENOENT) return {};
           while (const char* const entry = entries.next()) {
             if (remove_all((host / entry).c_str()) != 0) return kUnwritable;
           }
           return entries.error() != 0 ? kUnreadable : Refusal{};
         })
      .ok();
}

bool FileSystem::list(std::string_view path, std::vector<DirectoryEntry>& entries) const noexcept {
  return guarded([&]() -> Refusal {
           entries.clear();
           const Walked walked = walk(path);
           if (!walked.refusal.ok()) return walked.refusal;
           const bool top = walked.names.empty();
           if (walked.names.size() == 1 && is_script_root(walked.names.front())) {
             std::map<std::string, Path, std::less<>> all;
             for (ScriptFolder& folder : scripts_) {
               scan(folder);
               all.insert(folder.files.begin(), folder.files.end());
             }
             for (const auto& [name, file] : all) entries.push_back(describe(file));
             return {};
           }
           Path host;
           const Refusal refusal = locate(path, Access::read, host);
           if (!refusal.ok()) return refusal;
           Folder found(host.c_str());
           while (const char* const name = found.next()) {
             DirectoryEntry entry = describe(host / name);
             const auto medium = media_.find(entry.name);
             const bool hidden = is_script_root(entry.name) || (medium != media_.end() && !medium->second);
             if (!top || !hidden) entries.push_back(std::move(entry));
           }
           std::sort(entries.begin(), entries.end(),
                     [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
           return found.error() != 0 ? kUnreadable : Refusal{};
         })
      .ok();
}

}  // namespace socketcore
