#include "board/update.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "unit/board/temporary_folder.hpp"

namespace socketcore {
namespace {

using Answer = Update::Answer;
namespace fs = std::filesystem;

class UpdateTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root / "data"); }

  /// What tar makes of these files.
  std::string archive(const std::vector<std::pair<std::string, std::string>>& files, const std::string& kind = "gnu") {
    const fs::path folder = root / "files";
    fs::remove_all(folder);
    for (const auto& [name, text] : files) {
      fs::create_directories((folder / name).parent_path());
      std::ofstream(folder / name) << text;
    }
    const std::string tar = (root / "a.tar").string();
    EXPECT_EQ(std::system(("tar --format=" + kind + " -cf " + tar + " -C " + folder.string() + " .").c_str()), 0);
    std::ifstream in(tar, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Answer install(const std::string& package, std::size_t piece = 1000) {
    EXPECT_EQ(update.start(), Answer::done);
    for (std::size_t at = 0; at < package.size(); at += piece) {
      const Answer answer = update.process(std::string_view(package).substr(at, piece), package.size());
      if (answer != Answer::done) return answer;
    }
    return update.end();
  }
  std::string installed(const std::string& name) {
    std::ifstream in(root / "data" / ".update" / name);
    return in ? std::string(std::istreambuf_iterator<char>(in), {}) : "none";
  }

  TemporaryFolder root;
  Update update{root / "data"};
};

TEST_F(UpdateTest, FilesLieFlat) {
  for (const char* kind : {"gnu", "ustar", "pax", "v7"}) {
    EXPECT_EQ(install(archive({{"main.lua", "new"}, {"sub/dir/part.lua", std::string(5000, 'x')}}, kind)), Answer::done);
    EXPECT_EQ(installed("main.lua"), "new") << kind;
    EXPECT_EQ(installed("part.lua"), std::string(5000, 'x')) << kind;
    EXPECT_FALSE(fs::exists(root / "data" / ".update.tar"));
  }
}

TEST_F(UpdateTest, LongPathsKeepTheirLastName) {
  const std::string folder(60, 'd');
  const std::string name = std::string(90, 'n') + ".lua";
  for (const char* kind : {"gnu", "ustar", "pax"}) {
    EXPECT_EQ(install(archive({{folder + "/" + folder + "/" + name, "far down"}, {"main.lua", "near"}}, kind)), Answer::done);
    EXPECT_EQ(installed(name), "far down") << kind;
    EXPECT_EQ(installed("main.lua"), "near") << kind;
  }
}

TEST_F(UpdateTest, ReplacesTheOneBefore) {
  ASSERT_EQ(install(archive({{"old.lua", "1"}})), Answer::done);
  ASSERT_EQ(install(archive({{"new.lua", "2"}})), Answer::done);
  EXPECT_EQ(installed("old.lua"), "none");
  EXPECT_EQ(installed("new.lua"), "2");
}

TEST_F(UpdateTest, WhatIsNoArchiveChangesNothing) {
  ASSERT_EQ(install(archive({{"main.lua", "good"}})), Answer::done);
  std::string damaged = archive({{"main.lua", "bad"}});
  damaged[700] = '\x7f';  // in the header of the file
  for (const std::string& package : {std::string("<html>404</html>"), std::string(), std::string(10240, '\0'), damaged,
                                     archive({{"main.lua", std::string(100000, 'y')}}).substr(0, 20000)}) {
    EXPECT_EQ(install(package), Answer::no_archive) << package.size();
    EXPECT_EQ(installed("main.lua"), "good");
    EXPECT_FALSE(fs::exists(root / "data" / ".update.new")) << "a flash is small";
  }
}

// Records of extended headers that say more, or less, than there is.
TEST_F(UpdateTest, GarbageBeforeAnEntryHarmsNothing) {
  const std::string name(150, 'n');
  const std::string package = archive({{name, "text"}}, "pax");
  const std::size_t records = package.find(" path=") / 512 * 512;
  ASSERT_LT(records, package.size());
  for (const std::string_view garbage :
       {"0 path=x", "99999999999999999999 path=x\n", "18446744073709551615 path=x\n", "-1 path=x\n", "5 path=", "\0\0\0\0"}) {
    std::string evil = package;
    evil.replace(records, garbage.size(), garbage);
    const Answer answer = install(evil);
    EXPECT_TRUE(answer == Answer::done || answer == Answer::no_archive) << garbage;
  }
}

TEST_F(UpdateTest, NoNameLeadsOut) {
  std::string package = archive({{"victim", "evil"}});
  // By hand, for tar itself takes such names out.
  for (const std::string name : {"../../victim", "/tmp/../victim", ".."}) {
    std::string evil = package;
    const std::size_t header = evil.find("victim") / 512 * 512;
    evil.replace(header, 100, name + std::string(100 - name.size(), '\0'));
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? 32u : static_cast<unsigned char>(evil[header + i]);
    char text[9];
    std::snprintf(text, sizeof text, "%06o", sum);
    evil.replace(header + 148, 8, std::string(text) + '\0' + ' ');
    const Answer answer = install(evil);
    EXPECT_EQ(answer, name == ".." ? Answer::no_archive : Answer::done) << name;
    EXPECT_FALSE(fs::exists(root / "victim"));
    EXPECT_FALSE(fs::exists(root / "data" / "victim"));
  }
}

TEST_F(UpdateTest, CallsOutOfTurn) {
  EXPECT_EQ(update.process("x", 1), Answer::not_started);
  EXPECT_EQ(update.end(), Answer::not_started);
  ASSERT_EQ(update.start(), Answer::done);
  EXPECT_EQ(update.process("xxx", 2), Answer::wrong_size);
  EXPECT_EQ(update.process("x", 2), Answer::done);
  EXPECT_EQ(update.end(), Answer::wrong_size) << "half of it is missing";
  EXPECT_EQ(update.end(), Answer::not_started);
}

TEST_F(UpdateTest, AFlashThatIsNotThere) {
  Update nowhere(root / "nowhere");
  EXPECT_EQ(nowhere.start(), Answer::no_room);
  EXPECT_EQ(nowhere.process("x", 1), Answer::not_started);
}

}  // namespace
}  // namespace socketcore
