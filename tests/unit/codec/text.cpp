#include "codec/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace socketcore::codec {
namespace {

using End = TextConverter::End;

struct Converted {
  End end;
  std::string text;
};

Converted convert(TextConverter& converter, std::string_view text) {
  std::string out(TextConverter::room(text.size()), '?');
  const auto result = converter.convert(text, out);
  return {result.end, out.substr(0, result.size)};
}

TEST(Text, HasRoomForEveryCharacter) {
  const std::string_view names[] = {"utf8", "ucs2", "ucs2be", "gb2312", "ascii"};
  for (const std::string_view from : names) {
    for (const std::string_view to : names) {
      TextConverter converter;
      ASSERT_TRUE(converter.open(to, from)) << to << ' ' << from;
      // Each of the 16-bit characters that there are, alone and many times.
      for (unsigned c = 1; c < 0x10000; c += 61) {
        TextConverter source;
        ASSERT_TRUE(source.open(from, "ucs2be"));
        const std::string wide = {static_cast<char>(c >> 8), static_cast<char>(c & 0xFF)};
        const Converted one = convert(source, wide);
        if (one.end != End::done) continue;
        std::string many;
        for (int i = 0; i < 50; ++i) many += one.text;
        const Converted result = convert(converter, many);
        if (result.end == End::invalid) continue;
        ASSERT_EQ(result.end, End::done) << c;
        const Converted single = convert(converter, one.text);
        EXPECT_EQ(result.text.size(), 50 * single.text.size()) << c;
      }
    }
  }
}

TEST(Text, StopsWhereItIsNoText) {
  TextConverter converter;
  ASSERT_TRUE(converter.open("UCS2BE", "UTF-8"));
  const Converted invalid = convert(converter,
                                    "A\xFF"
                                    "B");
  EXPECT_EQ(invalid.end, End::invalid);
  EXPECT_EQ(invalid.text, std::string("\0A", 2));
  const Converted incomplete = convert(converter, "A\xE4\xB8");
  EXPECT_EQ(incomplete.end, End::incomplete);
  const Converted fine = convert(converter, "B");
  EXPECT_EQ(fine.end, End::done);
  EXPECT_EQ(fine.text, std::string("\0B", 2));
}

TEST(Text, OpensNoOtherNames) {
  TextConverter converter;
  for (const char* name : {"", "UTF-16", "latin1", "utf8//IGNORE", "utf88", "utf"})
    EXPECT_FALSE(converter.open(name, "utf8")) << name;
  EXPECT_FALSE(converter.is_open());
}

}  // namespace
}  // namespace socketcore::codec
