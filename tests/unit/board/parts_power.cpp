#include <cstdlib>

#include "parts_test.hpp"

namespace socketcore::test {

namespace {

class PartsPower : public PartsTest {
 protected:
  PartsPower() {
    setenv("TZ", "CST-8", 1);
    tzset();
  }
  ~PartsPower() override {
    unsetenv("TZ");
    tzset();
  }
};

TEST_F(PartsPower, ChangesAreMessagesOnceTheScriptAskedForThem) {
  obey("battery 4000");
  EXPECT_THAT(site.events, IsEmpty());
  EXPECT_EQ(parts.power.battery().percent, 75);
  parts.power.start();
  obey("battery 4000");
  EXPECT_THAT(site.events, IsEmpty());
  obey("battery 3600 30");
  obey("charger on 700");
  obey("charger on");
  obey("battery 4200 100");
  obey("charger off");
  obey("battery none");
  std::vector<PowerEvent> seen;
  for (const auto& event : site.events) {
    ASSERT_EQ(event.kind, EventKind::power);
    seen.push_back(unpack_power({event.a, event.b}));
  }
  EXPECT_THAT(seen, ElementsAre(PowerEvent{true, false, 3600, 30, ChargeState::none},
                                PowerEvent{true, true, 3600, 30, ChargeState::charging},
                                PowerEvent{true, true, 4200, 100, ChargeState::full},
                                PowerEvent{true, false, 4200, 100, ChargeState::none},
                                PowerEvent{false, false, 0, 0, ChargeState::none}));
}

TEST_F(PartsPower, TheCurrentFlowsWhileItCharges) {
  EXPECT_EQ(parts.power.charge_milliampere(), 0);
  obey("charger on");
  EXPECT_EQ(parts.power.charge_milliampere(), 500);
  obey("charger on 120");
  EXPECT_EQ(parts.power.charge_milliampere(), 120);
  obey("battery 4200");
  EXPECT_EQ(parts.power.charge_milliampere(), 0);
}

TEST_F(PartsPower, SleepIsCounted) {
  for (int i = 0; i < 1000; ++i) {
    parts.power.sleep(false);
    parts.power.sleep(true);
    parts.power.sleep(true);
  }
  EXPECT_THAT(site.lines, IsEmpty());
  obey("sleeps");
  parts.power.sleep(false);
  obey("sleeps");
  EXPECT_THAT(site.lines, ElementsAre("sleeps 1000 on", "sleeps 1000 off"));
}

TEST_F(PartsPower, RegulatorsTraceTheirChanges) {
  parts.power.set_regulator(0, 0);
  parts.power.set_regulator(0, 7);
  parts.power.set_regulator(0, 7);
  parts.power.set_regulator(9, 15);
  EXPECT_THAT(site.lines, ElementsAre("ldo VLCD 7", "ldo VBACKLIGHT_W 15"));
}

TEST_F(PartsPower, AKeySpeaksWhenItChanges) {
  parts.keypad.start();
  obey("key 3 4 up");
  obey("key 3 4 down");
  obey("key 3 4 down");
  obey("key 255 255 down");
  obey("key 3 4 up");
  std::vector<std::vector<int>> seen;
  for (const auto& event : site.events) {
    const KeyEvent key = unpack_key({event.a, event.b});
    seen.push_back({key.row, key.column, key.pressed});
  }
  EXPECT_THAT(seen, ElementsAre(ElementsAre(3, 4, 1), ElementsAre(255, 255, 1), ElementsAre(3, 4, 0)));
}

TEST_F(PartsPower, TheAlarmIsLocalTimeByTheScriptsClock) {
  parts.alarm.start();
  // 2026-01-01 08:00 here, east of Greenwich.
  EXPECT_TRUE(parts.alarm.set({2026, 1, 1, 8, 10, 0}));
  site.advance(599s);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1s);
  EXPECT_THAT(site.events, ElementsAre(FakeSite::Event{EventKind::alarm, 0, 0}));
  EXPECT_THAT(site.lines, ElementsAre("alarm 2026-01-01 08:10:00"));
  EXPECT_FALSE(parts.alarm.due());
}

TEST_F(PartsPower, TheAlarmFollowsTheClock) {
  parts.alarm.start();
  EXPECT_TRUE(parts.alarm.set({2030, 5, 6, 7, 8, 9}));
  site.advance(24h);
  EXPECT_THAT(site.events, IsEmpty());
  site.set_clock(*to_wall_time({2030, 5, 6, 7, 8, 0}));
  site.advance(8999ms);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1ms);
  EXPECT_EQ(site.events.size(), 1U);
}

