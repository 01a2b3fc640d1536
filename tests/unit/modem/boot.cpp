#include <chrono>

#include "unit/modem/bench.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;

const Lines kRegistered = {"^MODE: 17,17", "+CREG: 1,\"18be\",\"0183dd6b\",7", "+CGREG: 1,\"18be\",\"0183dd6b\",7",
                           "+CEREG: 1,\"18be\",\"0183dd6b\",7", "+NITZ: 20/01/02,11:04:05+32,0"};

Lines with(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

TEST(ModemBoot, SaysNothingBeforePowerOn) {
  Bench bench;
  EXPECT_EQ(bench.modem.available(), 0U);
  EXPECT_EQ(bench.at("AT"), Lines{});
  bench.modem.power_on();
  EXPECT_EQ(bench.read().front(), "OK");
}

TEST(ModemBoot, StartsWithReadyAndTheSim) {
  Bench bench;
  bench.modem.power_on();
  bench.modem.power_on();
  EXPECT_EQ(bench.site.ready, 1);
  EXPECT_EQ(bench.read(), (Lines{"RDY", "+CPIN: READY", "SMS READY", "CALL READY"}));
  EXPECT_TRUE(bench.site.radio.empty());
}

TEST(ModemBoot, TheWholeDialogueOfALateRelease) {
  Bench bench;
  bench.modem.power_on();
  bench.read();
  const std::vector<std::pair<std::string, Lines>> dialogue = {
      {"ATE0", kOk},
      {"AT+CMEE=0", kOk},
      {"AT+SIMCROSS?", {"+SIMCROSS: 0", "OK"}},
      {"AT+COPS?", {"+COPS: 0", "OK"}},
      {"AT+CREG=2", kOk},
      {"AT+CGREG=2", kOk},
      {"AT+CEREG=2", kOk},
      {"AT+CREG?", {"+CREG: 2,2", "OK"}},
      {"AT+CGREG?", {"+CGREG: 2,2", "OK"}},
      {"AT+CEREG?", {"+CEREG: 2,2", "OK"}},
      {"AT+CALIBINFO?", {"LTE_afc:1,LTE_TDD_agc:1,LTE_TDD_apc:1,LTE_FDD_agc:1,LTE_FDD_apc:1,ANT_LTE:1", "OK"}},
      {"AT*BAND?", {"*BAND: 5,0,0,0,482,149,0,0,0,0", "OK"}},
      {"AT+EEMOPT=1", kOk},
      {"AT+CSQ", {"+CSQ: 28,99", "OK"}},
      {"AT+CESQ", {"+CESQ: 99,99,255,255,20,51", "OK"}},
      {"AT+EEMGINFO?", kOk},
      {"AT+RNDISCALL=0,1", kOk},
      {"AT+CMIC=1,1", kOk},
      {"ATX4", kOk},
      {"AT+CLIP=1", kOk},
      {"ATS7=60", kOk},
      {"AT+SETVOLTE=1", kOk},
      {"AT+CCWA=1", kOk},
      {"AT*SIMAUTO=1", kOk},
      {"AT+CNUM", {"+CNUM: \"\",\"13800000000\",129", "OK"}},
      {"AT+CACCP=0", kOk},
      {"AT+CMGF=0", kOk},
      {"AT+CSCS=\"UCS2\"", kOk},
      {"AT+CPMS=\"SM\"", {"+CPMS: 0,50,0,50,0,50", "OK"}},
      {"AT+CNMI=2,1,0,0,0", kOk},
      {"AT+CMGD=1,3", kOk},
      {"AT+CIND=1", kOk},
      {"AT+WISN?", {"AIR724UG0000000001", "OK"}},
      {"AT+CGSN", {ModemSettings{}.imei, "OK"}},
      {"AT+MUID?", {"+MUID: 20200101000000A0000001A000000001", "OK"}},
      {"AT*EXINFO?", kOk},
      {"AT+CGMM", {"+CGMM: \"Air724UG\"", "OK"}},
      {"AT+ICCID", {"+ICCID: 89860000000000000001", "OK"}},
      {"AT+CIMI", with({"460000000000001", "OK"}, kRegistered)},
      {"AT+COPS?", {"+COPS: 0,2,\"46000\",7", "OK"}},
      {"AT+CEREG?", {"+CEREG: 2,1,\"18be\",\"0183dd6b\",7", "OK"}},
      {"AT+EEMGINFO?", {"+EEMLTESVC:1120, 2, 0, 6334, 98, 39148, 3, 5, 0, 25419115, 31, 0, 0, 0, 51, 0, 0, 0", "OK"}},
      {"AT+CGDCONT?", {"+CGDCONT: 1,\"IP\",\"CMIOT\",\"10.0.0.2\",0,0", "OK"}},
      {"AT+CGATT?", {"+CGATT: 1", "OK"}},
      {"AT+CGACT?", {"+CGACT: 1,1", "OK"}},
  };
  for (const auto& [command, answer] : dialogue) EXPECT_EQ(bench.at(command), answer) << command;
  EXPECT_EQ(bench.site.radio, std::vector<bool>{});
  EXPECT_TRUE(bench.site.logged.empty());
}

TEST(ModemBoot, TheDialogueOfAnEarlyReleaseWithLineFeeds) {
  Bench bench;
  bench.modem.power_on();
  bench.read();
  for (const auto* command : {"ATE0\r\n", "AT+CMEE=0\r\n", "AT+CREG=2\r\n", "AT+CGREG=2\r\n", "AT+EEMOPT=1\r\n"}) {
    bench.modem.write(command);
    EXPECT_EQ(bench.read(), kOk) << command;
  }
  EXPECT_EQ(bench.at("\nAT+CREG?"), (Lines{"+CREG: 2,2", "OK"}));
  EXPECT_EQ(bench.at("AT+VER"), (Lines{"Luat_V3028_RDA8910_FLOAT", "OK"}));
  const Lines lines = bench.at("AT+CIMI");
  EXPECT_EQ(lines, (Lines{"460000000000001", "OK", "^MODE: 17,17", "+CREG: 1,\"18be\",\"0183dd6b\",7",
                          "+CGREG: 1,\"18be\",\"0183dd6b\",7", "+NITZ: 20/01/02,11:04:05+32,0"}));
}

TEST(ModemBoot, RegistersAfterASecondIfTheImsiIsNotRead) {
  Bench bench;
  bench.modem.power_on();
  bench.at("AT+CREG=1");
  bench.advance(999ms);
  EXPECT_EQ(bench.at("AT+CREG?"), (Lines{"+CREG: 1,2", "OK"}));
  bench.advance(1ms);
  EXPECT_EQ(bench.read(), (Lines{"^MODE: 17,17", "+CREG: 1", "+NITZ: 20/01/02,11:04:05+32,0"}));
  EXPECT_EQ(bench.at("AT+CREG?"), (Lines{"+CREG: 1,1", "OK"}));
  EXPECT_EQ(bench.at("AT+CIMI"), (Lines{"460000000000001", "OK"}));
}

TEST(ModemBoot, RegistersWhenTheImsiIsReadAndSomebodyListens) {
  Bench bench;
  bench.modem.power_on();
  bench.read();
  EXPECT_EQ(bench.at("AT+CIMI"), (Lines{"460000000000001", "OK"}));
  EXPECT_EQ(bench.at("AT+CEREG=2"), kOk);
  EXPECT_EQ(bench.at("AT+CGREG=1"), (Lines{"OK", "^MODE: 17,17", "+CGREG: 1", "+CEREG: 1,\"18be\",\"0183dd6b\",7",
                                           "+NITZ: 20/01/02,11:04:05+32,0"}));
}

TEST(ModemBoot, TheAttachDelayHoldsTheRegistrationBack) {
  ModemSettings settings;
  settings.attach_delay = 5s;
  Bench bench(settings);
  EXPECT_EQ(bench.start().size(), 2U);
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
  bench.advance(4999ms);
  EXPECT_EQ(bench.at("AT+CGDCONT?"), (Lines{"+CGDCONT: 1,\"IP\",\"CMIOT\",\"\",0,0", "OK"}));
  bench.advance(1ms);
  EXPECT_EQ(bench.read(), kRegistered);
  EXPECT_EQ(bench.site.radio, (std::vector<bool>{false, true}));
}

TEST(ModemBoot, RoamingIsFive) {
  ModemSettings settings;
  settings.registration = Registration::roaming;
  Bench bench(settings);
  EXPECT_EQ(bench.start().at(3), "+CREG: 5,\"18be\",\"0183dd6b\",7");
}

TEST(ModemBoot, ADeniedRegistrationIsTold) {
  ModemSettings settings;
  settings.registration = Registration::denied;
  Bench bench(settings);
  EXPECT_EQ(bench.start(), (Lines{"460000000000001", "OK", "+CREG: 3", "+CGREG: 3", "+CEREG: 3"}));
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
  EXPECT_EQ(bench.site.lost, 0);
  EXPECT_EQ(bench.at("AT+CREG?"), (Lines{"+CREG: 2,3", "OK"}));
  EXPECT_EQ(bench.modem.control("registration home"), "");
  EXPECT_EQ(bench.read(), kRegistered);
  EXPECT_EQ(bench.site.radio, (std::vector<bool>{false, true}));
}

TEST(ModemBoot, SearchingNeverEnds) {
  ModemSettings settings;
  settings.registration = Registration::searching;
  Bench bench(settings);
  bench.start();
  bench.advance(1h);
  EXPECT_EQ(bench.at("AT+CREG?"), (Lines{"+CREG: 2,2", "OK"}));
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
}

TEST(ModemBoot, WithoutASim) {
  ModemSettings settings;
  settings.sim = Sim::absent;
  Bench bench(settings);
  bench.modem.power_on();
  EXPECT_EQ(bench.read(), (Lines{"RDY", "+CPIN: NOT INSERTED"}));
  EXPECT_EQ(bench.at("AT+CIMI"), kError);
  EXPECT_EQ(bench.at("AT+ICCID"), kError);
  EXPECT_EQ(bench.at("AT+CPIN?"), kError);
  EXPECT_EQ(bench.at("AT+CREG?"), (Lines{"+CREG: 0,0", "OK"}));
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
  EXPECT_EQ(bench.modem.control("sim insert"), "");
  EXPECT_EQ(bench.read(), (Lines{"+CPIN: READY", "SMS READY", "CALL READY"}));
  bench.at("AT+CREG=1");
  EXPECT_EQ(bench.at("AT+CIMI").at(2), "^MODE: 17,17");
  EXPECT_EQ(bench.site.radio, (std::vector<bool>{false, true}));
}

TEST(ModemBoot, ThePinUnlocks) {
  ModemSettings settings;
  settings.sim = Sim::pin;
  Bench bench(settings);
  bench.modem.power_on();
  EXPECT_EQ(bench.read(), (Lines{"RDY", "+CPIN: SIM PIN"}));
  EXPECT_EQ(bench.at("AT+CPIN?"), (Lines{"+CPIN: SIM PIN", "OK"}));
  EXPECT_EQ(bench.at("AT+CIMI"), kError);
  EXPECT_EQ(bench.at("AT+CPIN=\"0000\""), kError);
  EXPECT_EQ(bench.at("AT+CPIN=\"1234\""), (Lines{"OK", "+CPIN: READY", "SMS READY", "CALL READY"}));
  bench.at("AT+CREG=1");
  EXPECT_EQ(bench.at("AT+CIMI").at(2), "^MODE: 17,17");
}

TEST(ModemBoot, ThreeWrongPinsNeedThePuk) {
  ModemSettings settings;
  settings.sim = Sim::pin;
  Bench bench(settings);
  bench.modem.power_on();
  bench.at("AT+CMEE=1");
  EXPECT_EQ(bench.at("AT+CPIN=\"0000\""), Lines{"+CME ERROR: 16"});
  EXPECT_EQ(bench.at("AT+CPIN=\"0000\""), Lines{"+CME ERROR: 16"});
  EXPECT_EQ(bench.at("AT+CPIN=\"0000\""), (Lines{"+CME ERROR: 16", "+CPIN: SIM PUK"}));
  EXPECT_EQ(bench.at("AT+CPIN=\"1234\""), Lines{"+CME ERROR: 12"});
  EXPECT_EQ(bench.at("AT+CPIN=\"12345678\",\"4321\""), (Lines{"OK", "+CPIN: READY", "SMS READY", "CALL READY"}));
}

TEST(ModemBoot, FlightModeFromTheStart) {
  ModemSettings settings;
  settings.flight_mode = true;
  Bench bench(settings);
  bench.modem.power_on();
  EXPECT_EQ(bench.read(), Lines{"RDY"});
  EXPECT_EQ(bench.site.radio, std::vector<bool>{false});
  EXPECT_EQ(bench.at("AT+CFUN?"), (Lines{"+CFUN: 0", "OK"}));
  EXPECT_EQ(bench.at("AT+CFUN=1"), (Lines{"OK", "+CPIN: READY", "SMS READY", "CALL READY"}));
  bench.at("AT+CREG=2");
  EXPECT_EQ(bench.at("AT+CIMI").at(2), "^MODE: 17,17");
}

TEST(ModemBoot, ControlLinesBeforePowerOnCount) {
  Bench bench;
  EXPECT_EQ(bench.modem.control("sim remove"), "");
  EXPECT_EQ(bench.modem.control("registration denied"), "");
  EXPECT_EQ(bench.modem.control("link down"), "");
  EXPECT_EQ(bench.modem.available(), 0U);
  EXPECT_FALSE(bench.site.due);
  bench.modem.power_on();
  EXPECT_EQ(bench.read(), (Lines{"RDY", "+CPIN: NOT INSERTED"}));
}

TEST(ModemBoot, RealTimingTakesItsTime) {
  ModemSettings settings;
  settings.timing = ModemTiming::real;
  Bench bench(settings);
  bench.modem.power_on();
  bench.advance(1499ms);
  EXPECT_EQ(bench.read(), Lines{});
  bench.advance(1ms);
  EXPECT_EQ(bench.read(), Lines{"RDY"});
  bench.advance(500ms);
  EXPECT_EQ(bench.read(), Lines{"+CPIN: READY"});
  EXPECT_EQ(bench.at("AT+CREG=2"), Lines{});
  bench.advance(5ms);
  EXPECT_EQ(bench.read(), kOk);
  EXPECT_EQ(bench.at("AT+CIMI"), Lines{});
  bench.advance(40ms);
  EXPECT_EQ(bench.read(), (Lines{"460000000000001", "OK"}));
  bench.advance(1s);
  EXPECT_EQ(bench.read(), (Lines{"^MODE: 17,17", "+CREG: 1,\"18be\",\"0183dd6b\",7", "+NITZ: 20/01/02,11:04:05+32,0"}));
  bench.advance(3s);
  EXPECT_EQ(bench.read(), (Lines{"SMS READY", "CALL READY"}));
}

TEST(ModemSettings, TheDefaultsAreValid) {
  const ModemSettings settings;
  EXPECT_EQ(check(settings), "");
  EXPECT_EQ(settings.imei.back(), luhn_digit(settings.imei.substr(0, 14)));
  EXPECT_EQ(luhn_digit("49015420323751"), '8');
}

TEST(ModemSettings, WhatCannotBeUsedIsNamed) {
  const auto wrong = [](auto change) {
    ModemSettings settings;
    change(settings);
    return check(settings);
  };
  EXPECT_NE(wrong([](auto& s) { s.imei = "123"; }), "");
  EXPECT_NE(wrong([](auto& s) { s.imsi = "46000000000000x"; }), "");
  EXPECT_NE(wrong([](auto& s) { s.iccid = ""; }), "");
  EXPECT_NE(wrong([](auto& s) { s.plmn = "4600"; }), "");
  EXPECT_NE(wrong([](auto& s) { s.rssi = 32; }), "");
  EXPECT_NE(wrong([](auto& s) { s.pin = "12"; }), "");
  EXPECT_NE(wrong([](auto& s) { s.serial = "a\r\nOK"; }), "");
  EXPECT_NE(wrong([](auto& s) { s.address = "10.0.0"; }), "");
  EXPECT_NE(wrong([](auto& s) { s.attach_delay = -1s; }), "");
}

}  // namespace
}  // namespace socketcore
