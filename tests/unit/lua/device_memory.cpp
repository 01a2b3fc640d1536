// A device's state where memory gives out: Lua's, then C++'s, at each allocation of each call in turn. The call raises or
// says that it failed; nothing leaks that LeakSanitizer would see, and no exception gets out of what promises that none does.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>

#include "lua/device/board.hpp"
#include "lua/device/open.hpp"
#include "lua/modules.hpp"
#include "socketcore/reactor.hpp"
#include "unit/board/temporary_folder.hpp"
#include "unit/lua/refused_memory.hpp"

namespace socketcore::lua {
namespace {

class NoLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view) noexcept override {}
};

struct World {
  TemporaryFolder root;
  NoLog log;
  Clock clock;
  FileSystem files{{{root / "project"}, root / "data"}};
  BoardSettings board;
  std::unique_ptr<Os> os = linux_os();
  OwnedFd terminal;   // our end of the one that its UART is joined to
  OwnedFd other_end;  // and the one of whoever writes to it
  std::string problem;
  Memory* short_of = nullptr;  // while the state is made: what gives out
  int nth = 0;
};

// refuse(whose, nth), "lua" or "c++"; refused() ends it and says whether it came to that.
int refuse(lua_State* L) {
  const bool lua = std::string_view(luaL_checkstring(L, 1)) == "lua";
  const auto nth = static_cast<int>(luaL_checkinteger(L, 2));
  of_lua = {lua ? nth : 0, false};
  of_cpp = {lua ? 0 : nth, false};
  return 0;
}
int refused(lua_State* L) {
  of_lua.until_refusal = of_cpp.until_refusal = 0;
  lua_pushboolean(L, of_lua.refused || of_cpp.refused);
  return 1;
}

// Drives the board from outside, as the control FIFO does.
int control(lua_State* L) {
  std::size_t size = 0;
  const char* const line = luaL_checklstring(L, 1, &size);
  static_cast<void>(board_of(L).control({line, size}));
  return 0;
}

// Sends it to the UART.
int arrive(lua_State* L) {
  const World& world = *static_cast<World*>(lua_touserdata(L, lua_upvalueindex(1)));
  std::size_t size = 0;
  const char* const text = luaL_checklstring(L, 1, &size);
  lua_pushboolean(L, world.os->write(world.other_end.get(), std::as_bytes(std::span(text, size))).size == size);
  return 1;
}

bool attach(Host& host, World& world) noexcept try {
  auto board = Board::create(host.reactor(), host.device(), world.clock, &world.log, world.board, world.problem);
  if (!board) return false;
  host.attach(peripherals_of(std::move(board)));
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

int open(lua_State* L) {
  auto& world = *static_cast<World*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  if (world.short_of != nullptr) world.short_of->until_refusal = world.nth;
  HostSettings settings;
  settings.log = &world.log;
  Host& host = push_host(L, settings);
  world.clock.run_on(host.os());
  if (!attach(host, world)) return luaL_error(L, "no board");
  push_socketcore(L);
  lua_setglobal(L, "socketcore");
  push_rtos(L);
  lua_setglobal(L, "rtos");
  open_device(L, world.files, world.clock);
  lua_register(L, "refuse", refuse);
  lua_register(L, "refused", refused);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, control, 1);
  lua_setglobal(L, "control");
  lua_pushlightuserdata(L, &world);
  lua_pushcclosure(L, arrive, 1);
  lua_setglobal(L, "arrive");
  return 0;
}

