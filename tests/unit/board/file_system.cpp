#include "board/file_system.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "unit/board/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using socketcore::Access;
using socketcore::DirectoryEntry;
using socketcore::FileSystem;
using socketcore::Refusal;
using socketcore::Volume;

class Files : public testing::Test {
 protected:
  Files() {
    for (const char* folder : {"project", "library", "own", "data"}) fs::create_directories(root_ / folder);
  }

  FileSystem make() {
    return FileSystem({{root_ / "project", root_ / "library", root_ / "missing", root_ / "own"}, root_ / "data"});
  }
  // Where a path leads, below the temporary folder; or what is wrong with it.
  [[nodiscard]] std::string where(const FileSystem& files, std::string_view path, Access access = Access::read) const {
    std::string host;
    const Refusal refusal = files.resolve(path, access, host);
    if (!refusal.ok()) return refusal.reason;
    return fs::path(host).lexically_relative(root_ / "").string();
  }
  [[nodiscard]] int error(const FileSystem& files, std::string_view path, Access access = Access::read) const {
    std::string host = "untouched";
    const Refusal refusal = files.resolve(path, access, host);
    EXPECT_TRUE(refusal.ok() || host == "untouched") << host;
    return refusal.error;
  }
  [[nodiscard]] static std::string names(const FileSystem& files, std::string_view path) {
    std::vector<DirectoryEntry> entries;
    if (!files.list(path, entries)) return "unreadable";
    std::string all;
    for (const DirectoryEntry& entry : entries) {
      all += entry.name + (entry.folder ? "/" : ":" + std::to_string(entry.size_bytes)) + " ";
    }
    return all;
  }

  TemporaryFolder root_;
};

TEST_F(Files, FlashIsTheDataFolder) {
  const FileSystem files = make();
  EXPECT_EQ(where(files, "/a.txt"), "data/a.txt");
  EXPECT_EQ(where(files, "a.txt"), "data/a.txt");
  EXPECT_EQ(where(files, "./a.txt", Access::write), "data/a.txt");
  EXPECT_EQ(where(files, "//a//.//b/../b"), "No such file or directory");
  fs::create_directories(root_ / "data/a");
  EXPECT_EQ(where(files, "//a//.//b/../b"), "data/a/b");
  EXPECT_EQ(where(files, "/"), "data");
  EXPECT_EQ(where(files, ""), "data");
  EXPECT_EQ(where(files, "/#lua_user#", Access::replace), "data/#lua_user#");
}

TEST_F(Files, ProjectWinsOverLibrariesInTheirOrder) {
  root_.write("project/sub/deep/sys.lua", "");
  root_.write("library/sys.lua", "");
  root_.write("library/log.lua", "");
  root_.write("own/log.lua", "");
  root_.write("own/net.lua", "");
  const FileSystem files = make();
  EXPECT_EQ(where(files, "/lua/sys.lua"), "project/sub/deep/sys.lua");
  EXPECT_EQ(where(files, "/lua/log.lua"), "library/log.lua");
  EXPECT_EQ(where(files, "/ldata/net.lua"), "own/net.lua");
  EXPECT_EQ(where(files, "lua/net.lua"), "own/net.lua");
}

TEST_F(Files, SubFoldersOfTheProjectAreFlattened) {
  root_.write("project/main.lua", "");
  root_.write("project/b/x.mp3", "");
  root_.write("project/a/c/x.mp3", "");
  root_.write("project/.git/config", "");
  const FileSystem files = make();
  EXPECT_EQ(where(files, "/lua/x.mp3"), "project/b/x.mp3") << "the one that is less deep";
  EXPECT_EQ(where(files, "/lua/a/c/x.mp3"), "project/a/c/x.mp3") << "as it stands on the host";
  EXPECT_EQ(error(files, "/lua/config"), ENOENT);
  EXPECT_EQ(error(files, "/lua/a/x.mp3"), ENOENT);
  EXPECT_EQ(names(files, "/lua"), "main.lua:0 x.mp3:0 ");
  EXPECT_EQ(names(files, "/ldata/"), "main.lua:0 x.mp3:0 ");
}

