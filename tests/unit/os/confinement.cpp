// What the kernel withholds from a process that has confined itself: tried in children, for there is no way back.
#include "os/confinement.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;

// What `work` answers, in a child.
template <typename Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Confinement : public testing::Test {
 protected:
  void SetUp() override {
    if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
      GTEST_SKIP() << "this kernel has no Landlock";
    }
    std::string made = testing::TempDir() + "confinement-XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    root_ = made;
    for (const char* name : {"read", "written", "outside"}) {
      fs::create_directory(root_ / name);
      std::ofstream(root_ / name / "file") << "old";
    }
    fs::create_symlink(root_ / "outside/file", root_ / "written/link");
    reach_.readable = {at("read"), at("none")};
    reach_.writable = {at("written")};
  }
  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] std::string at(const char* path) const { return (root_ / path).string(); }

  // The error of a call, 0 for none, in a confined child; 255: it could not be confined.
  template <typename Call>
  int error_of(Call call) {
    return in_child([&] {
      if (socketcore::confine_files(reach_) == 0) return 255;
      errno = 0;
      return call() >= 0 ? 0 : errno;
    });
  }
  int error_of_open(const char* path, int flags) {
    return error_of([&] { return ::open(at(path).c_str(), flags, 0600); });
  }

  fs::path root_;
  socketcore::Reach reach_;
};

TEST_F(Confinement, OpensWhatIsListed) {
  EXPECT_EQ(error_of_open("read/file", O_RDONLY), 0);
  EXPECT_EQ(error_of_open("read", O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(error_of_open("written/file", O_RDWR | O_TRUNC), 0);
  EXPECT_EQ(error_of_open("written/new", O_WRONLY | O_CREAT), 0);
  EXPECT_EQ(error_of([&] { return ::mkdir(at("written/folder").c_str(), 0700); }), 0);
  EXPECT_EQ(error_of([&] { return ::rename(at("written/new").c_str(), at("written/folder/new").c_str()); }), 0);
  EXPECT_EQ(error_of([&] { return ::unlink(at("written/folder/new").c_str()); }), 0);
  EXPECT_EQ(error_of([&] { return ::rmdir(at("written/folder").c_str()); }), 0);
}

TEST_F(Confinement, OpensNothingElse) {
  EXPECT_EQ(error_of_open("outside/file", O_RDONLY), EACCES);
  EXPECT_EQ(error_of_open("outside", O_RDONLY | O_DIRECTORY), EACCES);
  EXPECT_EQ(error_of_open("outside/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(error_of_open("read/file", O_WRONLY), EACCES);
  EXPECT_EQ(error_of_open("read/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(error_of_open("written/link", O_RDONLY), EACCES);
  EXPECT_EQ(error_of_open("written/../outside/file", O_RDONLY), EACCES);
  EXPECT_EQ(error_of([] { return ::open("/etc/passwd", O_RDONLY); }), EACCES);
  EXPECT_EQ(error_of([] { return ::open("/proc/self/environ", O_RDONLY); }), EACCES);
}

TEST_F(Confinement, ChangesNothingElse) {
  EXPECT_EQ(error_of([&] { return ::unlink(at("outside/file").c_str()); }), EACCES);
  EXPECT_EQ(error_of([&] { return ::unlink(at("read/file").c_str()); }), EACCES);
  EXPECT_EQ(error_of([&] { return ::rmdir(at("outside").c_str()); }), EACCES);
  EXPECT_EQ(error_of([&] { return ::mkdir(at("read/new").c_str(), 0700); }), EACCES);
  EXPECT_NE(error_of([&] { return ::rename(at("outside/file").c_str(), at("written/mine").c_str()); }), 0);
  EXPECT_NE(error_of([&] { return ::link(at("outside/file").c_str(), at("written/mine").c_str()); }), 0);
  EXPECT_EQ(error_of([&] { return ::symlink("/etc", at("written/etc").c_str()); }), EACCES);
  EXPECT_EQ(error_of([&] { return ::mkfifo(at("written/fifo").c_str(), 0600); }), EACCES);
  EXPECT_EQ(fs::file_size(root_ / "outside/file"), 3U);
}

TEST_F(Confinement, StartsNoProgram) {
  EXPECT_EQ(error_of([] { return ::execl("/bin/true", "true", nullptr); }), EACCES);
  fs::copy("/bin/true", root_ / "written/true");
  EXPECT_EQ(error_of([&] { return ::execl(at("written/true").c_str(), "true", nullptr); }), EACCES);
}

TEST_F(Confinement, GainsNoPrivilege) {
  EXPECT_EQ(
      in_child([&] { return socketcore::confine_files(reach_) > 0 ? ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) : 255; }), 1);
}

TEST_F(Confinement, RemovesAFolderWhereItMay) {
  fs::remove(root_ / "outside/file");
  reach_.folder_removable = {root_.string()};
  std::ofstream(root_ / "kept");
  EXPECT_EQ(error_of([&] { return ::rmdir(at("outside").c_str()); }), 0);
  EXPECT_EQ(error_of([&] { return ::unlink(at("kept").c_str()); }), EACCES);
}

TEST_F(Confinement, AFileMayBeListedByItself) {
  reach_.writable = {at("outside/file")};
  EXPECT_EQ(error_of_open("outside/file", O_WRONLY | O_TRUNC), 0);
  EXPECT_EQ(error_of_open("outside", O_RDONLY | O_DIRECTORY), EACCES);
  EXPECT_EQ(error_of([&] { return ::unlink(at("outside/file").c_str()); }), EACCES);
}

TEST(CoreDumps, AreForbidden) {
  const int answer = in_child([] {
    if (!socketcore::forbid_core_dumps()) return 255;
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) + static_cast<int>(limit.rlim_cur) + static_cast<int>(limit.rlim_max);
  });
  EXPECT_EQ(answer, 0);
}

TEST(MemoryGrowth, EndsAtItsLimit) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  const auto map = [](std::size_t size) {
    return ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  };
  const int answer = in_child([&] {
    if (!socketcore::limit_memory_growth(32 * kMiB)) return 255;
    return (map(24 * kMiB) ? 1 : 0) + (map(24 * kMiB) ? 2 : 0);
  });
  EXPECT_EQ(answer, 1);
  EXPECT_EQ(in_child([] { return socketcore::limit_memory_growth(~std::uint64_t{0}) ? 1 : 0; }), 1) << "no overflow";
}

}  // namespace