constexpr const char* kCalls = R"lua(
  local key = ("k"):rep(16)
  local text = ("text "):rep(500)
  local function at(line)
    uart.write(uart.ATC, line .. "\r")
    rtos.receive(0)
    while uart.read(uart.ATC, "*l") ~= "" do end
  end
  uart.setup(uart.ATC, 0, 0, uart.PAR_NONE, uart.STOP_1)
  rtos.receive(0)
  assert(uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1, 0, 1) == 115200)
  local converter, md5, sm3 = iconv.open("ucs2", "utf8"), crypto.flow_md5(), crypto.sm3start()
  local file = io.open("/kept.txt", "w")
  file:write(text)
  file:close()

  -- Every function of every module, first with next to nothing, then with what it wants.
  local calls = {}
  local function add(name, call, ...)
    local arguments = {...}
    calls[#calls + 1] = {name, function() return call(unpack(arguments)) end}
  end
  local blind = {receive = true, sleep = true, restart = true, poweroff = true, exit = true, read = true, close = true,
                 lines = true, input = true, output = true, tmpname = true, setlocale = true}
  for _, module in ipairs {"adc", "audiocore", "bit", "cpu", "crypto", "i2c", "iconv", "json", "pack", "pmd", "pwm",
                           "rtos", "spi", "uart", "io", "os", "socketcore"} do
    for name, call in pairs(_G[module]) do
      if type(call) == "function" and not blind[name] then
        for _, arguments in ipairs {{}, {1}, {"x"}, {1, 1, 1, 1, 1, 1}, {"x", "x", "x", "x", "x"}, {1, "x", "x"}} do
          add(module .. "." .. name, call, unpack(arguments))
        end
      end
    end
  end
  for name, call in pairs(pio.pin) do
    add("pio.pin." .. name, call, 1, 1, 1, 1)
    add("pio.pin." .. name, call, pio.P1_4)
  end

  add("encode", crypto.base64_encode, text)
  add("cipher", function()
    crypto.aes_decrypt("CBC", "PKCS7", crypto.aes_encrypt("CBC", "PKCS7", text, key, key), key, key)
    crypto.des_encrypt("ECB", "ZERO", text, "8 bytes.")
    crypto.xxtea_decrypt(crypto.xxtea_encrypt(text, key), key)
  end)
  add("digest", function()
    md5:update(text)
    md5:hexdigest()
    sm3:sm3update(text)
    sm3:sm3finish()
    crypto.md5("/kept.txt", "file")
    crypto.hmac_sha1(text, #text, key, #key)
  end)
  add("iconv", function() converter:iconv(text) iconv.open("utf8", "gbk"):iconv(text) end)
  add("pack", function() pack.unpack(pack.pack("<bHzAaf", 1, 2, "z", text, "a", 1), "<bHzA2500af") end)
  add("base64", function() rtos.base64_decode(rtos.base64_encode(text)) rtos.toint64("12345") end)
  add("files", function()
    local opened = io.open("/new.txt", "w")
    opened:write(text)
    opened:close()
    for line in io.lines("/new.txt") do assert(#line > 0) end
    os.rename("/new.txt", "/other.txt")
    os.remove("/other.txt")
    os.remove("/nothing/there")
    os.remove(os.tmpname())
    return os.date("*t", os.time {year = 2026, month = 1, day = 1}), os.date()
  end)
  add("folders", function()
    rtos.make_dir("/folder/below")
    assert(io.opendir("/lua") == 1)
    while io.readdir() do end
    io.opendir("/")
    io.readdir()
    io.closedir()
    io.mount(io.SDCARD)
    io.format(io.SDCARD)
    io.unmount(io.SDCARD)
    rtos.remove_dir("/folder")
    rtos.get_fs_free_size()
  end)
  add("load", function()
    package.loaded.module = nil
    require "module"
    pcall(require, "none.such")
    loadfile("/lua/module.lua")
    loadfile("/lua/none.lua")
    loadstring("local function f(...) return arg.n end return f(1)")()
    dofile("/lua/module.lua")
  end)
  add("uart", function()
    uart.write(1, text, 1, 2, "x")
    uart.read(1, "*l")
    uart.read(1, 100)
    uart.getchar(1)
    uart.set_rs485_oe(1, 3)
    rtos.receive(0)
  end)
  add("update", function()
    rtos.fota_start()
    rtos.fota_process(text, #text)
    rtos.fota_end()
  end)
  add("audio", function()
    audiocore.record("/recorded.amr", 1)
    audiocore.stoprecord()
    audiocore.play("/recorded.amr")
    audiocore.playdata(text, audiocore.AMR)
    audiocore.streamplay(audiocore.PCM, text)
    audiocore.stop()
    audiocore.streamrecord(1)
    audiocore.streamrecordread(100)
    audiocore.deleterecord()
  end)
  add("buses", function()
    i2c.setup(1, i2c.SLOW, 0x38)
    i2c.write(1, 1, {1, 2, "x"})
    i2c.read(1, 1, 10)
    i2c.recv(1, 0x38, 10)
    spi.setup(spi.SPI_1, 0, 0, 8, 1000, 1)
    spi.send_recv(spi.SPI_1, text)
  end)
  for _, line in ipairs {"pin 13 1", "pin 13 0", "adc 2 1000", "i2c 1 0x38 1 0102", "i2c 1 0x38 0102 0304", "spi 0 0102",
                         "key 1 1 down", "key 1 1 up", "battery 4000", "charger on", "charger off", "sms +123456 " .. text,
                         "call 123", "hangup", "link down", "link up", "sim remove", "sim insert", "urc +X: 1",
                         "registration denied", "registration home", "nothing"} do
    add("control " .. line:sub(1, 20), control, line)
  end
  rtos.init_module(rtos.MOD_KEYPAD, 0, 0x3f, 0x3f)
  pio.pin.setdir(pio.INT, 13)
  for _, line in ipairs {"AT", "ATI", "AT+CIMI", "AT+CREG=2", "AT+CREG?", "AT+CSQ", "AT+CCLK?", "AT+CMGF=0",
                         "AT+CNMI=2,1", "AT+CMGL=4", "AT+CMGR=1", "AT+CMGD=1,4", "AT+CPBW=1,\"123\",129,\"name\"",
                         "AT+CPBR=1,10", "ATD123;", "ATH", "AT+CFUN=0", "AT+CFUN=1", "AT+CGACT=0,1", "AT+CGACT=1,1",
                         "AT+UNKNOWN", "AT+CMGS=20\r0011000B916407281553F80000AA0AE8329BFD4697D9EC37\26", "bad\1",
                         ("A"):rep(9000)} do
    add(line:sub(1, 20), at, line)
  end
  add("messages", function() for _ = 1, 20 do rtos.receive(0) end end)

  -- They read directories by std::filesystem, which ends the program itself where C++ has no memory.
  local reads_directories = {folders = true, load = true, update = true, ["io.opendir"] = true, ["io.format"] = true,
                             ["rtos.remove_dir"] = true, ["rtos.fota_end"] = true, ["audiocore.play"] = true}
  local refusals = 0
  for _, whose in ipairs {"lua", "c++"} do
    for _, call in ipairs(calls) do
      for nth = 1, whose == "c++" and reads_directories[call[1]] and 0 or 5000 do
        refuse(whose, nth)
        local ok, message = pcall(call[2])
        if not refused() then break end
        refusals = refusals + 1
        if whose == "lua" and not ok then assert(type(message) == "string", call[1]) end
      end
    end
  end
  collectgarbage()
  assert(refusals > 1000, refusals)
)lua";

// Each call with its n-th allocation of Lua's refused, until it needs no more; whatever it hands over is kept. Wherever
// Lua's collector may run it does, and it wants memory of its own: for a smaller table of strings than the litter needed.
constexpr const char* kHandOvers = R"lua(
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", 1000000)
  local refusals = 0
  local function litter()
    collectgarbage("stop")
    for i = 1, 20000 do local string = "litter " .. i end
  end
  function starved(call, ...)
    local arguments = {...}
    for n = 1, 40 do
      local got
      local function run()
        collectgarbage("restart")
        got = call(unpack(arguments))
      end
      litter()
      refuse("lua", n)
      local ok, message = pcall(run)
      local was_refused = refused()
      if was_refused then refusals = refusals + 1 end
      assert(ok or was_refused and tostring(message):find("not enough memory", 1, true), message)
      if got ~= nil then return got end
      if not was_refused then return nil end
    end
    error "it never stops"
  end
  function gather(call, wanted, ...)
    local got = {}
    repeat
      got[#got + 1] = starved(call, ...)
    until got[#got] == ""
    got = table.concat(got)
    assert(got == wanted, ("%d bytes instead of %d"):format(#got, #wanted))
  end
  function count_refusals(f)
    local before = refusals
    f()
    return refusals - before
  end
)lua";

constexpr const char* kUartReads = R"lua(
  local text = ("0123456789abcde\n"):rep(4)
  assert(uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1) == 115200)
  uart.setup(uart.ATC, 0, 0, uart.PAR_NONE, uart.STOP_1)
  rtos.receive(0)
  while uart.read(uart.ATC, 1000) ~= "" do end
  for _, how in ipairs {2000, "*l", 20} do
    assert(count_refusals(function()
      assert(arrive(text))
      gather(uart.read, text, 1, how)
    end) > 3)
  end
  for _, how in ipairs {"*s", "*n"} do
    assert(arrive("\t 123456 x"))
    assert(tostring(starved(uart.read, 1, how)) == "123456")
    gather(uart.read, " x", 1, 10)
  end
  for _, how in ipairs {2000, "*l"} do
    uart.write(uart.ATC, "AT\r")
    gather(uart.read, "\r\nOK\r\n", uart.ATC, how)
  end
)lua";

constexpr const char* kFinalizerReads = R"lua(
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", 1000000)
  uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1)
  local closed
  for _, how in ipairs {2000, "*l", "*s"} do
    assert(arrive(("x"):rep(1900)))
    collectgarbage("stop")
    do
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = function()
        uart.close(1)
        closed = true
      end
    end
    closed = false
    collectgarbage("restart")
    local got = uart.read(1, how)
    assert(closed and got == "", #got)
    uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1)
  end
)lua";

constexpr const char* kFolders = R"lua(
  for i = 1, 12 do io.open(("/file %02d, whose name is no short one"):format(i), "w"):close() end
  assert(io.opendir("/") == 1)
  assert(count_refusals(function()
    local function next_name()
      local kind, name = io.readdir()
      return name
    end
    local count = 0
    for name in function() return starved(next_name) end do
      count = count + 1
      assert(name == ("file %02d, whose name is no short one"):format(count), name)
    end
    assert(count == 12, count)
  end) > 12)
)lua";

constexpr const char* kParts = R"lua(
  local text = ("0123456789abcdef"):rep(16)
  local hex = text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  spi.setup(spi.SPI_1, 0, 0, 8, 1000, 1)
  i2c.setup(1, i2c.SLOW, 0x38)
  control("i2c 1 0x38 00 " .. hex)
  control("spi 0 " .. hex)
  assert(count_refusals(function()
    assert(starved(spi.recv, spi.SPI_1, 100) == text:sub(1, 100))
    assert(starved(spi.send_recv, spi.SPI_1, ("?"):rep(156)) == text:sub(101))
    assert(i2c.send(1, 0x38, 0) == 1)
    assert(starved(i2c.recv, 1, 0x38, 50) == text:sub(1, 50))
    assert(starved(i2c.recv, 1, 0x38, 50) == text:sub(51, 100))
    assert(starved(i2c.read, 1, 10, 50) == text:sub(11, 60))
  end) > 10)
  audiocore.streamrecord(1)
  rtos.sleep(30)
  audiocore.stoprecord()
  assert(starved(audiocore.streamrecordread, 6) == "#!AMR\n")
)lua";

