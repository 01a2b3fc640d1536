#include <chrono>

#include "unit/modem/bench.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;

class ModemLater : public ::testing::Test {
 protected:
  ModemLater() {
    bench.start();
    bench.read();
  }
  std::string control(std::string_view line) { return bench.modem.control(line); }
  Bench bench;
};

const Lines kBack = {"^MODE: 17,17", "+CREG: 1,\"18be\",\"0183dd6b\",7", "+CGREG: 1,\"18be\",\"0183dd6b\",7",
                     "+CEREG: 1,\"18be\",\"0183dd6b\",7", "+NITZ: 20/01/02,11:04:05+32,0"};

TEST_F(ModemLater, FlightModeOnAndOff) {
  EXPECT_EQ(bench.at("AT+CFUN=0"), (Lines{"OK", "+CREG: 0", "+CGREG: 0", "+CEREG: 0"}));
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
  EXPECT_EQ(bench.at("AT+CFUN?"), (Lines{"+CFUN: 0", "OK"}));
  EXPECT_EQ(bench.at("AT+CSQ"), (Lines{"+CSQ: 99,99", "OK"}));
  EXPECT_EQ(bench.at("AT+CESQ"), (Lines{"+CESQ: 99,99,255,255,255,255", "OK"}));
  EXPECT_EQ(bench.at("AT+CGDCONT?"), (Lines{"+CGDCONT: 1,\"IP\",\"CMIOT\",\"\",0,0", "OK"}));
  EXPECT_EQ(bench.at("AT+CFUN=0"), kOk);
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(bench.at("AT+CFUN=1"), (Lines{"OK", "+CPIN: READY"}));
  bench.advance(1s);
  EXPECT_EQ(bench.read(), kBack);
  EXPECT_EQ(bench.site.radio, (std::vector<bool>{false, true}));
  EXPECT_EQ(bench.at("AT+CGDCONT?"), (Lines{"+CGDCONT: 1,\"IP\",\"CMIOT\",\"10.0.0.2\",0,0", "OK"}));
}

TEST_F(ModemLater, TheLossIsToldAfterTheAnswer) {
  const int before = bench.site.ready;
  bench.modem.write("AT+CFUN=0\r");
  EXPECT_EQ(bench.site.ready_at_loss, before + 1);
}

TEST_F(ModemLater, TheLinkGoesAndComesBack) {
  EXPECT_EQ(control("link down"), "");
  EXPECT_EQ(bench.read(), (Lines{"+CREG: 2", "+CGREG: 2", "+CEREG: 2"}));
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
  EXPECT_EQ(control("link down"), "");
  EXPECT_EQ(bench.read(), Lines{});
  EXPECT_EQ(bench.at("AT+CEREG?"), (Lines{"+CEREG: 2,2", "OK"}));
  EXPECT_EQ(bench.at("AT+CSQ"), (Lines{"+CSQ: 99,99", "OK"}));
  EXPECT_EQ(control("link up"), "");
  EXPECT_EQ(bench.read(), kBack);
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(bench.site.radio, (std::vector<bool>{false, true}));
}

TEST_F(ModemLater, TheLinkComesBackUnderneathFlightMode) {
  control("link down");
  bench.at("AT+CFUN=0");
  EXPECT_EQ(bench.site.lost, 1);
  control("link up");
  bench.advance(1min);
  EXPECT_EQ(bench.read(), Lines{});
  bench.at("AT+CFUN=1");
  bench.advance(1s);
  EXPECT_EQ(bench.read(), kBack);
}

TEST_F(ModemLater, TheSimIsPulledAndPutBack) {
  EXPECT_EQ(control("sim remove"), "");
  EXPECT_EQ(bench.read(), (Lines{"+CPIN: NOT INSERTED", "+CREG: 0", "+CGREG: 0", "+CEREG: 0"}));
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(control("sim insert"), "");
  EXPECT_EQ(bench.read(), Lines{"+CPIN: READY"});
  bench.advance(1s);
  EXPECT_EQ(bench.read(), kBack);
}

TEST_F(ModemLater, RegistrationChanges) {
  EXPECT_EQ(control("registration denied"), "");
  EXPECT_EQ(bench.read(), (Lines{"+CREG: 3", "+CGREG: 3", "+CEREG: 3"}));
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(control("registration roaming"), "");
  EXPECT_EQ(bench.read().at(1), "+CREG: 5,\"18be\",\"0183dd6b\",7");
  EXPECT_EQ(control("registration home"), "");
  EXPECT_EQ(bench.read(), kBack);
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_NE(control("registration maybe"), "");
}

