#include "modem/characters.hpp"
#include "modem/pdu.hpp"
#include "unit/modem/bench.hpp"

namespace socketcore {
namespace {

class ModemSms : public ::testing::Test {
 protected:
  ModemSms() { bench.start(); }
  std::string control(std::string_view line) { return bench.modem.control(line); }
  Bench bench;
};

TEST(Characters, Utf8AndBack) {
  const std::string text = "caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80";
  EXPECT_EQ(utf8_of(utf16_of(text)), text);
  EXPECT_EQ(utf16_of("\xf0\x9f\x98\x80"), u"\xd83d\xde00");
}

TEST(Characters, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(utf16_of("a\xff"), u"a\xfffd");
  EXPECT_EQ(utf16_of("\xc0\x80"), u"\xfffd\xfffd");
  EXPECT_EQ(utf16_of("\xed\xa0\x80"), u"\xfffd\xfffd\xfffd");
  EXPECT_EQ(utf16_of("\xe4\xb8"), u"\xfffd\xfffd");
  EXPECT_EQ(utf8_of(u"\xd83d"), "\xef\xbf\xbd");
}

TEST(Characters, Gsm7) {
  // The known coding of "hellohello".
  const auto packed = from_hex("E8329BFD4697D9EC37");
  ASSERT_TRUE(packed);
  EXPECT_EQ(gsm7_text(*packed, 0, 10), u"hellohello");
  EXPECT_EQ(gsm7_text(*from_hex("9B32"), 0, 2), u"\u20ac");
  EXPECT_EQ(gsm7_text(*packed, 0, 200).substr(0, 10), u"hellohello");
}

TEST(Pdu, AReceivedMessage) {
  const Pdu pdu = deliver_pdu({"13912345678", u"\x4e2d", {2020, 1, 2, 3, 4, 5, 32}, 7, 1, 1}, "+8613800100500");
  EXPECT_EQ(pdu.hex,
            "0891683108100005F0"
            "040B813119325476F8"
            "0008"
            "02102030405023"
            "02"
            "4E2D");
  EXPECT_EQ(pdu.octets, 21U);
}

TEST(Pdu, APartOfALongMessage) {
  const Pdu pdu = deliver_pdu({"+10086", u"ab", {2020, 1, 2, 3, 4, 5, -4}, 7, 3, 2}, "+8613800100500");
  EXPECT_EQ(pdu.hex,
            "0891683108100005F0"
            "4405910180F6"
            "0008"
            "02102030405048"
            "0A"
            "050003070302"
            "00610062");
}

TEST(Pdu, LongTextsAreSplit) {
  EXPECT_EQ(split_text(u"").size(), 1U);
  EXPECT_EQ(split_text(std::u16string(70, u'x')).size(), 1U);
  const auto parts = split_text(std::u16string(71, u'x'));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].size(), 67U);
  EXPECT_EQ(parts[1].size(), 4U);
  const auto pairs = split_text(std::u16string(66, u'x') + u"\xd83d\xde00" + std::u16string(10, u'y'));
  EXPECT_EQ(pairs[0].size(), 66U);
  EXPECT_EQ(pairs[1].substr(0, 2), u"\xd83d\xde00");
}

TEST(Pdu, ASentMessage) {
  const auto ucs2 = parse_submit("0011000B813119325476F80008AA044E2D6587", 18);
  ASSERT_TRUE(ucs2);
  EXPECT_EQ(ucs2->number, "13912345678");
  EXPECT_EQ(ucs2->text, "\xe4\xb8\xad\xe6\x96\x87");
  const auto gsm7 = parse_submit(
      "0001000591"
      "0180F6"
      "0000"
      "0AE8329BFD4697D9EC37",
      19);
  ASSERT_TRUE(gsm7);
  EXPECT_EQ(gsm7->number, "+10086");
  EXPECT_EQ(gsm7->text, "hellohello");
  const auto part = parse_submit(
      "0041000581"
      "0180F6"
      "0008"
      "08"
      "050003070201"
      "0061",
      18);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->text, "a");
}

