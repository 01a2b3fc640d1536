#include "lua/device/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lua/arguments.hpp"
#include "lua/device/loading.hpp"
#include "lua/device/scratch.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

// Its address is the key of the stock functions in the registry, out of the sight of debug.getupvalue.
constexpr char kStock = 0;

FileSystem& files_of(lua_State* L) {
  return *static_cast<FileSystem*>(lua_touserdata(L, lua_upvalueindex(1)));
}

std::string_view check_path(lua_State* L, int place) {
  std::size_t size = 0;
  const char* const path = luaL_checklstring(L, place, &size);
  return {path, size};
}

void push_stock(lua_State* L, const char* name) {
  lua_pushlightuserdata(L, const_cast<char*>(&kStock));
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

// As the stock functions say that they failed, of the path in `place`.
int push_failure(lua_State* L, int place, int error, const char* reason) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", lua_tostring(L, place), reason);
  lua_pushinteger(L, error);
  return 3;
}

// Pushes where the script's path in `place` lies on the host; or, and then it returns false, a failure.
bool push_host_path(lua_State* L, int place, Access access) {
  std::string& host = push_scratch(L);
  const Refusal refusal = files_of(L).resolve(check_path(L, place), access, host);
  if (!refusal.ok()) {
    push_failure(L, place, refusal.error, refusal.reason);
    return false;
  }
  lua_pushlstring(L, host.data(), host.size());
  release(host);
  lua_remove(L, -2);
  return true;
}

// What a stock function answered, from `first` on, with the path in `place` instead of the host's.
int answer(lua_State* L, int first, int place) {
  if (!lua_isnil(L, first)) return lua_gettop(L) - first + 1;
  const int error = static_cast<int>(lua_tointeger(L, first + 2));
  return push_failure(L, place, error, std::strerror(error));
}

int open_file(lua_State* L, const char* mode, Access access) {
  push_stock(L, "open");
  const int function = lua_gettop(L);
  if (!push_host_path(L, 1, access)) return 3;
  lua_pushstring(L, mode);
  lua_call(L, 2, LUA_MULTRET);
  return answer(L, function, 1);
}

// The C library has modes of its own besides: one takes the name of a character set.
bool is_mode(std::string_view mode) {
  constexpr std::string_view kModes[] = {"r",  "w",   "a",   "rb",  "wb",  "ab",  "r+", "w+",
                                         "a+", "r+b", "w+b", "a+b", "rb+", "wb+", "ab+"};
  return std::find(std::begin(kModes), std::end(kModes), mode) != std::end(kModes);
}

Access access_of(std::string_view mode) {
  return mode.find_first_of("wa+") == std::string_view::npos ? Access::read : Access::write;
}

int io_open(lua_State* L) {
  luaL_checkstring(L, 1);
  const char* const mode = luaL_optstring(L, 2, "r");
  if (!is_mode(mode)) return push_failure(L, 1, EINVAL, std::strerror(EINVAL));
  return open_file(L, mode, access_of(mode));
}

// Pushes an open file; raises where io.open would answer with a failure.
void push_opened(lua_State* L, const char* mode, Access access) {
  open_file(L, mode, access);
  if (lua_isuserdata(L, -1) == 0) luaL_argerror(L, 1, lua_tostring(L, -2));
}

