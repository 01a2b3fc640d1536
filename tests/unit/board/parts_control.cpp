#include <fstream>
#include <random>
#include <string>

#include "parts_test.hpp"

namespace socketcore::test {

namespace {

class PartsControl : public PartsTest {};

TEST_F(PartsControl, EmptyLinesAndCommentsDoNothing) {
  for (const char* line : {"", "  \t ", "# pin 1 1", "\r"}) obey(line);
  EXPECT_THAT(site.lines, IsEmpty());
}

TEST_F(PartsControl, KnowsItsWords) {
  for (const char* word : {"pin", "adc", "i2c", "spi", "key", "battery", "charger", "sleeps"})
    EXPECT_TRUE(Parts::knows(word));
  for (const char* word : {"", "sms", "pins", "link"}) EXPECT_FALSE(Parts::knows(word));
}

TEST_F(PartsControl, ErrorsNameTheWordAndTheCause) {
  EXPECT_EQ(parts.control("gpio 1 1"), "gpio: no such part; there are pin adc i2c spi key battery charger sleeps");
  EXPECT_EQ(parts.control("pin 96 1"), "pin: the pin is \"96\", not 0..95");
  EXPECT_EQ(parts.control("pin 1"), "pin: the level is nothing, not 0..1");
  EXPECT_EQ(parts.control("pin 1 2"), "pin: the level is \"2\", not 0..1");
  EXPECT_EQ(parts.control("pin 1 1 1"), "pin: \"1\" is too much");
  EXPECT_EQ(parts.control("adc 0 nan"), "adc: the voltage in mV is \"nan\", not 0..100000");
  EXPECT_EQ(parts.control("adc 0 99999999999999999999"),
            "adc: the voltage in mV is \"99999999999999999999\", not 0..100000");
  EXPECT_EQ(parts.control("adc -1 5"), "adc: the channel is \"-1\", not 0..7");
  EXPECT_EQ(parts.control("i2c 1 0x68 0 abc"), "i2c: the register is \"0\", not pairs of hexadecimal digits");
  EXPECT_EQ(parts.control("i2c 1 0x68 00 abc"), "i2c: the value is \"abc\", not pairs of hexadecimal digits");
  EXPECT_EQ(parts.control("i2c 1 0x80 00 ab"), "i2c: the address is \"0x80\", not 0..127");
  EXPECT_EQ(parts.control("spi 0 0x"), "spi: the value is \"0x\", not pairs of hexadecimal digits");
  EXPECT_EQ(parts.control("spi 0 +1"), "spi: the value is \"+1\", not pairs of hexadecimal digits");
  EXPECT_EQ(parts.control("charger maybe"), "charger: the charger is \"maybe\", not off or on");
  EXPECT_EQ(parts.control("battery 3700 101"), "battery: the charge in percent is \"101\", not 0..100");
  EXPECT_THAT(parts.control("key 1 1 down"), StartsWith("key: the script has no keypad yet"));
}

TEST_F(PartsControl, HostileLinesAreRefused) {
  EXPECT_EQ(parts.control(std::string_view("pin 1\0 1", 8)), "the line holds a control character");
  EXPECT_EQ(parts.control("pin 1 1\npin 2 1"), "the line holds a control character");
  EXPECT_EQ(parts.control(std::string(100000, 'a')), "the line has more than 65536 bytes");
  EXPECT_THAT(parts.control("pin " + std::string(60000, '9') + " 1").size(), testing::Lt(120U));
  EXPECT_THAT(parts.control(std::string(60000, 'x')).size(), testing::Lt(120U));
}

TEST_F(PartsControl, AWrongLineChangesNothing) {
  obey("i2c 1 0x68 75 68");
  EXPECT_NE(parts.control("i2c 1 0x68 75 69 70"), "");
  EXPECT_NE(parts.control("battery 3000 1 1"), "");
  EXPECT_EQ(parts.power.battery().millivolt, 3800);
  parts.i2c.open(1, 100000, 0x68);
  parts.i2c.send(1, 0x68, bytes("\x75"));
  std::byte value{};
  EXPECT_EQ(parts.i2c.receive(1, 0x68, {&value, 1}), 1U);
  EXPECT_EQ(value, std::byte{0x68});
}

TEST_F(PartsControl, ThePageOfThePartsIsRight) {
  std::ifstream page(SC_PARTS_PAGE);
  bool example = false;
  int lines = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      example = line == "```parts";
    } else if (example) {
      obey(line);
      ++lines;
    }
  }
  EXPECT_GT(lines, 5);
}

TEST_F(PartsControl, AnyWordsAtAllAreAnsweredAndNoTimerHangs) {
  constexpr std::string_view kPieces[] = {"pin",  "adc", "i2c", "spi", "key",  "battery", "charger", "sleeps", "none", "on",
                                          "down", "0",   "1",   "95",  "0x7f", "-1",      "00",      "2c06",   "ffff", "#"};
  std::mt19937 random(1);
  parts.keypad.start();
  parts.power.start();
  for (std::int32_t pin = 0; pin < Pins::kPins; ++pin) parts.pins.open_input(pin, true);
  int done = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string line;
    for (auto words = random() % 6; words > 0; --words) (line += kPieces[random() % std::size(kPieces)]) += ' ';
    if (parts.control(line).empty()) ++done;
    if (i % 100 == 0) site.advance(30ms);
  }
  site.advance(1s);
  EXPECT_GT(done, 1000);
  EXPECT_FALSE(site.events.empty());
  EXPECT_FALSE(site.armed(PartTimer::debounce));
}

}  // namespace

}  // namespace socketcore::test
