// CRCs, Base64, XXTEA, numbers and distances, against what is published.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "codec/base64.hpp"
#include "codec/crc.hpp"
#include "codec/distance.hpp"
#include "codec/integers.hpp"
#include "codec/xxtea.hpp"

namespace socketcore::codec {
namespace {

TEST(Crc, HasTheCheckValueOfTheCatalogues) {
  const std::string_view check = "123456789";
  const std::pair<std::string_view, int> wanted[] = {
      {"MODBUS", 0x4B37}, {"IBM", 0xBB3D},         {"X25", 0x906E},    {"MAXIM", 0x44C2}, {"USB", 0xB4C8},
      {"CCITT", 0x2189},  {"CCITT-FALSE", 0x29B1}, {"XMODEM", 0x31C3}, {"DNP", 0xEA82},
  };
  for (const auto& [name, value] : wanted) {
    const auto kind = crc16_of(name);
    ASSERT_TRUE(kind) << name;
    EXPECT_EQ(crc16(*kind, check), value) << name;
  }
  EXPECT_FALSE(crc16_of("USER-DEFINED"));
  EXPECT_EQ(crc32(check), 0xCBF43926);
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc8(check), 0xF4);
}

TEST(Crc, ReflectsInputAndOutputApart) {
  const Crc16 in_only{0x8005, 0x1234, 0, true, false};
  const Crc16 both{0x8005, 0x1234, 0, true, true};
  const std::uint16_t value = crc16(both, "abc");
  std::uint16_t mirrored = 0;
  for (int bit = 0; bit < 16; ++bit) mirrored = static_cast<std::uint16_t>(mirrored | ((value >> bit & 1) << (15 - bit)));
  EXPECT_EQ(crc16(in_only, "abc"), mirrored);
}

std::string encoded(std::string_view data) {
  std::string out(base64_encoded_size(data.size()), '?');
  base64_encode(data, out);
  return out;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out(base64_decoded_limit(text.size()), '?');
  const auto size = base64_decode(text, out);
  return size ? std::optional(out.substr(0, *size)) : std::nullopt;
}

TEST(Base64, IsThatOfRfc4648) {
  const std::pair<const char*, const char*> pairs[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : pairs) {
    EXPECT_EQ(encoded(plain), text);
    EXPECT_EQ(decoded(text), plain);
  }
}

TEST(Base64, SkipsSpaceAndRefusesTheRest) {
  EXPECT_EQ(decoded(" Z m\r\n9\tv "), "foo");
  EXPECT_EQ(decoded("Zm9vYg"), "foob");
  for (const char* bad : {"Z", "Zm9vY", "Zg=", "Zg===", "=", "Zg==Zg==", "Zm9-",
                          "Zm\xFF"
                          "9"})
    EXPECT_FALSE(decoded(bad)) << bad;
}

TEST(Xxtea, IsThatOfItsUsualLibraries) {
  const std::string text = "Hello World! \u4f60\u597d\uff0c\u4e2d\u56fd\uff01";
  std::string out(xxtea_encrypted_size(text.size()), '?');
  ASSERT_TRUE(xxtea_encrypt(text, "1234567890", out));
  EXPECT_EQ(encoded(out), "QncB1C0rHQoZ1eRiPM4dsZtRi9pNrp7sqvX76cFXvrrIHXL6");
  std::string back(out.size(), '?');
  ASSERT_EQ(xxtea_decrypt(out, "1234567890", back), text.size());
  EXPECT_EQ(back.substr(0, text.size()), text);
  EXPECT_FALSE(xxtea_decrypt(out, "123456789", back));
}

TEST(Numbers, WrapAsTheirBitsWould) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  EXPECT_EQ(wrap_uint32(0), 0U);
  EXPECT_EQ(wrap_uint32(-1), 0xFFFFFFFF);
  EXPECT_EQ(wrap_uint32(-0.9), 0U);
  EXPECT_EQ(wrap_uint32(4294967296.0 + 7), 7U);
  EXPECT_EQ(wrap_uint32(-4294967296.0 * 3 - 2), 0xFFFFFFFE);
  EXPECT_EQ(wrap_uint32(9007199254740993.0), 0U);
  EXPECT_EQ(wrap_uint32(kHuge), 0U);
  EXPECT_EQ(wrap_uint32(std::nan("")), 0U);
  EXPECT_EQ(wrap_uint32(-std::numeric_limits<double>::infinity()), 0U);
}

TEST(Numbers, AreReadFromDecimals) {
  EXPECT_EQ(decimal_uint64("12345678"), 12345678U);
  EXPECT_EQ(decimal_uint64(" -1"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(decimal_uint64("+18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(decimal_uint64("18446744073709551617"), 1U);
  EXPECT_EQ(decimal_uint64("7.9"), 7U);
  EXPECT_EQ(decimal_uint64("-"), 0U);
  EXPECT_EQ(decimal_uint64(""), 0U);
}

TEST(Distance, IsThatOfTheMap) {
  EXPECT_NEAR(distance_m({52.52, 13.405}, {53.5511, 9.9937}), 255250, 500);
  EXPECT_NEAR(distance_m({0, 179.9}, {0, -179.9}), 22239, 10);
  EXPECT_NEAR(distance_m({90, 0}, {-90, 50}), 20015114, 10);
  EXPECT_EQ(distance_m({31.2, 121.4}, {31.2, 121.4}), 0);
}

}  // namespace
}  // namespace socketcore::codec
