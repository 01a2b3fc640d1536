#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The files of one device: what a script calls `/NAME`, and where it lies on the host.
///
/// - `/lua/NAME`, `/ldata/NAME`: the script folders, read only, in their order. Flat, as on the device: what lies in a
///   sub-folder is found by its name alone, and the first folder that has the name wins, sub-folders included.
/// - `/sdcard0/`, `/usbmsc0/`: folders of these names in the data folder, there while they are mounted.
/// - Everything else: the data folder, which stands for the flash. A relative name counts from `/`.
///
/// No path leads out of these folders, whatever `..` or symbolic link it goes through. Nothing here throws or blocks for
/// longer than the host's file system does.
namespace socketcore {

/// What a caller wants to do with a path.
enum class Access : std::uint8_t {
  read,
  write,    ///< to open it for writing
  replace,  ///< to create, overwrite or remove the entry itself; never a root or a medium
  move,     ///< to give the entry another place; never a link either, which may lead elsewhere from there
};

/// Why not. `error` is an errno value, 0 for success; `reason` is for people, static, and names no path.
struct Refusal {
  int error = 0;
  const char* reason = "";

  [[nodiscard]] bool ok() const noexcept { return error == 0; }
};

enum class Volume : std::uint8_t { flash, sd_card, usb_disk };

struct Space {
  std::uintmax_t total_bytes = 0;
  std::uintmax_t free_bytes = 0;
};

struct DirectoryEntry {
  std::string name;
  bool folder = false;
  std::uintmax_t size_bytes = 0;
};

class FileSystem {
 public:
  struct Settings {
    /// What is under /lua: the project first, then libraries. Those that are missing are passed over.
    std::vector<std::filesystem::path> script_folders;
    /// The flash. It must exist.
    std::filesystem::path data_folder;
  };
  explicit FileSystem(const Settings& settings);

  /// Puts the host's path of `path` into `host`. Whether anything is there shows when it is used, but for /lua, where a
  /// name that no folder has is refused with ENOENT. Others: EACCES (it leads out), EROFS (writing below /lua), ENOENT
  /// (a medium that is not mounted), EBUSY (replacing a root or a medium), EINVAL (a zero byte; to be opened, and neither a
  /// file nor a folder: a FIFO would hold up the device), ENOMEM.
  [[nodiscard]] Refusal resolve(std::string_view path, Access access, std::string& host) const noexcept;

  /// Puts all of the file `path` into `content`. Also refuses what is no ordinary file (EISDIR, EINVAL).
  [[nodiscard]] Refusal read_file(std::string_view path, std::string& content) const noexcept;

  /// Makes an empty file with a new name and puts that name, as a script sees it, into `path`.
  [[nodiscard]] Refusal make_temporary(std::string& path) const noexcept;

  /// Makes the folder and those above it. True where it is there already. Refuses the roots that the device has of its own:
  /// /, /lua, /ldata, /luazip, /RecDir.
  bool make_dir(std::string_view path) const noexcept;
  /// Removes the folder with all that is in it. Refuses the same roots, and media. False where it is no folder.
  bool remove_dir(std::string_view path) const noexcept;

  /// Both are 0 for a medium that is not mounted.
  [[nodiscard]] Space space(Volume volume) const noexcept;

  /// Makes the medium at `path` ("/sdcard0") reachable: a folder of that name in the data folder, made if it is missing.
  /// False where `path` is not one name below /, one of the device's own roots, or the folder cannot be made.
  bool mount(std::string_view path) noexcept;
  /// False where nothing is mounted there.
  bool unmount(std::string_view path) noexcept;
  /// Empties the medium, mounted or not. False as with mount().
  bool format(std::string_view path) const noexcept;

  /// Puts the entries of a folder into `entries`, by name. Those of /lua are all files that are found there. False where it
  /// cannot be read.
  [[nodiscard]] bool list(std::string_view path, std::vector<DirectoryEntry>& entries) const noexcept;

 private:
  using Path = std::filesystem::path;
  struct ScriptFolder {
    Path path;
    Path real;                                       // without symbolic links
    std::map<std::string, Path, std::less<>> files;  // by their names alone
  };
  struct Walked {
    Refusal refusal;
    std::vector<std::string> names;  // of the folders from / on, and of the entry
  };

  [[nodiscard]] static Walked walk(std::string_view path);
  [[nodiscard]] Refusal locate(std::string_view path, Access access, Path& host) const;
  [[nodiscard]] Refusal locate_script(const std::vector<std::string>& names, Path& host) const;
  [[nodiscard]] Refusal locate_data(const std::vector<std::string>& names, Access access, Path& host) const;
  [[nodiscard]] bool find_script(const std::string& name, Path& host) const;
  [[nodiscard]] bool within_scripts(const Path& real) const;
  [[nodiscard]] const std::string* medium_name(const Walked& walked) const;
  void scan(ScriptFolder& folder) const;

  mutable std::vector<ScriptFolder> scripts_;  // what was found, which says nothing of what is
  Path data_;                                  // without symbolic links
  std::map<std::string, bool, std::less<>> media_{{"sdcard0", false}, {"usbmsc0", false}};  // whether mounted
};

}  // namespace socketcore
