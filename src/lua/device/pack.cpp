#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "codec/integers.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/text_arguments.hpp"

// The sizes are those of the device, whatever the host's are. Numbers that a field cannot hold lose their upper bits, and
// so does the length before a string.
namespace socketcore::lua {

namespace {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

enum class Kind { order, blank, integer, real, bare, terminated, counted };

struct Code {
  Kind kind;
  std::size_t size = 0;  ///< of the number, or of the length before a string
  bool is_signed = false;
};

std::optional<Code> code_of(char c) {
  switch (c) {
    case '<':
    case '>':
    case '=':
      return Code{Kind::order};
    case ' ':
    case ',':
      return Code{Kind::blank};
    case 'c':
      return Code{Kind::integer, 1, true};
    case 'b':
      return Code{Kind::integer, 1, false};
    case 'h':
      return Code{Kind::integer, 2, true};
    case 'H':
      return Code{Kind::integer, 2, false};
    case 'i':
    case 'l':
      return Code{Kind::integer, 4, true};
    case 'I':
    case 'L':
      return Code{Kind::integer, 4, false};
    case 'f':
      return Code{Kind::real, 4};
    case 'd':
    case 'n':
      return Code{Kind::real, 8};
    case 'A':
      return Code{Kind::bare};
    case 'z':
      return Code{Kind::terminated};
    case 'p':
      return Code{Kind::counted, 1};
    case 'P':
      return Code{Kind::counted, 2};
    case 'a':
      return Code{Kind::counted, 4};
    default:
      return std::nullopt;
  }
}

/// A format, read item by item.
class Format {
 public:
  Format(std::string_view text, int place) : text_(text), place_(place) {}

  /// Goes to the next item but for orders of bytes, which it keeps in mind. False: there is none. Raises at an unknown
  /// code.
  bool next(lua_State* L) {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      const auto code = code_of(c);
      if (!code) luaL_argerror(L, place_, lua_pushfstring(L, "no such code: '%c'", c));
      const std::optional<std::size_t> repeat = number();
      if (code->kind == Kind::order) big_ = c == '>';
      if (code->kind == Kind::order || code->kind == Kind::blank) continue;
      code_ = *code;
      count_ = repeat.value_or(1);
      return true;
    }
    return false;
  }

  [[nodiscard]] const Code& code() const { return code_; }
  [[nodiscard]] std::size_t count() const { return count_; }

  // The bytes of a field are in this order.
  [[nodiscard]] std::size_t shift(std::size_t byte) const { return 8 * (big_ ? code_.size - 1 - byte : byte); }

 private:
  std::optional<std::size_t> number() {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 16;
    std::optional<std::size_t> value;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const std::size_t so_far = value.value_or(0);
      value = so_far < kMost ? so_far * 10 + static_cast<std::size_t>(text_[at_] - '0') : kMost;
    }
    return value;
  }

  std::string_view text_;
  int place_;
  std::size_t at_ = 0;
  bool big_ = false;
  Code code_{Kind::blank};
  std::size_t count_ = 0;
};

static_assert(std::is_trivially_destructible_v<Format>, "it lives across calls that raise");

std::uint64_t bits_of(const Code& code, lua_Number value) {
  if (code.kind == Kind::integer) return codec::wrap_uint32(value);
  if (code.size == 8) return std::bit_cast<std::uint64_t>(value);
  return std::bit_cast<std::uint32_t>(static_cast<float>(value));
}

lua_Number number_of(const Code& code, std::uint64_t bits) {
  if (code.kind == Kind::real) {
    return code.size == 8 ? std::bit_cast<double>(bits) : std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  }
  const std::uint64_t sign = std::uint64_t{1} << (8 * code.size - 1);
  if (!code.is_signed || (bits & sign) == 0) return static_cast<lua_Number>(bits);
  return static_cast<lua_Number>(bits) - static_cast<lua_Number>(2 * sign);
}

