#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "lua/device/board.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/part_arguments.hpp"
#include "lua/host.hpp"

namespace socketcore::lua {

namespace {

constexpr NamedNumber kNumbers[] = {
    {"PCM", static_cast<int>(SoundKind::pcm)},
    {"WAV", static_cast<int>(SoundKind::wav)},
    {"AMR", static_cast<int>(SoundKind::amr)},
    {"MP3", static_cast<int>(SoundKind::mp3)},
    {"SPX", static_cast<int>(SoundKind::speex)},
    {"HANDSET", 0},
    {"RECEIVER", 0},
    {"EARPIECE", 1},
    {"HEADPHONE", 1},
    {"LOUDSPEAKER", 2},
    {"SPEAKER", 2},
    {"CLASS_AB", 0},
    {"CLASS_D", 1},
    {"PLAY_LOCAL", 0},
    {"PLAY_VOLTE", 1},
    {"PLAY_POC", 2},
    {"RECORE_MIC", 1},
    {"RECORE_VOICE", 2},
    {"RECORE_VOICE_DUAL", 3},
    {"RECORE_POC", 4},
};

// A recording is written when it begins, for nothing of Lua runs when it ends; it could be longer than any disk.
constexpr std::uint64_t kMostFileBytes = 1 << 20;
constexpr std::int32_t kChunkBytes = 4096;

// A table of the module's own: what is being recorded.
int state() {
  return lua_upvalueindex(2);
}
constexpr const char* kPath = "path";

int answer_one(lua_State* L) {
  lua_pushinteger(L, 1);
  return 1;
}

int answer(lua_State* L, bool done) {
  lua_pushboolean(L, done);
  return 1;
}

std::optional<SoundKind> kind_at(lua_State* L, int place) {
  const lua_Number number = luaL_checknumber(L, place);
  if (!(number >= 1 && number <= 5)) return std::nullopt;
  return static_cast<SoundKind>(static_cast<std::uint8_t>(number));
}

// A setting of up to six numbers: traced.
int setting(lua_State* L, const char* name) {
  std::int32_t values[6]{};
  const int count = std::clamp(lua_gettop(L), 1, 6);
  for (int i = 0; i < count; ++i) values[i] = need_integer(L, i + 1, kLowest, kHighest, "out of range");
  parts_of(L).audio.setting(name, {values, static_cast<std::size_t>(count)});
  return answer_one(L);
}

int set_channel(lua_State* L) {
  return setting(L, "channel");
}
int set_call_volume(lua_State* L) {
  return setting(L, "callvolume");
}
int set_amplifier(lua_State* L) {
  return setting(L, "amplifier");
}
int set_outer_amplifier(lua_State* L) {
  return setting(L, "pa");
}

int set_volume(lua_State* L) {
  if (is_within(L, 1, 0, 7)) {
    lua_settop(L, 1);
    return setting(L, "volume");
  }
  lua_pushinteger(L, 0);
  return 1;
}

// Through the script's io, which knows where its files are. Pushes the open file, or nothing.
bool push_file(lua_State* L, const char* path, const char* mode) {
  luaL_checkstack(L, 8, "files");
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  lua_getfield(L, -1, "io");
  if (!lua_istable(L, -1)) {
    lua_pop(L, 2);
    return false;
  }
  lua_getfield(L, -1, "open");
  lua_pushstring(L, path);
  lua_pushstring(L, mode);
  lua_call(L, 2, 1);
  lua_replace(L, -3);
  lua_pop(L, 1);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

// Closes the file on top of the stack, and pops it. False: what was written is not all there.
bool close_file(lua_State* L) {
  lua_getfield(L, -1, "close");
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  const bool whole = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return whole;
}

// The size of the file on top of the stack.
lua_Number file_size(lua_State* L) {
  lua_getfield(L, -1, "seek");
  lua_pushvalue(L, -2);
  lua_pushliteral(L, "end");
  lua_call(L, 2, 1);
  const lua_Number size = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return size;
}

// Makes a file of silence. False: it could not.
bool write_silence(lua_State* L, const char* path, SoundKind kind, Duration length) {
  const auto most = std::chrono::seconds(kMostFileBytes / static_cast<std::uint64_t>(bytes_per_second(kind)));
  const std::uint64_t total = silence_bytes(kind, std::min<Duration>(length, most));
  if (!push_file(L, path, "wb")) return false;
  auto* const buffer = static_cast<std::byte*>(lua_newuserdata(L, kChunkBytes));
  bool done = true;
  for (std::uint64_t at = 0; done && at < total; at += kChunkBytes) {
    const std::span chunk(buffer, std::min<std::uint64_t>(kChunkBytes, total - at));
    fill_silence(kind, total, at, chunk);
    lua_getfield(L, -2, "write");
    lua_pushvalue(L, -3);
    push_string(L, chunk);
    lua_call(L, 2, 1);
    done = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return close_file(L) && done;
}

int play(lua_State* L) {
  Parts& parts = parts_of(L);
  const char* const path = luaL_checkstring(L, 1);
  if (!push_file(L, path, "rb")) return answer(L, false);
  const lua_Number size = file_size(L);
  close_file(L);
  if (!(size > 0 && size < 1e15)) return answer(L, false);
  parts.audio.play(path, sound_kind_of(path), static_cast<std::uint64_t>(size), false);
  return answer(L, true);
}

int play_data(lua_State* L) {
  Parts& parts = parts_of(L);
  std::size_t size = 0;
  luaL_checklstring(L, 1, &size);
  const auto kind = kind_at(L, 2);
  const bool again =
      lua_isboolean(L, 3) ? lua_toboolean(L, 3) != 0 : want_integer(L, 3, kLowest, kHighest, "0 or 1 expected", 0) != 0;
  if (!kind || size == 0) return answer(L, false);
  parts.audio.play("data", *kind, size, again);
  return answer(L, true);
}

int stop(lua_State* L) {
  parts_of(L).audio.stop();
  return answer_one(L);
}

int stream_play(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto kind = kind_at(L, 1);
  std::size_t size = 0;
  luaL_checklstring(L, 2, &size);
  lua_pushinteger(L, kind ? static_cast<lua_Integer>(parts.audio.stream(*kind, size)) : 0);
  return 1;
}

int stream_left(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(parts_of(L).audio.stream_left()));
  return 1;
}

// The seconds at `place`. Nothing: none.
std::optional<Duration> seconds_at(lua_State* L, int place) {
  const lua_Number seconds = luaL_checknumber(L, place);
  if (!(seconds > 0)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min<lua_Number>(seconds, kHighest) * 1000));
}

// Quality and source, which may stand before the kind, make no difference to silence.
std::optional<SoundKind> recorded_kind_at(lua_State* L, int place) {
  if (lua_isnoneornil(L, place)) return SoundKind::amr;
  const auto kind = kind_at(L, place);
  return kind && can_record(*kind) ? kind : std::nullopt;
}

int record(lua_State* L) {
  Parts& parts = parts_of(L);
  const char* const path = luaL_checkstring(L, 1);
  const auto length = seconds_at(L, 2);
  const auto kind = recorded_kind_at(L, 5);
  if (!length || !kind || parts.audio.recorded()) return answer(L, false);
  if (!write_silence(L, path, *kind, *length)) return answer(L, false);
  lua_pushvalue(L, 1);
  lua_setfield(L, state(), kPath);
  return answer(L, parts.audio.record(path, *kind, *length));
}

int record_stream(lua_State* L) {
  constexpr std::int32_t kLeast = 160;
  constexpr std::int32_t kMost = 32768;
  Parts& parts = parts_of(L);
  const auto length = seconds_at(L, 1);
  const auto kind = recorded_kind_at(L, 4);
  const auto piece = want_integer(L, 5, 1, kHighest, "bytes expected", 1024);
  lua_pushnil(L);
  lua_setfield(L, state(), kPath);
  const auto size = static_cast<std::size_t>(std::clamp(piece, kLeast, kMost));
  return answer(L, length && kind && parts.audio.record_stream(*kind, *length, size));
}

// A recording that ends early is a shorter file.
int stop_recording(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto recorded = parts.audio.recorded();
  lua_getfield(L, state(), kPath);
  const char* const path = lua_tostring(L, -1);
  if (recorded && path != nullptr) write_silence(L, path, parts.audio.recorded_kind(), *recorded);
  return answer(L, parts.audio.stop_recording());
}

int delete_recording(lua_State* L) {
  Parts& parts = parts_of(L);
  lua_pushnil(L);
  lua_setfield(L, state(), kPath);
  parts.audio.stop_recording();
  return answer_one(L);
}

int read_recording(lua_State* L) {
  Parts& parts = parts_of(L);
  const auto room = push_room(L, 1);
  push_received(
      L, room, [&](std::span<std::byte> into) { return parts.audio.peek_recording(into); },
      [&](std::span<std::byte> into) { return parts.audio.read_recording(into); });
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"setchannel", set_channel},
    {"setvol", set_volume},
    {"setsphvol", set_call_volume},
    {"setpa", set_amplifier},
    {"pa", set_outer_amplifier},
    {"play", play},
    {"playdata", play_data},
    {"stop", stop},
    {"streamplay", stream_play},
    {"streamremain", stream_left},
    {"record", record},
    {"streamrecord", record_stream},
    {"stoprecord", stop_recording},
    {"deleterecord", delete_recording},
    {"streamrecordread", read_recording},
    {nullptr, nullptr},
};

}  // namespace

void push_audiocore(lua_State* L) {
  const int host = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, host);
  lua_newtable(L);
  set_functions(L, kCalls, 2);
  set_numbers(L, kNumbers);
}

}  // namespace socketcore::lua