TEST_F(ModemLater, TheScriptLeavesTheNetwork) {
  EXPECT_EQ(bench.at("AT+COPS=2"), (Lines{"OK", "+CREG: 0", "+CGREG: 0", "+CEREG: 0"}));
  EXPECT_EQ(bench.at("AT+COPS?"), (Lines{"+COPS: 2", "OK"}));
  EXPECT_EQ(bench.at("AT+COPS=0").size(), 6U);
  EXPECT_EQ(bench.at("AT+CGATT=0").size(), 4U);
  EXPECT_EQ(bench.at("AT+CGATT?"), (Lines{"+CGATT: 0", "OK"}));
  EXPECT_EQ(bench.at("AT+CGATT=1").size(), 6U);
  EXPECT_EQ(bench.site.lost, 2);
}

TEST_F(ModemLater, TheDataLinkAlone) {
  EXPECT_EQ(bench.at("AT+CGACT=0,1"), kOk);
  EXPECT_EQ(bench.site.lost, 1);
  EXPECT_EQ(bench.at("AT+CGACT?"), (Lines{"+CGACT: 1,0", "OK"}));
  EXPECT_EQ(bench.at("AT+CGACT=1,1"), kOk);
  EXPECT_EQ(bench.at("AT+CGACT?"), (Lines{"+CGACT: 1,1", "OK"}));
  EXPECT_EQ(bench.site.radio, (std::vector<bool>{false, true}));
}

TEST_F(ModemLater, TheApn) {
  EXPECT_EQ(bench.at("AT+CGDCONT=1,\"IP\",\"my.apn\""), kOk);
  EXPECT_EQ(bench.at("AT+CGDCONT?"), (Lines{"+CGDCONT: 1,\"IP\",\"my.apn\",\"10.0.0.2\",0,0", "OK"}));
  EXPECT_EQ(bench.at("AT+CPNETAPN=2,\"apn\",\"user\",\"pw\",0"), kOk);
  EXPECT_EQ(bench.at("AT+CGPADDR=1"), (Lines{"+CGPADDR: 1,\"10.0.0.2\"", "OK"}));
}

TEST_F(ModemLater, TheClock) {
  EXPECT_EQ(bench.at("AT+CCLK?"), (Lines{"+CCLK: \"20/01/02,11:04:05+32\"", "OK"}));
  EXPECT_EQ(bench.at("AT+CCLK=\"20/01/02,03:04:05+32\""), kOk);
  EXPECT_EQ(bench.site.wall, WallTime(std::chrono::seconds(1577934245 - 8 * 3600)));
  EXPECT_EQ(bench.at("AT+CCLK=\"20/01/02,03:04:05-04\""), kOk);
  EXPECT_EQ(bench.site.wall, WallTime(std::chrono::seconds(1577934245 + 3600)));
  EXPECT_EQ(bench.at("AT+CCLK?"), (Lines{"+CCLK: \"20/01/02,03:04:05-04\"", "OK"}));
  for (const auto* wrong : {"20/13/02,03:04:05+32", "20/02/30,03:04:05+32", "20/01/02,24:04:05", "20/01/02,03:04:05+99",
                            "20/01/02,03:04:05*32", "20/01/02", ""}) {
    EXPECT_EQ(bench.at(std::string("AT+CCLK=\"") + wrong + '"'), kError) << wrong;
  }
}

TEST_F(ModemLater, LimitsReachTheDevice) {
  EXPECT_EQ(bench.at("AT*DNSTMOUT=4,3"), kOk);
  EXPECT_EQ(bench.site.dns, std::pair(4, 3));
  EXPECT_EQ(bench.at("AT+TCPUSERPARAM=6,4,7200,16"), kOk);
  EXPECT_EQ(bench.site.tcp, std::pair(4, 16));
  EXPECT_EQ(bench.at("AT+TCPUSERPARAM=6"), kError);
}

