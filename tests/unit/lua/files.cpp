// The files of a device as a script meets them, where that takes a hand on the host: the rest is in tests/device.
#include "lua/device/files.hpp"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <string>

#include "unit/lua/device_state.hpp"

namespace {

namespace fs = std::filesystem;

TEST(DeviceFiles, NoMessageNamesTheHostsPath) {
  DeviceState device;
  const std::string host = (device.root() / "").string();
  for (const char* call : {
           "io.open('/none')",
           "io.open('/none/x', 'w')",
           "io.open('/lua/x', 'w')",
           "io.open('/../x')",
           "io.lines('/none')",
           "io.input('/none')",
           "io.output('/none/x')",
           "os.remove('/none')",
           "os.rename('/none', '/new')",
           "os.rename('/', '/new')",
           "loadfile('/none')",
           "dofile('/none')",
           "require('none')",
           "io.open('/sdcard0/x')",
           "io.open('/', 'w')",
           "os.remove('/')",
           "io.lines('/')()",
       }) {
    const std::string said = device.run_text("local r = {pcall(function() return " + std::string(call) +
                                             " end)} return tostring(r[2]) .. '|' .. "
                                             "tostring(r[3]) .. '|' .. tostring(r[4])");
    EXPECT_EQ(said.find(host), std::string::npos) << call << ": " << said;
    EXPECT_EQ(said.find("error: "), std::string::npos) << said;
  }
  EXPECT_EQ(device.run_text("local f, m, n = io.open('/none') return tostring(f) .. '|' .. m .. '|' .. n"),
            "nil|/none: No such file or directory|2");
  EXPECT_EQ(device.run_text("local f, m, n = io.open('none/x', 'w') return tostring(f) .. '|' .. m .. '|' .. n"),
            "nil|none/x: No such file or directory|2");
}

TEST(DeviceFiles, LinksOutOfTheFoldersAreRefused) {
  DeviceState device;
  device.root().write("outside/secret.lua", "return 'secret'");
  fs::create_symlink(device.root() / "outside/secret.lua", device.root() / "data/file");
  fs::create_symlink(device.root() / "outside", device.root() / "data/folder");
  fs::create_symlink(device.root() / "outside/secret.lua", device.root() / "project/linked.lua");
  EXPECT_EQ(device.run_text("return select(2, io.open('/file'))"), "/file: leads out of the device's files");
  EXPECT_EQ(device.run_text("return select(2, io.open('/file', 'w'))"), "/file: leads out of the device's files");
  EXPECT_EQ(device.run_text("return select(2, loadfile('/folder/secret.lua'))"),
            "cannot open /folder/secret.lua: leads out of the device's files");
  EXPECT_EQ(device.run_text("return tostring(pcall(require, 'linked'))"), "false");
  EXPECT_EQ(device.run_text("return select(3, os.rename('/folder/secret.lua', '/mine'))"), "13");
  EXPECT_EQ(device.root().read("outside/secret.lua"), "return 'secret'");
}

TEST(DeviceFiles, AReadOnlyFlashAnswersAsLuaDoes) {
  DeviceState device;
  device.root().write("data/kept", "kept");
  for (const char* name : {"", "data", "data/kept"}) ::chmod((device.root() / name).c_str(), 0555);
  const int before = ::setfsuid(65534);  // root may write everywhere
  EXPECT_EQ(device.run_text("local f, m, n = io.open('/new', 'w') return tostring(f) .. '|' .. m .. '|' .. n"),
            "nil|/new: Permission denied|13");
  EXPECT_EQ(device.run_text("local f, m, n = os.remove('/kept') return tostring(f) .. '|' .. m .. '|' .. n"),
            "nil|/kept: Permission denied|13");
  EXPECT_EQ(device.run_text("return tostring(rtos.make_dir('/new'))"), "false");
  EXPECT_EQ(device.run_text("return io.mount(io.SDCARD)"), "0");
  EXPECT_EQ(device.run_text("return io.open('/kept'):read('*a')"), "kept");
  EXPECT_EQ(device.run_text("return select(2, pcall(os.tmpname))"),
            "no name for a temporary file: the flash cannot be written");
  ::setfsuid(static_cast<uid_t>(before));
  ::chmod((device.root() / "data").c_str(), 0755);
}

TEST(DeviceFiles, AFullFlashAnswersAsLuaDoes) {
  DeviceState device;
  // A limit on the size of files stands in for a full disk: write() fails in the same way.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const std::string said = device.run_text(
      "local f = io.open('/big', 'w') f:setvbuf('no') local ok, m, n = f:write(('x'):rep(5000)) f:close() "
      "return tostring(ok) .. '|' .. m .. '|' .. n");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(said, "nil|File too large|27");
}