TEST(Pdu, BrokenOnesAreRefused) {
  const std::string good = "0011000B813119325476F80008AA044E2D6587";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_submit(good.substr(0, size), 18)) << size;
    EXPECT_FALSE(parse_submit(good.substr(0, size), size / 2)) << size;
  }
  EXPECT_FALSE(parse_submit(good, 17));
  EXPECT_FALSE(parse_submit("00110G0B813119325476F80008AA044E2D6587", 18));
  EXPECT_FALSE(parse_submit(good + "00", 19));
}

TEST_F(ModemSms, ArrivesReadAndDeleted) {
  EXPECT_EQ(bench.at("AT+CNMI=2,1,0,0,0"), kOk);
  EXPECT_EQ(control("sms 13912345678 hi"), "");
  EXPECT_EQ(bench.read(), Lines{"+CMTI: \"SM\",1"});
  EXPECT_EQ(bench.at("AT+CMGR=1"),
            (Lines{"+CMGR: 0,,23", "0891683108100005F0040B813119325476F80008021020114050230400680069", "OK"}));
  EXPECT_EQ(bench.at("AT+CMGR=1").at(0), "+CMGR: 1,,23");
  EXPECT_EQ(bench.at("AT+CMGD=1"), kOk);
  EXPECT_EQ(bench.at("AT+CMGR=1"), Lines{"+CMS ERROR: 321"});
}

TEST_F(ModemSms, WaitsUntilTheScriptWantsMessages) {
  EXPECT_EQ(control("sms 10086 first"), "");
  EXPECT_EQ(bench.read(), Lines{});
  EXPECT_EQ(bench.at("AT+CPMS?"), (Lines{"+CPMS: \"SM\",0,50,\"SM\",0,50,\"SM\",0,50", "OK"}));
  EXPECT_EQ(bench.at("AT+CNMI=2,1,0,0,0"), (Lines{"OK", "+CMTI: \"SM\",1"}));
  EXPECT_EQ(bench.at("AT+CMGD=1,3"), kOk);  // the unread one stays
  EXPECT_EQ(bench.at("AT+CNMI=2,1,0,0,0"), kOk);
  EXPECT_EQ(bench.at("AT+CMGR=1").size(), 3U);
  EXPECT_EQ(bench.at("AT+CMGD=1,3"), kOk);
  EXPECT_EQ(bench.at("AT+CMGR=1"), Lines{"+CMS ERROR: 321"});
}

TEST_F(ModemSms, WaitsForTheNetwork) {
  bench.at("AT+CNMI=2,1,0,0,0");
  control("link down");
  bench.read();
  control("sms 10086 late");
  EXPECT_EQ(bench.read(), Lines{});
  control("link up");
  EXPECT_EQ(bench.read().back(), "+CMTI: \"SM\",1");
}

TEST_F(ModemSms, ALongOneComesInParts) {
  bench.at("AT+CNMI=2,1,0,0,0");
  control("sms 10086 " + std::string(140, 'x'));
  EXPECT_EQ(bench.read(), (Lines{"+CMTI: \"SM\",1", "+CMTI: \"SM\",2", "+CMTI: \"SM\",3"}));
  const Lines second = bench.at("AT+CMGR=2");
  EXPECT_EQ(second.at(1).substr(18, 2), "44");
  EXPECT_NE(second.at(1).find("8C050003010302"), std::string::npos);
}

TEST_F(ModemSms, AFullStoreLosesNothing) {
  bench.at("AT+CNMI=2,1,0,0,0");
  for (int i = 0; i < 52; ++i) EXPECT_EQ(control("sms 10086 " + std::to_string(i)), "");
  EXPECT_EQ(bench.read().size(), 50U);
  EXPECT_EQ(bench.at("AT+CMGD=7"), (Lines{"OK", "+CMTI: \"SM\",7"}));
  EXPECT_EQ(bench.at("AT+CMGD=1,4").size(), 2U);
  int refused = 0;
  for (int i = 0; i < 400; ++i) refused += control("sms 10086 more").empty() ? 0 : 1;
  EXPECT_GT(refused, 0);
}

