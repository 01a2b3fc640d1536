#include <array>
#include <random>

#include "modem/command_table.hpp"
#include "unit/modem/bench.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;

class ModemFraming : public ::testing::Test {
 protected:
  ModemFraming() { bench.start(); }
  Bench bench;
};

TEST_F(ModemFraming, LinesHaveTheirEnds) {
  bench.modem.write("AT+CSQ\r");
  EXPECT_EQ(bench.modem.read(100), "\r\n+CSQ: 28,99\r\n\r\nOK\r\n");
}

TEST_F(ModemFraming, ALineIsReadUpToItsEnd) {
  bench.modem.write("AT\r");
  EXPECT_EQ(bench.modem.read_line(), "\r\n");
  EXPECT_EQ(bench.modem.read_line(), "OK\r\n");
  EXPECT_EQ(bench.modem.read_line(), "");
  EXPECT_EQ(bench.modem.read(10), "");
}

TEST_F(ModemFraming, ACommandMayComeInPieces) {
  for (const char c : std::string("AT+CSQ")) bench.modem.write(std::string(1, c));
  EXPECT_EQ(bench.modem.available(), 0U);
  bench.modem.write("\r");
  EXPECT_EQ(bench.read(), (Lines{"+CSQ: 28,99", "OK"}));
}

TEST_F(ModemFraming, SeveralCommandsInOneWrite) {
  bench.modem.write("AT\rAT+CSQ\r\n\r\rAT+X@\r");
  EXPECT_EQ(bench.read(), (Lines{"OK", "+CSQ: 28,99", "OK", "ERROR"}));
}

TEST_F(ModemFraming, SeveralCommandsInOneLine) {
  EXPECT_EQ(bench.at("AT+CSQ;+CREG?;+CGMM"),
            (Lines{"+CSQ: 28,99", "+CREG: 2,1,\"18be\",\"0183dd6b\",7", "+CGMM: \"Air724UG\"", "OK"}));
  EXPECT_EQ(bench.at("ATE0V1Q0X4S7=45S7?+CSQ"), (Lines{"045", "+CSQ: 28,99", "OK"}));
  EXPECT_EQ(bench.at("AT+CSQ;+CREG=9;+CGMM"), (Lines{"+CSQ: 28,99", "ERROR"}));
}

TEST_F(ModemFraming, QuotesHideSeparators) {
  EXPECT_EQ(bench.at("AT+CPBW=1,\"123\",129,\"a;b,c\";+CPBR=1"), (Lines{"+CPBR: 1,\"123\",129,\"a;b,c\"", "OK"}));
}

TEST_F(ModemFraming, CapitalsDoNotMatter) {
  EXPECT_EQ(bench.at("at+csq"), (Lines{"+CSQ: 28,99", "OK"}));
}

TEST_F(ModemFraming, MalformedIsAnError) {
  using namespace std::string_literals;
  for (const std::string& line : {"hello"s,
                                  "A"s,
                                  "AT+"s,
                                  "AT+="s,
                                  "AT+CSQ?x"s,
                                  "AT+CREG=2;;=+"s,
                                  "AT+CPIN=\"12"s,
                                  "AT+CREG"s,
                                  "AT+CREG=x"s,
                                  "AT+CREG="s,
                                  "AT+CREG=3"s,
                                  "AT+CREG=2,2"s,
                                  "AT+CREG=\"2\""s,
                                  "AT+CFUN=7"s,
                                  "AT+CMGR=0"s + "x",
                                  "AT+CSQ=1"s,
                                  "AT1"s,
                                  "AT?"s,
                                  "AT+CS\0Q"s,
                                  "AT\x01"s,
                                  "AT+CPBW=1,\"1\"2,129"s,
                                  "AT+CCLK=\"now\""s,
                                  "AT+CREG=99999999999999999999"s,
                                  "\xff\xfe"s}) {
    EXPECT_EQ(bench.at(line), kError) << line;
  }
}