int pass_on(lua_State* L, const char* name) {
  push_stock(L, name);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

int io_lines(lua_State* L) {
  if (lua_isnoneornil(L, 1)) return pass_on(L, "lines");
  luaL_checkstring(L, 1);
  const int arguments = lua_gettop(L);
  // The stock function's complaint would name the host's path; and only its own files end with their last line.
  push_opened(L, "r", Access::read);
  lua_getfield(L, -1, "close");
  lua_insert(L, -2);
  lua_call(L, 1, 0);
  lua_settop(L, arguments);
  if (!push_host_path(L, 1, Access::read)) return luaL_argerror(L, 1, lua_tostring(L, -2));
  lua_replace(L, 1);
  return pass_on(L, "lines");
}

int redirect(lua_State* L, const char* name, const char* mode, Access access) {
  if (lua_isstring(L, 1) != 0) {
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    push_opened(L, mode, access);
    lua_replace(L, 1);
    lua_settop(L, 1);
  }
  return pass_on(L, name);
}

int io_input(lua_State* L) {
  return redirect(L, "input", "r", Access::read);
}

int io_output(lua_State* L) {
  return redirect(L, "output", "w", Access::write);
}

// The answers of the stock functions. These are not called: as such a call ends, Lua may lack memory, and what was done
// would be told as a failure.
int answer_done(lua_State* L, int error) {
  if (error != 0) return push_failure(L, 1, error, std::strerror(error));
  lua_pushboolean(L, 1);
  return 1;
}

int os_remove(lua_State* L) {
  luaL_checkstring(L, 1);
  std::string& host = push_scratch(L);
  const Refusal refusal = files_of(L).resolve(check_path(L, 1), Access::replace, host);
  if (!refusal.ok()) return push_failure(L, 1, refusal.error, refusal.reason);
  const int error = std::remove(host.c_str()) == 0 ? 0 : errno;
  release(host);
  return answer_done(L, error);
}

int os_rename(lua_State* L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  std::string& from = push_scratch(L);
  std::string& to = push_scratch(L);
  const Refusal moved = files_of(L).resolve(check_path(L, 1), Access::move, from);
  if (!moved.ok()) return push_failure(L, 1, moved.error, moved.reason);
  const Refusal replaced = files_of(L).resolve(check_path(L, 2), Access::replace, to);
  const int error = replaced.ok() && std::rename(from.c_str(), to.c_str()) != 0 ? errno : 0;
  release(from);
  release(to);
  return replaced.ok() ? answer_done(L, error) : push_failure(L, 2, replaced.error, replaced.reason);
}

int push_text(lua_State* L) {
  const auto& text = *static_cast<const std::string*>(lua_touserdata(L, 1));
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

// Protected: a file whose name the script does not get is one that nobody knows of.
int os_tmpname(lua_State* L) {
  std::string& path = push_scratch(L);
  std::string& host = push_scratch(L);
  lua_pushcfunction(L, push_text);
  lua_pushlightuserdata(L, &path);
  const Refusal refusal = files_of(L).make_temporary(path);
  if (!refusal.ok()) return luaL_error(L, "no name for a temporary file: %s", refusal.reason);
  const int status = lua_pcall(L, 1, 1, 0);
  if (status != 0 && files_of(L).resolve(path, Access::replace, host).ok()) std::remove(host.c_str());
  release(path);
  release(host);
  return status == 0 ? 1 : lua_error(L);
}

void push_now(lua_State* L) {
  auto& clock = *static_cast<Clock*>(lua_touserdata(L, lua_upvalueindex(1)));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(clock.now().time_since_epoch());
  lua_pushnumber(L, static_cast<lua_Number>(seconds.count()));
}

int os_time(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    push_now(L);
    return 1;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  return pass_on(L, "time");
}

int os_date(lua_State* L) {
  luaL_optstring(L, 1, nullptr);
  luaL_optnumber(L, 2, 0);
  lua_settop(L, 2);
  if (lua_isnil(L, 1)) {
    lua_pushliteral(L, "%c");
    lua_replace(L, 1);
  }
  if (lua_isnil(L, 2)) {
    push_now(L);
    lua_replace(L, 2);
  }
  return pass_on(L, "date");
}

// The folder that io.opendir has open: one at a time, and the next takes its place.
struct Listing {
  std::vector<DirectoryEntry> entries;
  std::size_t next = 0;
  std::uint64_t calls = 0;  // that have changed it
};

constexpr const char* kListingType = "socketcore.listing";
constexpr int kFileKind = 32;
constexpr int kFolderKind = 16;

// As with texts, what is left owns nothing.
int collect_listing(lua_State* L) {
  *static_cast<Listing*>(luaL_checkudata(L, 1, kListingType)) = Listing();
  return 0;
}

void push_listing(lua_State* L) {
  push_type(L, kListingType, collect_listing);
  new (lua_newuserdata(L, sizeof(Listing))) Listing();
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
}

Listing& listing_of(lua_State* L) {
  return *static_cast<Listing*>(lua_touserdata(L, lua_upvalueindex(2)));
}

int io_opendir(lua_State* L) {
  const std::string_view path = check_path(L, 1);
  Listing& listing = listing_of(L);
  listing.next = 0;
  ++listing.calls;
  const bool open = files_of(L).list(path, listing.entries);
  if (!open) listing.entries.clear();
  lua_pushinteger(L, open ? 1 : 0);
  return 1;
}

int io_readdir(lua_State* L) {
  Listing& listing = listing_of(L);
  std::array<char, NAME_MAX> name;
  for (;;) {
    if (listing.next >= listing.entries.size()) return 0;
    const DirectoryEntry& entry = listing.entries[listing.next];
    const std::uint64_t calls = listing.calls;
    lua_pushinteger(L, entry.folder ? kFolderKind : kFileKind);
    lua_pushnumber(L, static_cast<lua_Number>(entry.size_bytes));
    lua_pushlstring(L, name.data(), entry.name.copy(name.data(), name.size()));
    if (listing.calls == calls) break;
    lua_pop(L, 3);  // a finalizer may have opened another folder, or read on
  }
  ++listing.next;
  ++listing.calls;
  lua_insert(L, -2);
  return 3;
}

int io_closedir(lua_State* L) {
  Listing& listing = listing_of(L);
  listing = {{}, 0, listing.calls + 1};
  lua_pushinteger(L, 1);
  return 1;
}

enum class Medium : int { internal, sd_card, pins_of_lcd, pins_of_gpio, usb_disk };

// Where the medium in place 1 shows. Flash chips have their path in place 2; what size and clock they have is nothing to
// us.
std::string_view check_medium(lua_State* L) {
  const auto medium = check_integer(L, 1, 0, static_cast<int>(Medium::usb_disk));
  if (!medium) return {};
  switch (static_cast<Medium>(*medium)) {
    case Medium::sd_card:
      return "/sdcard0";
    case Medium::usb_disk:
      return "/usbmsc0";
    default:
      return check_path(L, 2);
  }
}

int io_mount(lua_State* L) {
  const std::string_view path = check_medium(L);
  lua_pushinteger(L, files_of(L).mount(path) ? 1 : 0);
  return 1;
}

int io_unmount(lua_State* L) {
  const std::string_view path = check_medium(L);
  lua_pushinteger(L, files_of(L).unmount(path) ? 1 : 0);
  return 1;
}

int io_format(lua_State* L) {
  const std::string_view path = check_medium(L);
  lua_pushinteger(L, files_of(L).format(path) ? 1 : 0);
  return 1;
}

int rtos_make_dir(lua_State* L) {
  const std::string_view path = check_path(L, 1);
  lua_pushboolean(L, files_of(L).make_dir(path) ? 1 : 0);
  return 1;
}

int rtos_remove_dir(lua_State* L) {
  const std::string_view path = check_path(L, 1);
  lua_pushboolean(L, files_of(L).remove_dir(path) ? 1 : 0);
  return 1;
}

int push_space(lua_State* L, std::uintmax_t Space::*which) {
  const auto volume = opt_integer(L, 1, 0, static_cast<int>(Volume::usb_disk), 0);
  const auto in_kib = opt_integer(L, 2, 0, 1, 0);
  const Space space = volume ? files_of(L).space(static_cast<Volume>(*volume)) : Space{};
  lua_pushnumber(L, static_cast<lua_Number>(in_kib == 1 ? space.*which / 1024 : space.*which));
  return 1;
}

int rtos_get_fs_free_size(lua_State* L) {
  return push_space(L, &Space::free_bytes);
}

int rtos_get_fs_total_size(lua_State* L) {
  return push_space(L, &Space::total_bytes);
}

// Its upvalue says what is missing and why.
int taken_away(lua_State* L) {
  return luaL_error(L, "%s", lua_tostring(L, lua_upvalueindex(1)));
}

void take_away(lua_State* L, const char* library, const char* name, const char* why) {
  lua_getglobal(L, library);
  lua_pushfstring(L, "%s.%s: %s", library, name, why);
  lua_pushcclosure(L, taken_away, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

// Keeps the functions of a library that ours of the same names stand before. The library is on top of the stack.
void keep_stock(lua_State* L, const luaL_Reg* ours) {
  lua_pushlightuserdata(L, const_cast<char*>(&kStock));
  lua_rawget(L, LUA_REGISTRYINDEX);
  for (; ours->name != nullptr; ++ours) {
    lua_getfield(L, -2, ours->name);
    lua_setfield(L, -2, ours->name);
  }
  lua_pop(L, 1);
}

constexpr luaL_Reg kIo[] = {
    {"open", io_open}, {"lines", io_lines}, {"input", io_input}, {"output", io_output}, {nullptr, nullptr},
};
constexpr luaL_Reg kDirectories[] = {
    {"opendir", io_opendir},
    {"readdir", io_readdir},
    {"closedir", io_closedir},
    {nullptr, nullptr},
};
constexpr luaL_Reg kMedia[] = {
    {"mount", io_mount},
    {"unmount", io_unmount},
    {"format", io_format},
    {nullptr, nullptr},
};
constexpr luaL_Reg kOs[] = {
    {"remove", os_remove},
    {"rename", os_rename},
    {"tmpname", os_tmpname},
    {nullptr, nullptr},
};
constexpr luaL_Reg kClock[] = {
    {"time", os_time},
    {"date", os_date},
    {nullptr, nullptr},
};
constexpr luaL_Reg kRtos[] = {
    {"make_dir", rtos_make_dir},
    {"remove_dir", rtos_remove_dir},
    {"get_fs_free_size", rtos_get_fs_free_size},
    {"get_fs_total_size", rtos_get_fs_total_size},
    {nullptr, nullptr},
};

struct MediumName {
  const char* name;
  Medium medium;
};
constexpr MediumName kMediumNames[] = {
    {"INTERNAL", Medium::internal},           {"SDCARD", Medium::sd_card},  {"EXTERN_PINLCD", Medium::pins_of_lcd},
    {"EXTERN_PINGPIO", Medium::pins_of_gpio}, {"USBMSC", Medium::usb_disk},
};

}  // namespace

void add_file_calls(lua_State* L, FileSystem& files) {
  lua_pushlightuserdata(L, &files);
  set_functions(L, kRtos, 1);
}

void open_files(lua_State* L, FileSystem& files, Clock& clock) {
  lua_pushlightuserdata(L, const_cast<char*>(&kStock));
  lua_newtable(L);
  lua_rawset(L, LUA_REGISTRYINDEX);

  lua_getglobal(L, "io");
  keep_stock(L, kIo);
  lua_pushlightuserdata(L, &files);
  set_functions(L, kIo, 1);
  lua_pushlightuserdata(L, &files);
  set_functions(L, kMedia, 1);
  lua_pushlightuserdata(L, &files);
  push_listing(L);
  set_functions(L, kDirectories, 2);
  for (const MediumName& medium : kMediumNames) {
    lua_pushinteger(L, static_cast<int>(medium.medium));
    lua_setfield(L, -2, medium.name);
  }

  lua_getglobal(L, "os");
  keep_stock(L, kClock);
  lua_pushlightuserdata(L, &files);
  set_functions(L, kOs, 1);
  lua_pushlightuserdata(L, &clock);
  set_functions(L, kClock, 1);
  lua_pop(L, 2);

  take_away(L, "os", "execute", "the device has no shell");
  take_away(L, "io", "popen", "the device has no shell");
  take_away(L, "debug", "getregistry", "it would lead out of the device's files");
  open_loading(L, files);
}

}  // namespace socketcore::lua