TEST_F(ModemLater, WhatIsWrittenIsRead) {
  EXPECT_EQ(bench.at("AT+WISN=\"SN42\""), kOk);
  EXPECT_EQ(bench.at("AT+WISN?"), (Lines{"SN42", "OK"}));
  EXPECT_EQ(bench.at("AT+WIMEI=\"490154203237518\""), kOk);
  EXPECT_EQ(bench.at("AT+CGSN"), (Lines{"490154203237518", "OK"}));
  EXPECT_EQ(bench.at("AT+WIMEI=\"12\""), kError);
  EXPECT_EQ(bench.at("AT+SIMCROSS=1"), kOk);
  EXPECT_EQ(bench.at("AT+SIMCROSS?"), (Lines{"+SIMCROSS: 1", "OK"}));
  EXPECT_EQ(bench.at("AT*RTIME=5"), kOk);
}

TEST_F(ModemLater, Values) {
  EXPECT_EQ(bench.at("AT+RFTEMPERATURE?"), (Lines{"+RFTEMPERATURE: 29.77", "OK"}));
  EXPECT_EQ(control("temperature -0.5"), "");
  EXPECT_EQ(bench.at("AT+RFTEMPERATURE?"), (Lines{"+RFTEMPERATURE: -0.50", "OK"}));
  EXPECT_EQ(control("rssi 10"), "");
  EXPECT_EQ(bench.at("AT+CSQ;+CESQ"), (Lines{"+CSQ: 10,99", "+CESQ: 99,99,255,255,20,15", "OK"}));
  EXPECT_EQ(control("operator 46001"), "");
  EXPECT_EQ(bench.at("AT+COPS?"), (Lines{"+COPS: 0,2,\"46001\",7", "OK"}));
  EXPECT_EQ(bench.at("AT+EEMGINFO?").at(0).substr(0, 25), "+EEMLTESVC:1120, 2, 1, 63");
  EXPECT_NE(control("rssi 32"), "");
  EXPECT_NE(control("temperature nan"), "");
  EXPECT_NE(control("operator home"), "");
  EXPECT_NE(control("urc"), "");
  EXPECT_NE(control("link sideways"), "");
  EXPECT_NE(control("sim swallow"), "");
  EXPECT_NE(control(""), "");
  EXPECT_NE(control("dance"), "");
  EXPECT_TRUE(Modem::controls("sms"));
  EXPECT_FALSE(Modem::controls("pin"));
}

TEST_F(ModemLater, ThePhoneBook) {
  EXPECT_EQ(bench.at("AT+CPBS=\"SM\""), kOk);
  EXPECT_EQ(bench.at("AT+CPBR=1"), kOk);
  EXPECT_EQ(bench.at("AT+CPBW=1,\"num\",129,\"name\""), kError);
  EXPECT_EQ(bench.at("AT+CPBW=1,\"10086\",129,\"name\""), kOk);
  EXPECT_EQ(bench.at("AT+CPBW=,\"+8610010\",,\"other\""), kOk);
  EXPECT_EQ(bench.at("AT+CPBR=1,250"),
            (Lines{"+CPBR: 1,\"10086\",129,\"name\"", "+CPBR: 2,\"+8610010\",145,\"other\"", "OK"}));
  EXPECT_EQ(bench.at("AT+CPBF=\"oth\""), (Lines{"+CPBF: 2,\"+8610010\",145,\"other\"", "OK"}));
  EXPECT_EQ(bench.at("AT+CPBW=1"), kOk);
  EXPECT_EQ(bench.at("AT+CPBS?"), (Lines{"+CPBS: \"SM\",1,250", "OK"}));
  EXPECT_EQ(bench.at("AT+CPBR=251"), kError);
}

// ---- calls

TEST_F(ModemLater, ACallIn) {
  bench.at("AT+CLIP=1");
  EXPECT_EQ(bench.at("AT+CLCC"), kOk);
  EXPECT_EQ(control("call 13912345678"), "");
  const Lines ring = {"RING", "+CLIP: \"13912345678\",129,\"\",0,\"\",0"};
  EXPECT_EQ(bench.read(), ring);
  EXPECT_NE(control("call 1"), "");
  EXPECT_EQ(bench.at("AT+CLCC"), (Lines{"+CLCC: 1,1,4,0,0,\"13912345678\",129,\"\"", "OK"}));
  bench.advance(5s);
  EXPECT_EQ(bench.read(), ring);
  EXPECT_EQ(bench.at("ATA"), (Lines{"OK", "CONNECT"}));
  EXPECT_EQ(bench.at("AT+CLCC"), (Lines{"+CLCC: 1,1,0,0,0,\"13912345678\",129,\"\"", "OK"}));
  bench.advance(1min);
  EXPECT_EQ(bench.read(), Lines{});
  EXPECT_EQ(control("hangup"), "");
  EXPECT_EQ(bench.read(), Lines{"NO CARRIER"});
  EXPECT_EQ(bench.at("AT+CLCC"), kOk);
  EXPECT_NE(control("hangup"), "");
  EXPECT_EQ(bench.at("ATA"), kError);
}

