#include <array>
#include <bit>
#include <cstdint>

#include "codec/integers.hpp"
#include "lua/device/modules.hpp"

// Numbers count modulo 2^32, without their fraction, and results are unsigned. A shift by 32 or more, or by less than 0,
// leaves nothing (of arshift: nothing but the sign); a rotation counts modulo 32; a bit that is not 0..31 is not there.
namespace socketcore::lua {

namespace {

using Word = std::uint32_t;

constexpr int kBits = 32;

Word check_word(lua_State* L, int place) {
  return codec::wrap_uint32(luaL_checknumber(L, place));
}

// kBits: not one of 0..31.
int check_place(lua_State* L, int place) {
  const lua_Number n = luaL_checknumber(L, place);
  return n > -1 && n < kBits ? static_cast<int>(n) : kBits;
}

Word bit_at(int place) {
  return place < kBits ? Word{1} << place : 0;
}

int push_word(lua_State* L, Word word) {
  lua_pushnumber(L, word);
  return 1;
}

template <Word (*operation)(Word, Word)>
int fold(lua_State* L) {
  Word result = check_word(L, 1);
  const int count = lua_gettop(L);
  for (int place = 2; place <= count; ++place) result = operation(result, check_word(L, place));
  return push_word(L, result);
}

Word band(Word a, Word b) {
  return a & b;
}
Word bor(Word a, Word b) {
  return a | b;
}
Word bxor(Word a, Word b) {
  return a ^ b;
}
Word clear_bits(Word a, Word b) {
  return a & ~b;
}

// set() and clear() name their bits by number.
template <Word (*operation)(Word, Word)>
int change(lua_State* L) {
  Word result = check_word(L, 1);
  const int count = lua_gettop(L);
  for (int place = 2; place <= count; ++place) result = operation(result, bit_at(check_place(L, place)));
  return push_word(L, result);
}

int bnot(lua_State* L) {
  return push_word(L, ~check_word(L, 1));
}

int lshift(lua_State* L) {
  const Word word = check_word(L, 1);
  const int by = check_place(L, 2);
  return push_word(L, by < kBits ? word << by : 0);
}

int rshift(lua_State* L) {
  const Word word = check_word(L, 1);
  const int by = check_place(L, 2);
  return push_word(L, by < kBits ? word >> by : 0);
}

int arshift(lua_State* L) {
  const auto word = static_cast<std::int32_t>(check_word(L, 1));
  const int by = check_place(L, 2);
  return push_word(L, static_cast<Word>(word >> (by < kBits ? by : kBits - 1)));
}

int rol(lua_State* L) {
  const Word word = check_word(L, 1);
  return push_word(L, std::rotl(word, static_cast<int>(check_word(L, 2) % kBits)));
}

int ror(lua_State* L) {
  const Word word = check_word(L, 1);
  return push_word(L, std::rotr(word, static_cast<int>(check_word(L, 2) % kBits)));
}

// The last n digits, 8 by default; upper-case where n is negative.
int tohex(lua_State* L) {
  Word word = check_word(L, 1);
  const lua_Number n = luaL_optnumber(L, 2, 8);
  const char* const digits = n < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
  const lua_Number size = n < 0 ? -n : n;
  const int count = size < 8 ? static_cast<int>(size) : size >= 8 ? 8 : 0;  // NaN: none
  std::array<char, 8> text{};
  for (int i = count - 1; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = digits[word & 15];
    word >>= 4;
  }
  lua_pushlstring(L, text.data(), static_cast<std::size_t>(count));
  return 1;
}

int bit(lua_State* L) {
  return push_word(L, bit_at(check_place(L, 1)));
}

bool check_is_set(lua_State* L) {
  const Word word = check_word(L, 1);
  return (word & bit_at(check_place(L, 2))) != 0;
}

int isset(lua_State* L) {
  lua_pushboolean(L, check_is_set(L) ? 1 : 0);
  return 1;
}

int isclear(lua_State* L) {
  lua_pushboolean(L, check_is_set(L) ? 0 : 1);
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"band", fold<band>}, {"bor", fold<bor>},   {"bxor", fold<bxor>}, {"bnot", bnot},       {"lshift", lshift},
    {"rshift", rshift},   {"arshift", arshift}, {"rol", rol},         {"ror", ror},         {"tohex", tohex},
    {"bit", bit},         {"isset", isset},     {"isclear", isclear}, {"set", change<bor>}, {"clear", change<clear_bits>},
    {nullptr, nullptr},
};

}  // namespace

void push_bit(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kCalls);
}

}  // namespace socketcore::lua