TEST_F(Files, FilesThatComeAndGoAreSeen) {
  root_.write("project/sub/old.lua", "");
  const FileSystem files = make();
  EXPECT_EQ(error(files, "/lua/new.lua"), ENOENT);
  root_.write("project/sub/new.lua", "");
  EXPECT_EQ(where(files, "/lua/new.lua"), "project/sub/new.lua");
  fs::remove(root_ / "project/sub/old.lua");
  EXPECT_EQ(error(files, "/lua/old.lua"), ENOENT);
}

TEST_F(Files, AFlashWithinTheProjectIsNoPartOfIt) {
  root_.write("project/flash/secret", "");
  const FileSystem files({{root_ / "project"}, root_ / "project/flash"});
  EXPECT_EQ(error(files, "/lua/secret"), ENOENT);
  EXPECT_EQ(where(files, "/secret"), "project/flash/secret");
}

TEST_F(Files, ProjectIsReadOnly) {
  root_.write("project/main.lua", "");
  const FileSystem files = make();
  for (const char* path : {"/lua/main.lua", "/lua/new", "/ldata/new", "/lua", "lua/x", "/x/../lua/main.lua"}) {
    EXPECT_EQ(error(files, path, Access::write), EROFS) << path;
    EXPECT_EQ(error(files, path, Access::replace), EROFS) << path;
  }
  EXPECT_FALSE(files.make_dir("/lua/sub"));
  EXPECT_FALSE(files.remove_dir("/lua/sub"));
}