TEST_F(ModemLater, ACallThatNobodyTakesEnds) {
  control("call 10086");
  bench.advance(2min);
  const Lines lines = bench.read();
  EXPECT_EQ(lines.size(), 13U);
  EXPECT_EQ(lines.back(), "NO CARRIER");
}

TEST_F(ModemLater, ACallIsTakenByItself) {
  bench.at("ATS0=2");
  control("call 10086");
  bench.advance(5s);
  EXPECT_EQ(bench.read(), (Lines{"RING", "RING", "CONNECT"}));
}

TEST_F(ModemLater, ACallIsRefused) {
  control("call 10086");
  bench.read();
  EXPECT_EQ(bench.at("AT+CHUP"), (Lines{"OK", "NO CARRIER"}));
  EXPECT_EQ(bench.at("AT+CHUP"), kOk);
}

TEST_F(ModemLater, CallsOut) {
  EXPECT_EQ(bench.at("ATD10086;"), (Lines{"OK", "CONNECT"}));
  EXPECT_EQ(bench.at("AT+CLCC"), (Lines{"+CLCC: 1,0,0,0,0,\"10086\",129,\"\"", "OK"}));
  EXPECT_EQ(bench.at("ATH"), (Lines{"OK", "NO CARRIER"}));
  EXPECT_EQ(control("busy"), "");
  EXPECT_EQ(bench.at("ATD10086;"), (Lines{"OK", "BUSY"}));
  EXPECT_EQ(control("noanswer"), "");
  EXPECT_EQ(bench.at("ATD10086;"), (Lines{"OK", "NO ANSWER"}));
  EXPECT_EQ(bench.at("ATDnobody;"), kError);
  EXPECT_EQ(bench.at("ATD10086;").back(), "CONNECT");
  control("link down");
  EXPECT_EQ(bench.read().back(), "NO CARRIER");
  EXPECT_EQ(bench.at("ATD10086;"), kError);
}

TEST(ModemCalls, TheOtherSideTakesItsTimeInRealTiming) {
  ModemSettings settings;
  settings.timing = ModemTiming::real;
  Bench bench(settings);
  bench.modem.power_on();
  bench.advance(10s);
  bench.read();
  bench.modem.write("ATD10086;\r");
  bench.advance(1s);
  EXPECT_EQ(bench.read(), kOk);
  bench.modem.write("AT+CLCC\r");
  bench.advance(10ms);
  EXPECT_EQ(bench.read(), (Lines{"+CLCC: 1,0,3,0,0,\"10086\",129,\"\"", "OK"}));
  EXPECT_EQ(bench.modem.control("busy"), "");
  EXPECT_EQ(bench.read(), Lines{"BUSY"});
  bench.advance(1min);
  EXPECT_EQ(bench.read(), Lines{});
}

TEST_F(ModemLater, ForwardingAndWaiting) {
  EXPECT_EQ(bench.at("AT+CCFC=4,2"), (Lines{"+CCFC: 0,7", "OK"}));
  EXPECT_EQ(bench.at("AT+CCFC=0,3,\"10010\""), kOk);
  EXPECT_EQ(bench.at("AT+CCFC=0,2"), (Lines{"+CCFC: 1,1,\"10010\",129", "OK"}));
  EXPECT_EQ(bench.at("AT+CCFC=0,4"), kOk);
  EXPECT_EQ(bench.at("AT+CCFC=0,2"), (Lines{"+CCFC: 0,7", "OK"}));
  EXPECT_EQ(bench.at("AT+CCFC=9,2"), kError);
  EXPECT_EQ(bench.at("AT+CCWA=1;+CCWA?"), (Lines{"+CCWA: 1", "OK"}));
}

}  // namespace
}  // namespace socketcore