TEST(DeviceFiles, OsGoesByTheScriptsClock) {
  DeviceState device;
  device.set_clock(std::chrono::seconds(1'000'000'000) + std::chrono::milliseconds(900));
  EXPECT_EQ(device.run_text("return os.time()"), "1000000000");
  EXPECT_EQ(device.run_text("return os.date('!%Y-%m-%d %H:%M:%S')"), "2001-09-09 01:46:40");
  EXPECT_EQ(device.run_text("return os.date('!*t').min"), "46");
  EXPECT_EQ(device.run_text("return os.time(os.date('*t'))"), "1000000000") << "local time, there and back";
  EXPECT_EQ(device.run_text("return tostring(os.date() == os.date('%c', 1000000000))"), "true");
  EXPECT_EQ(device.run_text("return os.date('!%H', 7200)"), "02");
  device.set_clock(std::chrono::milliseconds(-1));
  EXPECT_EQ(device.run_text("return os.time()"), "-1");
  EXPECT_EQ(device.run_text("return select(2, pcall(os.time, 5))"), "bad argument #1 to '?' (table expected, got number)");
}

TEST(DeviceFiles, AFinalizerMayUseFilesAtTheVeryEnd) {
  DeviceState device;
  EXPECT_EQ(
      device.run_text("local p = newproxy(true) getmetatable(p).__gc = function() "
                      "io.opendir('/') io.readdir() io.open('/last', 'w'):close() pcall(require, 'none') end kept = p"),
      "nil");
  // The state is closed with the device.
}

TEST(DeviceFiles, NothingLeaksOutOfAnErrorInTheMidst) {
  DeviceState device;
  device.root().write("project/bad.lua", "local x = = 1");
  EXPECT_EQ(
      device.run_text("for i = 1, 2000 do pcall(require, 'bad') pcall(io.lines, '/none') io.open('/../x') "
                      "loadfile('bad.lua') end collectgarbage() collectgarbage() return collectgarbage('count') < 4000 "
                      "and 'small' or 'grown'"),
      "small");
  EXPECT_EQ(device.run_text("return (select(2, pcall(require, 'bad')))")
                .rfind("error loading module 'bad' from file '/lua/bad.lua':\n"
                       "\t/lua/bad.lua:1: unexpected symbol",
                       0),
            0U);
}

TEST(DeviceFiles, PrintIsSilentOnRequest) {
  using namespace std::string_literals;
  DeviceState device;
  const auto printed = [&](const std::string& script) {
    testing::internal::CaptureStdout();
    const std::string said = device.run_text(script);
    std::fflush(stdout);
    return testing::internal::GetCapturedStdout() + (said == "nil" ? "" : said);
  };
  EXPECT_EQ(printed("print('a', 1, nil, true) print() print('100%', '%s%d') print('a\\0b')"),
            "a 1 nil true\n\n100% %s%d\na\0b\n"s);
  EXPECT_EQ(printed("print(setmetatable({}, {__tostring = function() return 'own' end}))"), "own\n");
  EXPECT_EQ(printed("tostring = function() return {} end print(1)"),
            "error: /lua/main.lua:1: 'tostring' must return a string to 'print'");
  EXPECT_EQ(printed("tostring = function() return 'x' end print(1)"), "x\n");
  socketcore::lua::set_print(device.L(), false);
  EXPECT_EQ(printed("print('a')"), "");
  socketcore::lua::set_print(device.L(), true);
  EXPECT_EQ(printed("print('a')"), "x\n");
}

// The specs, each the script of a project that has the files of device/project too, on a flash of its own.
class Spec : public testing::TestWithParam<fs::path> {};

TEST_P(Spec, Holds) {
  DeviceState device({SC_SPECS "/project"});
  fs::copy_file(GetParam(), device.root() / ("project/" + GetParam().filename().string()));
  device.set_clock(std::chrono::system_clock::now().time_since_epoch());
  EXPECT_EQ(device.run_file("/lua/" + GetParam().filename().string()), "nil");
}

std::vector<fs::path> specs() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(SC_SPECS)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("files_", 0) == 0 || name.rfind("dialect_", 0) == 0) all.push_back(entry.path());
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Device, Spec, testing::ValuesIn(specs()),
                         [](const auto& parameter) { return parameter.param.stem().string(); });

}  // namespace