TEST_F(ModemSms, HandedOverAtOnce) {
  bench.at("AT+CNMI=2,2");
  control("sms 10086 a");
  EXPECT_EQ(bench.read(), (Lines{"+CMT: ,18",
                                 "0891683108100005F00405810180F60008021020114050230200"
                                 "61"}));
}

TEST_F(ModemSms, TextMode) {
  bench.at("AT+CMGF=1;+CNMI=2,1");
  control("sms +10086 hello");
  bench.read();
  EXPECT_EQ(bench.at("AT+CMGL=\"REC UNREAD\""),
            (Lines{"+CMGL: 1,\"REC UNREAD\",\"+10086\",,\"20/01/02,11:04:05+32\"", "hello", "OK"}));
  EXPECT_EQ(bench.at("AT+CMGL=\"REC UNREAD\""), kOk);
  bench.at("AT+CSCS=\"UCS2\"");
  EXPECT_EQ(bench.at("AT+CMGR=1").at(1), "00680065006C006C006F");
  EXPECT_EQ(bench.at("AT+CMGS=\"00310030003000380036\""), Lines{"> "});
  bench.modem.write("4E2D\x1a");
  EXPECT_EQ(bench.read(), (Lines{"+CMGS: 1", "OK"}));
  EXPECT_EQ(bench.site.logged.back(), "modem: message sent to 10086: \xe4\xb8\xad");
}

TEST_F(ModemSms, Sent) {
  bench.modem.write("AT+CMGS=18\r");
  EXPECT_EQ(bench.modem.read(100), "\r\n> ");
  bench.modem.write("0011000B813119325476F80008AA044E2D6587");
  EXPECT_EQ(bench.read(), Lines{});
  bench.modem.write("\x1a");
  EXPECT_EQ(bench.read(), (Lines{"+CMGS: 1", "OK"}));
  EXPECT_EQ(bench.site.logged.back(), "modem: message sent to 13912345678: \xe4\xb8\xad\xe6\x96\x87");
  EXPECT_EQ(bench.at("AT+CMGS=18"), Lines{"> "});
  bench.modem.write("\n0011000B813119325476F80008AA044E2D6587\x1a");
  EXPECT_EQ(bench.read(), (Lines{"+CMGS: 2", "OK"}));
}

TEST_F(ModemSms, NotSent) {
  EXPECT_EQ(bench.at("AT+CMGS=18"), Lines{"> "});
  bench.modem.write("\x1b");
  EXPECT_EQ(bench.read(), kOk);
  EXPECT_EQ(bench.at("AT+CMGS=18"), Lines{"> "});
  bench.modem.write(std::string(20000, '0') + "\x1a");
  EXPECT_EQ(bench.read(), Lines{"+CMS ERROR: 305"});
  EXPECT_EQ(bench.at("AT+CMGS=x"), kError);
  EXPECT_EQ(bench.at("AT+CMGS=18;+CSQ"), kError);
  control("link down");
  bench.read();
  EXPECT_EQ(bench.at("AT+CMGS=18"), Lines{"> "});
  bench.modem.write("0011000B813119325476F80008AA044E2D6587\x1a");
  EXPECT_EQ(bench.read(), Lines{"+CMS ERROR: 331"});
}

TEST_F(ModemSms, WhatCannotBeSentToIt) {
  EXPECT_NE(control("sms"), "");
  EXPECT_NE(control("sms nobody hello"), "");
  EXPECT_NE(control("sms 1 " + std::string(70 * 300, 'x')), "");
}

}  // namespace
}  // namespace socketcore