TEST_F(ModemFraming, UnknownIsOkAndToldOnce) {
  bench.site.logged.clear();
  EXPECT_EQ(bench.at("AT+NOSUCH=1,2"), kOk);
  EXPECT_EQ(bench.at("AT+NOSUCH?"), kOk);
  EXPECT_EQ(bench.at("AT*OTHER"), kOk);
  EXPECT_EQ(bench.site.logged,
            (Lines{"modem: unknown command AT+NOSUCH, answered OK", "modem: unknown command AT*OTHER, answered OK"}));
}

TEST_F(ModemFraming, AHugeLineIsOneError) {
  const std::string huge = "AT+" + std::string(100000, 'X');
  EXPECT_EQ(bench.modem.write(huge), huge.size());
  EXPECT_EQ(bench.modem.available(), 0U);
  EXPECT_EQ(bench.at("tail"), kError);
  EXPECT_EQ(bench.at("AT"), kOk);
}

TEST_F(ModemFraming, AScriptThatNeverReadsIsBounded) {
  std::size_t taken = 0;
  std::size_t offered = 0;
  for (int i = 0; i < 10000; ++i) {
    taken += bench.modem.write("AT+CSQ\r");
    offered += 7;
  }
  EXPECT_LT(taken, offered);
  EXPECT_LT(bench.modem.available(), 9000U);
  // What was taken is answered, every byte of it.
  std::size_t answers = 0;
  for (const auto& line : bench.read()) answers += line == "OK" ? 1U : 0U;
  EXPECT_EQ(answers, taken / 7);
}

TEST_F(ModemFraming, ReadinessIsToldOnceUntilAllIsRead) {
  const int before = bench.site.ready;
  bench.modem.write("AT\rAT\r");
  EXPECT_EQ(bench.site.ready, before + 1);
  bench.modem.read(1);
  bench.modem.write("AT\r");
  EXPECT_EQ(bench.site.ready, before + 1);
  bench.read();
  bench.modem.write("AT\r");
  EXPECT_EQ(bench.site.ready, before + 2);
}

// ---- URCs and answers

TEST_F(ModemFraming, AnUnreadUrcMovesBehindTheNextAnswer) {
  bench.modem.control("urc +EARLY: 1");
  bench.modem.control("urc +EARLY: 2");
  EXPECT_EQ(bench.at("AT+WISN?"), (Lines{"AIR724UG0000000001", "OK", "+EARLY: 1", "+EARLY: 2"}));
}

TEST_F(ModemFraming, AnUrcMovesBehindEachAnswerThatComesBeforeItIsRead) {
  bench.modem.control("urc +EARLY");
  bench.modem.write("AT+CSQ\r");
  bench.modem.write("AT+WISN?\r");
  EXPECT_EQ(bench.read(), (Lines{"+CSQ: 28,99", "OK", "AIR724UG0000000001", "OK", "+EARLY"}));
}

TEST_F(ModemFraming, AnUrcWhoseBlankLineWasReadStillMoves) {
  bench.modem.control("urc +EARLY");
  EXPECT_EQ(bench.modem.read_line(), "\r\n");
  EXPECT_EQ(bench.at("AT+WISN?"), (Lines{"AIR724UG0000000001", "OK", "+EARLY"}));
}

TEST_F(ModemFraming, AHalfReadUrcStaysInFront) {
  bench.modem.control("urc +EARLY: 1");
  EXPECT_EQ(bench.modem.read(5), "\r\n+EA");
  EXPECT_EQ(bench.at("AT+WISN?"), (Lines{"RLY: 1", "AIR724UG0000000001", "OK"}));
}

TEST_F(ModemFraming, AHalfReadAnswerStaysInFront) {
  bench.modem.write("AT+CSQ\r");
  EXPECT_EQ(bench.modem.read(6), "\r\n+CSQ");
  bench.modem.control("urc +LATE");
  EXPECT_EQ(bench.at("AT+WISN?"), (Lines{": 28,99", "OK", "AIR724UG0000000001", "OK", "+LATE"}));
}

TEST_F(ModemFraming, NoUrcBetweenThePromptAndTheResult) {
  EXPECT_EQ(bench.at("AT+CMGS=1"), Lines{"> "});
  bench.modem.control("urc +LATE");
  EXPECT_EQ(bench.read(), Lines{});
  bench.modem.write("00");
  bench.modem.write("\x1a");
  EXPECT_EQ(bench.read(), (Lines{"+CMS ERROR: 304", "+LATE"}));
}