TEST_F(PartsPower, AnAlarmThatIsClearedDoesNotCome) {
  parts.alarm.start();
  EXPECT_TRUE(parts.alarm.set({2026, 1, 1, 8, 10, 0}));
  parts.alarm.clear();
  parts.alarm.clear();
  site.advance(1h);
  EXPECT_THAT(site.events, IsEmpty());
  EXPECT_THAT(site.lines, ElementsAre("alarm 2026-01-01 08:10:00", "alarm off"));
}

TEST_F(PartsPower, AnAlarmWithoutItsModuleIsLogged) {
  EXPECT_TRUE(parts.alarm.set({2026, 1, 1, 8, 0, 1}));
  site.advance(2s);
  EXPECT_THAT(site.events, IsEmpty());
  EXPECT_THAT(site.logged, ElementsAre(HasSubstr("init_module")));
}

TEST_F(PartsPower, TimesThatAreNone) {
  for (const LocalTime& time :
       {LocalTime{2026, 1, 1, 8, 0, 0}, LocalTime{2025, 1, 1, 8, 0, 0}, LocalTime{2027, 2, 29, 0, 0, 0},
        LocalTime{2027, 13, 1, 0, 0, 0}, LocalTime{2027, 0, 1, 0, 0, 0}, LocalTime{2027, 1, 0, 0, 0, 0},
        LocalTime{2027, 1, 1, 24, 0, 0}, LocalTime{2027, 1, 1, 0, 60, 0}, LocalTime{2027, 1, 1, 0, 0, -1},
        LocalTime{2147483647, 1, 1, 0, 0, 0}, LocalTime{-2147483647, 1, 1, 0, 0, 0}}) {
    EXPECT_FALSE(parts.alarm.set(time)) << time.year << ' ' << time.month;
  }
  EXPECT_TRUE(parts.alarm.set({2028, 2, 29, 0, 0, 0}));
  EXPECT_FALSE(parts.alarm.set({1971, 1, 1, 0, 0, 0}));
  EXPECT_FALSE(parts.alarm.due());
}

TEST_F(PartsPower, VoltagesSaturateAtTheRange) {
  EXPECT_FALSE(parts.adc.read(2));
  obey("adc 2 3000");
  parts.adc.open(2, 3);
  EXPECT_EQ(parts.adc.read(2)->millivolt, 3000);
  EXPECT_EQ(parts.adc.read(2)->raw, 3000 * 4095 / 5000);
  parts.adc.open(2, 0);
  EXPECT_EQ(parts.adc.read(2)->millivolt, 1250);
  EXPECT_EQ(parts.adc.read(2)->raw, 4095);
  parts.adc.close(2);
  EXPECT_FALSE(parts.adc.read(2));
  EXPECT_THAT(site.lines, ElementsAre("adc 2 open 5000", "adc 2 open 1250", "adc 2 close"));
}

TEST_F(PartsPower, PulseOutputsAreTraced) {
  EXPECT_FALSE(parts.pwm.set(0, 500, 100, {}));
  parts.pwm.open(0);
  EXPECT_TRUE(parts.pwm.set(0, 500, 100, {}));
  EXPECT_TRUE(parts.pwm.set(0, 500, 100, 2));
  parts.pwm.close(0);
  EXPECT_FALSE(parts.pwm.set(0, 500, 100, {}));
  EXPECT_THAT(site.lines, ElementsAre("pwm 0 open", "pwm 0 500 100", "pwm 0 500 100 2", "pwm 0 close"));
}

}  // namespace

}  // namespace socketcore::test
