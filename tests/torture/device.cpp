// Scripts on the modules of a device with its board (device_scenarios.lua), free and in the sandbox, with each call of a
// serial line and of the flash's files, each allocation of C++ and each of Lua failing in turn. Time and the serial line are
// simulated, the flash is a folder.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <string>

#include "lua/device/board.hpp"
#include "lua/device/confinement.hpp"
#include "lua/device/open.hpp"
#include "lua/modules.hpp"
#include "sim/meddling_os.hpp"
#include "socketcore/reactor.hpp"
#include "torture/c_memory.hpp"
#include "torture/file_faults.hpp"
#include "torture/runner.hpp"
#include "torture/starved_lua.hpp"
#include "unit/board/temporary_folder.hpp"

namespace socketcore::test {
namespace {

namespace fs = std::filesystem;
using lua::Host;

// Waits that one script may make before it counts as one that never ends.
constexpr std::size_t kMostWaits = 100'000;

struct SimPart {
  SimOs sim;
  MeddlingOs meddling{sim};
};

/// A kernel whose one serial line, "/dev/line", is held by the script's other hand.
class LineOs final : private SimPart, public ForwardingOs {
 public:
  LineOs() : ForwardingOs(static_cast<Os&>(meddling)) { faults.go_on(); }
  ~LineOs() override {
    const PromisesChecked promises;
    faults.pause();
    EXPECT_EQ(sim.open_descriptors(), 0U) << "a descriptor was left open";
    EXPECT_FALSE(open_) << "the line was left open";
  }

  // --- The other hand.
  void arrive(std::string_view text) {
    if (!open_) return;
    input_ += text;
    ready_.readable = true;
  }
  [[nodiscard]] const std::string& written() const noexcept { return written_; }
  /// Whether it broke, and with it what was on its way.
  [[nodiscard]] bool broke() const noexcept { return broke_; }

  // --- Os.
  OpenResult open_terminal(const char*) noexcept override {
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(OsCall::line_open)) return {-1, SysError(fault->number)};
    open_ = true;
    return {kLine, {}};
  }
  SysError set_line(int, const SerialLine&) noexcept override {
    const Plenty plenty;
    const Fault* const fault = faults.strikes(OsCall::line_set);
    return fault != nullptr ? SysError(fault->number) : SysError();
  }
  IoResult read(int, std::span<std::byte> into) noexcept override {
    const Plenty plenty;
    std::size_t most = into.size();
    if (const Fault* fault = faults.strikes(OsCall::line_read)) {
      if (fault->kind == Fault::Kind::error) return break_off(*fault);
      ready_.readable = true;
      most = fault->kind == Fault::Kind::one_byte ? 1 : 0;
    }
    const std::size_t size = std::min(most, input_.size());
    if (size == 0) return {0, SysError(EAGAIN)};
    std::memcpy(into.data(), input_.data(), size);
    input_.erase(0, size);
    return {size, {}};
  }
  IoResult write(int, std::span<const std::byte> data) noexcept override {
    const Plenty plenty;
    std::size_t size = data.size();
    if (const Fault* fault = faults.strikes(OsCall::line_write)) {
      if (fault->kind == Fault::Kind::error) return break_off(*fault);
      ready_.writable = true;
      if (fault->kind == Fault::Kind::blocked) return {0, SysError(EAGAIN)};
      size = std::min<std::size_t>(size, 1);
    }
    written_.append(reinterpret_cast<const char*>(data.data()), size);
    return {size, {}};
  }
  bool attached(int) noexcept override { return true; }
  void close(int fd) noexcept override {
    if (fd != kLine) return ForwardingOs::close(fd);
    open_ = false;
    ready_ = {};
  }
  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override {
    if (fd != kLine) return ForwardingOs::watch(fd, key, interest);
    const Plenty plenty;
    if (const Fault* fault = faults.strikes(OsCall::watch)) return SysError(fault->number);
    key_ = key;
    ready_ = {.readable = !input_.empty(), .writable = true};
    return {};
  }
  void unwatch(int fd) noexcept override {
    if (fd != kLine) ForwardingOs::unwatch(fd);
  }
  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override {
    const Plenty plenty;
    if (++waits_ > kMostWaits) std::abort();
    if (ready_.readable || ready_.writable) {
      into.front() = {key_, std::exchange(ready_, {})};
      return 1;
    }
    return ForwardingOs::wait(into, timeout);
  }