class DeviceMemory : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(world.root / "project");
    std::filesystem::create_directories(world.root / "data");
    std::ofstream(world.root / "project" / "module.lua") << "local function f(...) return arg end\nreturn {f}\n";
    world.board.data_folder = world.root / "data";
    std::array<char, 64> name{};
    const OpenResult opened = world.os->open_pseudo_terminal(name);
    ASSERT_TRUE(opened.ok());
    world.terminal = OwnedFd(*world.os, opened.fd);
    world.board.uarts = {{1, name.data(), opened.fd}};
    const OpenResult other = world.os->open_terminal(name.data());
    ASSERT_TRUE(other.ok());
    world.other_end = OwnedFd(*world.os, other.fd);
    of_lua = of_cpp = {};
    lua_State* const L = luaL_newstate();
    luaL_openlibs(L);
    lua_getglobal(L, "jit");
    const bool luajit = !lua_isnil(L, -1);
    lua_close(L);
    if (luajit) GTEST_SKIP() << "LuaJIT crashes in its own code";
  }
  void TearDown() override { of_lua = of_cpp = {}; }

  /// The scripts, one after the other, in one state.
  void run(std::initializer_list<const char*> scripts) {
    lua_State* const L = lua_newstate(Memory::allocate, &of_lua);
    if (L == nullptr) GTEST_SKIP() << "this Lua takes no allocator";
    ASSERT_EQ(lua_cpcall(L, open, &world), 0) << lua_tostring(L, -1) << world.problem;
    for (const char* const script : scripts) {
      ASSERT_EQ(luaL_loadstring(L, script), 0) << lua_tostring(L, -1);
      const int status = lua_pcall(L, 0, 0, 0);
      of_lua = of_cpp = {};
      EXPECT_EQ(status, 0) << lua_tostring(L, -1);
    }
    world.clock.stop();
    lua_close(L);
  }

  World world;
};

