#include <string>

#include "parts_test.hpp"

namespace socketcore::test {

namespace {

class PartsBuses : public PartsTest {
 protected:
  std::string receive(std::int32_t bus, std::uint8_t address, std::size_t size) {
    std::string result(size, '?');
    result.resize(parts.i2c.receive(bus, address, std::as_writable_bytes(std::span(result))));
    return result;
  }
  std::string spi_receive(std::int32_t bus, std::size_t size) {
    std::string result(size, '?');
    result.resize(parts.spi.receive(bus, std::as_writable_bytes(std::span(result))));
    return result;
  }
};

TEST_F(PartsBuses, RegistersAreReadAndWrittenFromThePointerOn) {
  obey("i2c 1 0x68 0x75 68AB");
  parts.i2c.open(1, 400000, 0);
  EXPECT_EQ(parts.i2c.send(1, 0x68, bytes("\x75")), 1U);
  EXPECT_EQ(receive(1, 0x68, 3), std::string("\x68\xab\0", 3));
  EXPECT_EQ(parts.i2c.send(1, 0x68, bytes(std::string_view("\x6b\0\x7", 3))), 3U);
  EXPECT_EQ(parts.i2c.send(1, 0x68, bytes("\x6c")), 1U);
  EXPECT_EQ(receive(1, 0x68, 1), "\x7");
  EXPECT_THAT(site.lines, ElementsAre("i2c 1 setup 400000", "i2c 1 0x68 write 75", "i2c 1 0x68 read 68ab00",
                                      "i2c 1 0x68 write 6b0007", "i2c 1 0x68 write 6c", "i2c 1 0x68 read 07"));
}

TEST_F(PartsBuses, ThePointerGoesRound) {
  obey("i2c 0 1 ff 0102");
  parts.i2c.open(0, 100000, 0);
  parts.i2c.send(0, 1, bytes("\xff"));
  EXPECT_EQ(receive(0, 1, 2), "\x01\x02");
  EXPECT_EQ(receive(0, 1, 256).size(), 256U);
}

TEST_F(PartsBuses, ACommandHasItsOwnAnswer) {
  obey("i2c 2 0x44 2c06 616263");
  parts.i2c.open(2, 100000, 0);
  EXPECT_EQ(parts.i2c.send(2, 0x44, bytes("\x2c\x06")), 2U);
  EXPECT_EQ(receive(2, 0x44, 5), "abc\xff\xff");
  EXPECT_EQ(receive(2, 0x44, 2), "ab");
  obey("i2c 2 0x44 2c06 7a");
  EXPECT_EQ(receive(2, 0x44, 1), "z");
  EXPECT_EQ(parts.i2c.send(2, 0x44, bytes("\x2c")), 1U);
  EXPECT_EQ(receive(2, 0x44, 1), std::string(1, '\0'));
}

TEST_F(PartsBuses, NothingAnswersWithoutADeviceOrASetup) {
  EXPECT_EQ(parts.i2c.send(1, 0x68, bytes("\x75")), 0U);
  parts.i2c.open(1, 100000, 0);
  EXPECT_EQ(parts.i2c.send(1, 0x68, bytes("\x75")), 0U);
  EXPECT_EQ(receive(1, 0x68, 4), "");
  EXPECT_THAT(site.take_lines(), ElementsAre("i2c 1 setup 100000", "i2c 1 0x68 nack", "i2c 1 0x68 nack"));
  obey("i2c 1 0x68 00 01");
  EXPECT_EQ(parts.i2c.send(1, 0x68, bytes("\x75")), 1U);
  EXPECT_EQ(parts.i2c.send(1, 0x68, {}), 0U);
  obey("i2c 1 0x68 none");
  EXPECT_EQ(receive(1, 0x68, 4), "");
  parts.i2c.close(1);
  obey("i2c 1 0x68 00 01");
  EXPECT_EQ(receive(1, 0x68, 4), "");
}

TEST_F(PartsBuses, TheTableOfCommandsHasAnEnd) {
  for (int i = 0; i < 256; ++i) {
    const char digits[] = "0123456789abcdef";
    obey(std::string("i2c 0 1 10") + digits[i / 16] + digits[i % 16] + " 00");
  }
  EXPECT_EQ(parts.control("i2c 0 1 2000 00"), "i2c: the device has 256 commands already");
  obey("i2c 0 1 1000 01");
  EXPECT_EQ(parts.control("i2c 0 1 00 " + std::string(514, '0')), "i2c: the value has more than 256 bytes");
}

TEST_F(PartsBuses, LongTracesAreCut) {
  parts.spi.open(1, 0, 0, 8, 1000);
  const std::string data(60000, 'U');
  EXPECT_EQ(parts.spi.send(1, bytes(data)), 60000U);
  EXPECT_EQ(site.lines.back().size(), std::string("spi 1 write ").size() + 2048 + std::string(" +58976").size());
  EXPECT_TRUE(site.lines.back().ends_with("55 +58976"));
}

TEST_F(PartsBuses, SpiReadsWhatIsQueuedThenZeros) {
  obey("spi 0 6162");
  obey("spi 0 63");
  EXPECT_EQ(spi_receive(0, 1), "");
  EXPECT_EQ(parts.spi.send(0, bytes("x")), 0U);
  parts.spi.open(0, 0, 1, 8, 100000);
  EXPECT_EQ(parts.spi.send(0, bytes("x")), 1U);
  EXPECT_EQ(spi_receive(0, 2), "ab");
  std::string into(3, '?');
  EXPECT_EQ(parts.spi.exchange(0, bytes("xyz"), std::as_writable_bytes(std::span(into))), 3U);
  EXPECT_EQ(into, std::string("c\0\0", 3));
  EXPECT_THAT(site.lines, ElementsAre("spi 0 setup 0 1 8 100000", "spi 0 write 78", "spi 0 read 6162", "spi 0 write 78797a",
                                      "spi 0 read 630000"));
  EXPECT_TRUE(parts.spi.close(0));
  EXPECT_FALSE(parts.spi.close(0));
}

TEST_F(PartsBuses, TheQueueHasAnEnd) {
  const std::string line = "spi 1 " + std::string(32768 * 2 - 100, '0');
  ASSERT_EQ(parts.control(line), "");
  ASSERT_EQ(parts.control(line), "");
  EXPECT_EQ(parts.control(line), "spi: the queue is full: 65536 bytes wait to be read");
  obey("spi 1 none");
  EXPECT_EQ(parts.control(line), "");
}

}  // namespace

}  // namespace socketcore::test
