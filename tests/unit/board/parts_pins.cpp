#include "parts_test.hpp"

namespace socketcore::test {

namespace {

class PartsPins : public PartsTest {
 protected:
  static FakeSite::Event edge(std::int32_t pin, std::int32_t level) { return {EventKind::pin_edge, pin, level}; }
};

TEST_F(PartsPins, AnOutputHasTheLevelThatWasSet) {
  parts.pins.open_output(13, false);
  obey("pin 13 1");
  EXPECT_FALSE(parts.pins.level(13));
  parts.pins.set(13, true);
  parts.pins.set(13, true);
  EXPECT_TRUE(parts.pins.level(13));
  parts.pins.set(13, false);
  EXPECT_FALSE(parts.pins.level(13));
  EXPECT_THAT(site.lines, ElementsAre("pin 13 output", "pin 13 0", "pin 13 1", "pin 13 0"));
}

TEST_F(PartsPins, AnInputHasItsPullUntilItIsDriven) {
  parts.pins.open_input(5, false);
  EXPECT_FALSE(parts.pins.level(5));
  parts.pins.set_pull(5, PinPull::up);
  EXPECT_TRUE(parts.pins.level(5));
  obey("pin 5 0");
  EXPECT_FALSE(parts.pins.level(5));
  obey("pin 5 1");
  parts.pins.set_pull(5, PinPull::down);
  EXPECT_TRUE(parts.pins.level(5));
  EXPECT_THAT(site.lines, ElementsAre("pin 5 input", "pin 5 pull up", "pin 5 pull down"));
}

TEST_F(PartsPins, SetDoesNothingToAnInput) {
  parts.pins.open_input(5, false);
  parts.pins.set(5, true);
  EXPECT_FALSE(parts.pins.level(5));
}

TEST_F(PartsPins, NoMessageWithoutAnEdge) {
  parts.pins.set_debounce(0ms);
  parts.pins.open_input(5, true);
  parts.pins.set_pull(5, PinPull::up);
  parts.pins.set_pull(5, PinPull::none);
  parts.pins.open_input(5, true);
  obey("pin 5 0");
  obey("pin 6 1");
  parts.pins.open_input(6, true);
  obey("pin 6 1");
  parts.pins.close(6);
  obey("pin 6 0");
  site.advance(1s);
  EXPECT_THAT(site.events, IsEmpty());
}

TEST_F(PartsPins, OnlyInterruptPinsSayEdges) {
  parts.pins.set_debounce(0ms);
  parts.pins.open_input(5, false);
  parts.pins.open_output(6, false);
  for (const char* line : {"pin 5 1", "pin 6 1", "pin 7 1"}) obey(line);
  EXPECT_THAT(site.events, IsEmpty());
  parts.pins.open_input(5, true);
  obey("pin 5 0");
  obey("pin 5 1");
  EXPECT_THAT(site.events, ElementsAre(edge(5, 0), edge(5, 1)));
}

TEST_F(PartsPins, AnEdgeCountsOnceItsLevelHasHeld) {
  parts.pins.open_input(5, true);
  parts.pins.open_input(95, true);
  obey("pin 5 1");
  EXPECT_TRUE(parts.pins.level(5));
  site.advance(10ms);
  obey("pin 95 1");
  site.advance(9ms);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1ms);
  EXPECT_THAT(site.take_events(), ElementsAre(edge(5, 1)));
  site.advance(10ms);
  EXPECT_THAT(site.take_events(), ElementsAre(edge(95, 1)));
  EXPECT_FALSE(site.armed(PartTimer::debounce));
}

TEST_F(PartsPins, ABounceIsNoEdge) {
  parts.pins.open_input(5, true);
  obey("pin 5 1");
  site.advance(19ms);
  obey("pin 5 0");
  site.advance(1s);
  EXPECT_THAT(site.events, IsEmpty());
  EXPECT_FALSE(site.armed(PartTimer::debounce));
  // Bouncing begins the time anew.
  for (int i = 0; i < 10; ++i) {
    obey(i % 2 == 0 ? "pin 5 1" : "pin 5 0");
    site.advance(5ms);
  }
  obey("pin 5 1");
  site.advance(19ms);
  EXPECT_THAT(site.events, IsEmpty());
  site.advance(1ms);
  EXPECT_THAT(site.events, ElementsAre(edge(5, 1)));
}

TEST_F(PartsPins, APinThatChangesItsDirectionForgetsTheEdge) {
  parts.pins.open_input(5, true);
  obey("pin 5 1");
  parts.pins.open_output(5, false);
  site.advance(1s);
  EXPECT_THAT(site.events, IsEmpty());
}

TEST_F(PartsPins, PulsesEndAtTheirIdleLevel) {
  parts.pins.pulses(13, 10, 20, 15, true);
  EXPECT_EQ(parts.pins.direction(13), PinDirection::output);
  EXPECT_TRUE(parts.pins.level(13));
  parts.pins.wave(13, 100, 200, -1);
  EXPECT_THAT(site.lines, ElementsAre("pin 13 output", "pin 13 1", "pin 13 plus 10 20 15 1", "pin 13 pwm 100 200 -1"));
}

}  // namespace

}  // namespace socketcore::test