void add_bits(luaL_Buffer* buffer, const Format& format, std::uint64_t bits) {
  std::array<char, 8> bytes{};
  const std::size_t size = format.code().size;
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bits >> format.shift(i));
  luaL_addlstring(buffer, bytes.data(), size);
}

int pack(lua_State* L) {
  Format format(check_text(L, 1), 1);
  const int last = lua_gettop(L);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  int place = 2;
  while (format.next(L)) {
    const Code& code = format.code();
    // A repeat without arguments raises at the first that is missing. Behind the last lie the buffer's own pieces.
    for (std::size_t i = 0; i < format.count(); ++i, ++place) {
      if (place > last) luaL_argerror(L, place, "no value");
      if (code.kind == Kind::integer || code.kind == Kind::real) {
        add_bits(&buffer, format, bits_of(code, luaL_checknumber(L, place)));
        continue;
      }
      const std::string_view text = check_text(L, place);
      if (code.kind == Kind::counted) add_bits(&buffer, format, text.size());
      luaL_addlstring(&buffer, text.data(), text.size());
      if (code.kind == Kind::terminated) luaL_addchar(&buffer, '\0');
    }
  }
  luaL_pushresult(&buffer);
  return 1;
}

/// What is left of the string to unpack.
struct Reader {
  std::string_view text;
  std::size_t at = 0;
  [[nodiscard]] std::size_t left() const { return text.size() - at; }
  std::string_view take(std::size_t size) {
    const std::string_view taken = text.substr(at, size);
    at += size;
    return taken;
  }
};

std::uint64_t take_bits(Reader& reader, const Format& format) {
  const std::string_view bytes = reader.take(format.code().size);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bits |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << format.shift(i);
  }
  return bits;
}

// Pushes one value. False: the string ends before it.
bool push_next(lua_State* L, Reader& reader, const Format& format) {
  const Code& code = format.code();
  if (code.kind == Kind::bare) {
    if (format.count() > reader.left()) return false;
    push_bytes(L, reader.take(format.count()));
    return true;
  }
  if (code.kind == Kind::terminated) {
    if (reader.left() == 0) return false;
    const std::size_t size = reader.text.substr(reader.at).find('\0');
    // Without its zero the text is all that is left.
    push_bytes(L, reader.take(size == std::string_view::npos ? reader.left() : size));
    if (size != std::string_view::npos) ++reader.at;
    return true;
  }
  if (code.size > reader.left()) return false;
  if (code.kind != Kind::counted) {
    lua_pushnumber(L, number_of(code, take_bits(reader, format)));
    return true;
  }
  Reader ahead = reader;
  const std::uint64_t size = take_bits(ahead, format);
  if (size > ahead.left()) return false;
  push_bytes(L, ahead.take(static_cast<std::size_t>(size)));
  reader = ahead;
  return true;
}

int unpack(lua_State* L) {
  Reader reader{check_text(L, 1)};
  Format format(check_text(L, 2), 2);
  const lua_Number from = luaL_optnumber(L, 3, 1);
  const auto end = static_cast<lua_Number>(reader.text.size()) + 1;
  if (from >= 1) reader.at = static_cast<std::size_t>(std::fmin(from, end)) - 1;

  lua_settop(L, 3);
  lua_pushnil(L);  // the place of the next position
  bool more = true;
  while (more && format.next(L)) {
    // The digits behind A are a length.
    const std::size_t count = format.code().kind == Kind::bare ? 1 : format.count();
    for (std::size_t i = 0; more && i < count; ++i) {
      luaL_checkstack(L, 2, "too many values");
      more = push_next(L, reader, format);
    }
  }
  lua_pushnumber(L, static_cast<lua_Number>(reader.at) + 1);
  lua_replace(L, 4);
  return lua_gettop(L) - 3;
}

constexpr luaL_Reg kCalls[] = {{"pack", pack}, {"unpack", unpack}, {nullptr, nullptr}};

}  // namespace

void push_pack(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kCalls);
}

}  // namespace socketcore::lua