 private:
  static constexpr int kLine = 1'000'000;

  IoResult break_off(const Fault& fault) {
    broke_ = true;
    return {0, SysError(fault.number)};
  }

  std::string input_;
  std::string written_;
  std::uint64_t key_ = 0;
  Readiness ready_;
  std::size_t waits_ = 0;
  bool open_ = false;
  bool broke_ = false;
};

/// Which functions of the modules any scenario has called, for all processes.
class Coverage {
 public:
  static constexpr std::size_t kMost = 400;

  Coverage() {
    void* const memory = ::mmap(nullptr, sizeof(Entry) * kMost, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    entries_ = static_cast<Entry*>(memory);
  }
  int* calls_of(std::string_view name) {
    for (Entry* entry = entries_; entry != entries_ + kMost; ++entry) {
      if (entry->name == name) return &entry->calls;
      if (entry->name[0] != '\0') continue;
      name.copy(entry->name, sizeof entry->name - 1);
      return &entry->calls;
    }
    std::abort();
  }
  /// Prints those that none has called. True: there are none.
  [[nodiscard]] bool whole() const {
    bool all = true;
    for (const Entry* entry = entries_; entry->name[0] != '\0'; ++entry) {
      if (entry->calls > 0) continue;
      std::printf("never called: %s\n", entry->name);
      all = false;
    }
    return all;
  }

 private:
  struct Entry {
    char name[40];
    int calls;
  };
  Entry* entries_;
};

Coverage& coverage() {
  static Coverage all;
  return all;
}

class NoLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view) noexcept override {}
};

/// What one run of a script is about.
struct World {
  const char* scenario;
  bool confined;
  TemporaryFolder root{};
  NoLog log{};
  Clock clock{};
  std::unique_ptr<FileSystem> files{};
  BoardSettings board{};
  std::string problem{};
};

LineOs* line_os = nullptr;  // of the world that is

std::unique_ptr<Os> make_line_os(SysError*) {
  auto os = std::make_unique<LineOs>();
  line_os = os.get();
  return os;
}