TEST_F(DeviceMemory, GivesOutInEachCall) { run({kCalls}); }

// Nothing is lost in a hand-over.
TEST_F(DeviceMemory, WhatAPortHasReadStaysUntilTheScriptHasIt) { run({kHandOvers, kUartReads}); }
TEST_F(DeviceMemory, WhatAFolderHoldsIsListedWhole) { run({kHandOvers, kFolders}); }
TEST_F(DeviceMemory, WhatPartsAnswerStaysUntilTheScriptHasIt) { run({kHandOvers, kParts}); }

TEST_F(DeviceMemory, AFinalizerMayCloseThePortThatIsBeingRead) { run({kFinalizerReads}); }

TEST_F(DeviceMemory, GivesOutWhileTheStateIsMade) {
  for (Memory* const memory : {&of_lua, &of_cpp}) {
    for (int nth = 1;; ++nth) {
      ASSERT_LT(nth, 100'000);
      of_lua = of_cpp = {};
      lua_State* const L = lua_newstate(Memory::allocate, &of_lua);
      if (L == nullptr) GTEST_SKIP() << "this Lua takes no allocator";
      world.short_of = memory;
      world.nth = nth;
      const int status = lua_cpcall(L, open, &world);
      const bool refused = memory->refused;
      memory->until_refusal = 0;
      world.clock.stop();
      lua_close(L);
      EXPECT_TRUE(status == 0 || refused) << nth;
      if (!refused) break;
    }
  }
}

}  // namespace
}  // namespace socketcore::lua