TEST(ModemUrc, NoneWhileARealModemThinks) {
  ModemSettings settings;
  settings.timing = ModemTiming::real;
  Bench bench(settings);
  bench.modem.power_on();
  bench.advance(10s);
  bench.read();
  bench.modem.control("urc +EARLY");
  bench.modem.write("AT+WISN?\r");
  bench.modem.control("urc +LATE");
  EXPECT_EQ(bench.read(), Lines{});
  bench.advance(1s);
  EXPECT_EQ(bench.read(), (Lines{"AIR724UG0000000001", "OK", "+EARLY", "+LATE"}));
}

TEST_F(ModemFraming, UrcsThatNobodyReadsAreDroppedOldestFirst) {
  bench.site.logged.clear();
  for (int i = 0; i < 5000; ++i) bench.modem.control("urc +NUMBER: " + std::to_string(i));
  EXPECT_LE(bench.modem.available(), 8192U);
  EXPECT_FALSE(bench.site.logged.empty());
  const Lines lines = bench.read();
  EXPECT_GT(lines.size(), 100U);
  EXPECT_EQ(lines.back(), "+NUMBER: 4999");
}

TEST_F(ModemFraming, UrcsThatPileUpBehindAPromptAreBoundedToo) {
  bench.at("AT+CMGS=1");
  for (int i = 0; i < 5000; ++i) bench.modem.control("urc +NUMBER: " + std::to_string(i));
  bench.modem.write("\x1b");
  const Lines lines = bench.read();
  EXPECT_EQ(lines.front(), "OK");
  EXPECT_EQ(lines.back(), "+NUMBER: 4999");
  EXPECT_LT(lines.size(), 1000U);
}

// ---- anything at all

TEST(ModemGarbage, NeitherCrashesNorGrows) {
  std::mt19937 random(7);
  const auto commands = known_commands();
  const std::string alphabet = "AT+*^;=?,\"0123456789azAZ \r\n\x1a\x1b" + std::string(1, '\0') + "\xff\x80";
  for (int round = 0; round < 40; ++round) {
    ModemSettings settings;
    settings.timing = round % 2 == 0 ? ModemTiming::instant : ModemTiming::real;
    Bench bench(settings);
    bench.modem.power_on();
    for (int i = 0; i < 500; ++i) {
      std::string bytes;
      if (random() % 3 != 0) bytes = "AT" + std::string(commands[random() % commands.size()].name);
      for (auto count = random() % 12; count > 0; --count) bytes += alphabet[random() % alphabet.size()];
      if (random() % 4 != 0) bytes += '\r';
      bench.modem.write(bytes);
      constexpr std::array<const char*, 8> kOutside = {"sms 10086 hello", "call 10086", "hangup",     "link down",
                                                       "link up",         "sim remove", "sim insert", "busy"};
      if (random() % 5 == 0) (void)bench.modem.control(kOutside[random() % kOutside.size()]);
      if (random() % 3 == 0) bench.advance(std::chrono::milliseconds(random() % 3000));
      if (random() % 7 == 0) bench.modem.read(random() % 40);
      if (random() % 5 == 0) bench.read();
      ASSERT_LT(bench.modem.available(), 100000U);
    }
    bench.advance(1min);
    bench.read();
    bench.modem.write("\x1b\r");
    bench.advance(1min);
    bench.read();
    bench.modem.write("AT\r");
    bench.advance(1s);
    EXPECT_EQ(bench.read(), kOk) << "round " << round;
  }
}

TEST(ModemTable, EachCommandIsThereOnce) {
  const auto all = known_commands();
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].name, all[i].name);
  for (const auto& known : all) {
    EXPECT_EQ(find_command(known.name), &known);
    EXPECT_FALSE(known.about.empty()) << known.name;
  }
  EXPECT_EQ(find_command("+NOSUCH"), nullptr);
}

}  // namespace
}  // namespace socketcore