bool attach(Host& host, World& world) noexcept try {
  auto board = Board::create(host.reactor(), host.device(), world.clock, &world.log, world.board, world.problem);
  if (!board) return false;
  host.attach(lua::peripherals_of(std::move(board)));
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

// The functions of the table on top of the stack, in their places, and those of tables within it; pops it.
void starve_in_place(lua_State* L, const std::string& name) {
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING && lua_isfunction(L, -1)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      const std::string full = name + "." + lua_tostring(L, -2);
      starve(L, full != "os.exit" ? coverage().calls_of(full) : nullptr);  // that is the runner's to end
      lua_rawset(L, -4);
    } else if (lua_type(L, -2) == LUA_TSTRING && lua_istable(L, -1)) {
      starve_in_place(L, name + "." + lua_tostring(L, -2));
    } else {
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

constexpr const char* kModules[] = {"adc", "audiocore", "bit", "crypto", "i2c",  "iconv", "io",  "json",
                                    "os",  "pack",      "pio", "pmd",    "pwm", "rtos",  "spi", "uart"};
constexpr const char* kFunctions[] = {"dofile", "loadfile", "loadstring", "require"};

int arrive(lua_State* L) {
  std::size_t size = 0;
  const char* const text = luaL_checklstring(L, 1, &size);
  line_os->arrive({text, size});
  return 0;
}

int written(lua_State* L) {
  lua_pushlstring(L, line_os->written().data(), line_os->written().size());
  return 1;
}

int line_broke(lua_State* L) {
  lua_pushboolean(L, line_os->broke());
  return 1;
}

// Drives the board from outside, as the control FIFO does. Nothing fails meanwhile.
int control(lua_State* L) {
  std::size_t size = 0;
  const char* const line = luaL_checklstring(L, 1, &size);
  static_cast<void>(lua::board_of(L).control({line, size}));
  return 0;
}

int relent_all(lua_State* L) {
  faults.pause();
  allocations_granted = -1;
  return relent(L);
}

// Everything of the host's and of Lua's is made by a function of its own, so that no object of C++ stands where it raises.
int open_and_run(lua_State* L) {
  World& world = *static_cast<World*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  lua::HostSettings settings;
  settings.make_os = make_line_os;
  settings.log = &world.log;
  Host& host = lua::push_host(L, settings);
  world.clock.run_on(host.os());
  if (!attach(host, world)) return 0;  // a line that cannot be had: `problem` says so
  lua::push_rtos(L);
  lua::publish(L, "rtos");
  lua::open_device(L, *world.files, world.clock);
  if (world.confined) lua::confine(L);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, control, 1);
  lua_setglobal(L, "control");
  for (const char* const name : kModules) {
    lua_getglobal(L, name);
    starve_in_place(L, name);
  }
  for (const char* const name : kFunctions) {
    lua_getglobal(L, name);
    starve(L, coverage().calls_of(name));
    lua_setglobal(L, name);
  }
  lua_register(L, "arrive", arrive);
  lua_register(L, "written", written);
  lua_register(L, "line_broke", line_broke);
  lua_register(L, "relent", relent_all);
  lua_pushboolean(L, world.confined);
  lua_setglobal(L, "confined");
  if (luaL_loadfile(L, SC_SCENARIOS) != 0) return lua_error(L);
  lua_call(L, 0, 1);
  lua_pushstring(L, world.scenario);
  lua_call(L, 1, 0);
  return 0;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1U : 0U;
  return count;
}

void run(const char* scenario, bool confined) {
  const PromisesChecked promises;
  const std::size_t descriptors = open_descriptors();
  LuaMemory memory;
  {
    World world{scenario, confined};
    world.root.write("project/module.lua", "local function f(...) return select('#', ...) end\nreturn {f = f}\n");
    fs::create_directories(world.root / "data");
    world.files = std::make_unique<FileSystem>(FileSystem::Settings{{world.root / "project"}, world.root / "data"});
    world.board.data_folder = world.root / "data";
    world.board.trace_file = world.root / "trace";
    world.board.uarts = {{1, "/dev/line", -1}};
    set_faulty_folder((world.root / "data").string());
    lua_State* const L = lua_newstate(LuaMemory::allocate, &memory);
    const int status = lua_cpcall(L, open_and_run, &world);
    if (status != 0) ADD_FAILURE() << (lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "an error without words");
    lua_allocations_granted = -1;
    world.clock.stop();
    lua_close(L);
    set_faulty_folder("");
  }
  EXPECT_EQ(memory.blocks, 0) << "blocks of Lua's memory leaked";
  EXPECT_EQ(open_descriptors(), descriptors) << "a descriptor was left open";
}

}  // namespace
}  // namespace socketcore::test

int main(int count, char** arguments) {
  using namespace socketcore::test;
  testing::InitGoogleTest();
  const auto options = parse_torture_options(count, arguments);
  if (!options) return 2;
  ::setenv("TZ", "CST-8", 1);
  starve_c_libraries();
  (void)coverage();
  std::vector<TortureScenario> scenarios;
  for (const char* name :
       {"uart_input", "uart_events", "uart_output", "at", "at_events", "messages", "parts", "buses", "sound", "recording",
        "stream", "bits", "packing", "json", "text", "digests", "ciphers", "rsa", "files", "replacing", "temporary", "folders",
        "media", "loading", "update", "odds"}) {
    run(name, false);  // what is made once, when it is first needed, is no leak
    scenarios.push_back(scenario_of(std::string("device.") + name, [name] { run(name, false); }));
    scenarios.push_back(scenario_of(std::string("sandbox.") + name, [name] { run(name, true); }));
  }
  const int status = torture(scenarios, *options);
  const bool all = options->only.empty() && !options->list;
  return all && !coverage().whole() ? 1 : status;
}