TEST_F(Files, NothingLeadsOut) {
  root_.write("project/main.lua", "");
  root_.write("outside/secret", "");
  fs::create_symlink(root_ / "outside", root_ / "data/folder");
  fs::create_symlink(root_ / "outside/secret", root_ / "data/file");
  fs::create_symlink(root_ / "outside/new", root_ / "data/dangling");
  fs::create_symlink("loop", root_ / "data/loop");
  fs::create_symlink(root_ / "outside/secret", root_ / "project/linked");
  fs::create_symlink(root_ / "outside", root_ / "project/sub");
  FileSystem files = make();
  for (const char* path : {"..", "/..", "/../data/x", "/lua/../../etc/passwd", "/lua/../..", "a/../../x", "/./.././x",
                           "/folder/secret", "/file", "/dangling", "/loop", "/folder/none/.."}) {
    EXPECT_EQ(error(files, path), EACCES) << path;
    EXPECT_EQ(error(files, path, Access::write), EACCES) << path;
  }
  EXPECT_EQ(error(files, "/lua/linked"), EACCES);
  EXPECT_EQ(error(files, "/lua/sub/secret"), EACCES);
  EXPECT_EQ(error(files, "/lua/secret"), ENOENT);
  EXPECT_EQ(error(files, "/folder/secret", Access::replace), EACCES);
  EXPECT_EQ(where(files, "/file", Access::replace), "data/file") << "the link itself is the flash's";
  EXPECT_EQ(error(files, "/file", Access::move), EACCES) << "from another place it may lead elsewhere";
  EXPECT_EQ(error(files, "/dangling", Access::move), EACCES);
  EXPECT_EQ(error(files, "/etc/passwd"), ENOENT) << "the device's own /etc";
  EXPECT_EQ(error(files, (root_ / "outside/secret").string()), ENOENT);
  using namespace std::string_view_literals;
  EXPECT_EQ(error(files, "/a\0b"sv), EINVAL);
  EXPECT_EQ(error(files, "\0"sv), EINVAL);
  EXPECT_EQ(error(files, std::string(100'000, 'x')), ENAMETOOLONG);
  EXPECT_FALSE(files.make_dir("/folder/new"));
  EXPECT_FALSE(files.make_dir("/folder/new/newer"));
  EXPECT_FALSE(files.make_dir("/../new"));
  EXPECT_FALSE(files.remove_dir("/folder"));
  EXPECT_FALSE(files.remove_dir("/.."));
  EXPECT_FALSE(files.mount("/folder"));
  EXPECT_FALSE(files.format("/folder"));
  EXPECT_FALSE(fs::exists(root_ / "outside/new"));
  EXPECT_EQ(names(files, "/folder"), "unreadable");
  EXPECT_EQ(names(files, "/.."), "unreadable");
  EXPECT_TRUE(fs::exists(root_ / "outside/secret"));
}

TEST_F(Files, LinksWithinTheFoldersAreFollowed) {
  root_.write("data/real/a", "");
  root_.write("library/shared.lua", "");
  fs::create_symlink("real", root_ / "data/link");
  fs::create_symlink(root_ / "library/shared.lua", root_ / "project/other.lua");
  const FileSystem files = make();
  EXPECT_EQ(where(files, "/link/a"), "data/link/a");
  EXPECT_EQ(where(files, "/link/a", Access::move), "data/link/a");
  EXPECT_EQ(error(files, "/link", Access::move), EACCES);
  EXPECT_EQ(where(files, "/lua/other.lua"), "project/other.lua");
}

TEST_F(Files, MediaAreThereWhileTheyAreMounted) {
  FileSystem files = make();
  EXPECT_EQ(where(files, "/sdcard0/a"), "the medium is not mounted");
  EXPECT_FALSE(files.unmount("/sdcard0"));
  EXPECT_EQ(files.space(Volume::sd_card).total_bytes, 0U);
  EXPECT_TRUE(files.mount("/sdcard0"));
  EXPECT_EQ(where(files, "/sdcard0/a", Access::write), "data/sdcard0/a");
  EXPECT_EQ(error(files, "/usbmsc0/a", Access::write), ENOENT);
  EXPECT_GT(files.space(Volume::sd_card).total_bytes, 0U);
  EXPECT_EQ(error(files, "/sdcard0", Access::replace), EBUSY);
  EXPECT_FALSE(files.remove_dir("/sdcard0"));
  EXPECT_EQ(names(files, "/"), "sdcard0/ ");
  root_.write("data/sdcard0/sub/a", "x");
  EXPECT_TRUE(files.format("/sdcard0"));
  EXPECT_EQ(names(files, "/sdcard0"), "");
  EXPECT_TRUE(files.unmount("/sdcard0"));
  EXPECT_EQ(names(files, "/sdcard0"), "unreadable");
  EXPECT_EQ(names(files, "/"), "");
  EXPECT_TRUE(fs::is_directory(root_ / "data/sdcard0"));
}

TEST_F(Files, AFlashChipIsMountedAtAPathOfItsOwn) {
  FileSystem files = make();
  EXPECT_TRUE(files.format("/ext1"));
  EXPECT_TRUE(files.mount("/ext1"));
  EXPECT_EQ(where(files, "/ext1/a", Access::write), "data/ext1/a");
  EXPECT_TRUE(files.unmount("/ext1"));
  EXPECT_EQ(error(files, "/ext1/a"), ENOENT);
  for (const char* path : {"", "/", "/lua", "/a/b", "/RecDir", "/.."}) {
    EXPECT_FALSE(files.mount(path)) << path;
    EXPECT_FALSE(files.unmount(path)) << path;
    EXPECT_FALSE(files.format(path)) << path;
  }
}

TEST_F(Files, ACardMayLieElsewhere) {
  root_.write("card/photo", "");
  fs::create_symlink(root_ / "card", root_ / "data/sdcard0");
  fs::create_symlink(root_ / "project", root_ / "card/out");
  FileSystem files = make();
  EXPECT_TRUE(files.mount("/sdcard0"));
  EXPECT_EQ(where(files, "/sdcard0/photo"), "data/sdcard0/photo");
  EXPECT_EQ(error(files, "/sdcard0/out/x"), EACCES);
}

TEST_F(Files, FoldersAreMadeAndRemoved) {
  root_.write("data/file", "");
  const FileSystem files = make();
  EXPECT_TRUE(files.make_dir("/user_dir"));
  EXPECT_TRUE(files.make_dir("/user_dir")) << "there already";
  EXPECT_TRUE(files.make_dir("/#lua_user#/"));
  EXPECT_TRUE(files.make_dir("a/b/c"));
  EXPECT_TRUE(fs::is_directory(root_ / "data/a/b/c"));
  EXPECT_FALSE(files.make_dir("/file"));
  EXPECT_FALSE(files.make_dir("/file/x"));
  root_.write("data/a/b/x", "x");
  EXPECT_TRUE(files.remove_dir("/a"));
  EXPECT_FALSE(fs::exists(root_ / "data/a"));
  EXPECT_FALSE(files.remove_dir("/a"));
  EXPECT_FALSE(files.remove_dir("/file"));
}

TEST_F(Files, TheDevicesOwnRootsAreRefused) {
  const FileSystem files = make();
  for (const char* path : {"/", "", "/lua", "/ldata", "/luazip", "/RecDir", "/RecDir/", "/x/../luazip"}) {
    EXPECT_FALSE(files.make_dir(path)) << path;
    EXPECT_FALSE(files.remove_dir(path)) << path;
  }
  EXPECT_EQ(error(files, "/", Access::replace), EBUSY);
  EXPECT_TRUE(fs::is_directory(root_ / "data"));
}

TEST_F(Files, ListsKindsAndSizes) {
  root_.write("data/b", "12345");
  root_.write("data/a/x", "");
  root_.write("data/lua/hidden", "");
  const FileSystem files = make();
  EXPECT_EQ(names(files, "/"), "a/ b:5 ");
  EXPECT_EQ(names(files, "/a"), "x:0 ");
  EXPECT_EQ(names(files, "/b"), "unreadable");
  EXPECT_EQ(names(files, "/none"), "unreadable");
}

TEST_F(Files, ReadsOrdinaryFilesOnly) {
  using namespace std::string_literals;
  const std::string bytes = "a\0b"s + std::string(50'000, 'x');
  root_.write("project/sub/bytes", bytes);
  root_.write("data/empty", "");
  ASSERT_EQ(::mkfifo((root_ / "data/fifo").c_str(), 0600), 0);
  const FileSystem files = make();
  std::string content = "old";
  EXPECT_TRUE(files.read_file("/lua/bytes", content).ok());
  EXPECT_EQ(content, bytes);
  EXPECT_TRUE(files.read_file("/empty", content).ok());
  EXPECT_EQ(content, "");
  EXPECT_EQ(files.read_file("/", content).error, EISDIR);
  EXPECT_EQ(files.read_file("/none", content).error, ENOENT);
  EXPECT_EQ(files.read_file("/fifo", content).error, EINVAL);
  EXPECT_EQ(error(files, "/fifo"), EINVAL) << "to open it would wait for somebody at its other end";
  EXPECT_EQ(error(files, "/fifo", Access::write), EINVAL);
  EXPECT_EQ(where(files, "/fifo", Access::replace), "data/fifo") << "it can be removed";
}

TEST_F(Files, SpaceIsTheHosts) {
  const FileSystem files = make();
  EXPECT_GT(files.space(Volume::flash).free_bytes, 0U);
  EXPECT_GE(files.space(Volume::flash).total_bytes, files.space(Volume::flash).free_bytes);
  EXPECT_EQ(files.space(Volume::usb_disk).free_bytes, 0U);
}

TEST_F(Files, TemporaryNamesAreNew) {
  const FileSystem files = make();
  std::string first;
  std::string second;
  ASSERT_TRUE(files.make_temporary(first).ok());
  ASSERT_TRUE(files.make_temporary(second).ok());
  EXPECT_NE(first, second);
  EXPECT_EQ(first[0], '/');
  EXPECT_TRUE(fs::exists(root_ / ("data" + first)));
  fs::remove_all(root_ / "data");
  EXPECT_FALSE(files.make_temporary(first).ok());
}

}  // namespace
