#include "loop/timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

namespace socketcore {
namespace {

using namespace std::chrono_literals;

constexpr Token kOwner{3, 1};

Instant at(Duration since_start) { return Instant(since_start); }

/// The cookies of all that is due, in the order in which it runs out.
std::vector<std::uint32_t> due(TimerQueue& timers, Instant now) {
  std::vector<std::uint32_t> cookies;
  const auto mark = timers.mark();
  while (const auto next = timers.take_due(now, mark)) cookies.push_back(next->cookie);
  return cookies;
}

using Cookies = std::vector<std::uint32_t>;

TEST(TimerQueue, HasNothingAtFirst) {
  TimerQueue timers;
  EXPECT_FALSE(timers.next());
  EXPECT_FALSE(timers.take_due(Instant::max(), timers.mark()));
}

TEST(TimerQueue, ATimerThatIsNotArmedNeverRunsOut) {
  TimerQueue timers;
  const TimerKey key = timers.make(kOwner, 1);
  EXPECT_FALSE(timers.armed(key));
  EXPECT_EQ(due(timers, Instant::max()), Cookies{});
}

TEST(TimerQueue, NamesTheOwnerAndCookie) {
  TimerQueue timers;
  timers.arm(timers.make(kOwner, 77), at(1ms));
  const auto first = timers.take_due(at(1ms), timers.mark());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->owner, kOwner);
  EXPECT_EQ(first->cookie, 77U);
}

TEST(TimerQueue, RunsOutAtItsDeadlineAndNotBefore) {
  TimerQueue timers;
  const TimerKey key = timers.make(kOwner, 1);
  timers.arm(key, at(10ms));
  EXPECT_EQ(timers.next(), at(10ms));
  EXPECT_EQ(due(timers, at(10ms - 1ns)), Cookies{});
  EXPECT_TRUE(timers.armed(key));
  EXPECT_EQ(due(timers, at(10ms)), Cookies{1});
  EXPECT_FALSE(timers.armed(key));
  EXPECT_FALSE(timers.next());
}

TEST(TimerQueue, GoesByDeadline) {
  TimerQueue timers;
  for (const std::uint32_t ms : {5U, 1U, 4U, 2U, 3U}) timers.arm(timers.make(kOwner, ms), at(ms * 1ms));
  EXPECT_EQ(due(timers, at(3ms)), (Cookies{1, 2, 3}));
  EXPECT_EQ(due(timers, at(9ms)), (Cookies{4, 5}));
}

TEST(TimerQueue, EqualDeadlinesKeepTheOrderOfArming) {
  TimerQueue timers;
  std::vector<TimerKey> keys;
  for (std::uint32_t i = 0; i < 8; ++i) keys.push_back(timers.make(kOwner, i));
  for (const std::size_t i : {3U, 0U, 7U, 1U, 6U, 2U, 5U, 4U}) timers.arm(keys[i], at(1ms));
  EXPECT_EQ(due(timers, at(1ms)), (Cookies{3, 0, 7, 1, 6, 2, 5, 4}));
}

TEST(TimerQueue, ArmingAgainReplacesTheDeadline) {
  TimerQueue timers;
  const TimerKey one = timers.make(kOwner, 1);
  const TimerKey two = timers.make(kOwner, 2);
  timers.arm(one, at(1ms));
  timers.arm(two, at(2ms));
  timers.arm(one, at(3ms));
  EXPECT_EQ(timers.next(), at(2ms));
  EXPECT_EQ(due(timers, at(9ms)), (Cookies{2, 1}));
  timers.arm(one, at(8ms));
  timers.arm(two, at(9ms));
  timers.arm(two, at(7ms));
  EXPECT_EQ(due(timers, at(9ms)), (Cookies{2, 1}));
}

TEST(TimerQueue, ArmingAgainGoesBehindItsEquals) {
  TimerQueue timers;
  const TimerKey one = timers.make(kOwner, 1);
  timers.arm(one, at(1ms));
  timers.arm(timers.make(kOwner, 2), at(1ms));
  timers.arm(one, at(1ms));
  EXPECT_EQ(due(timers, at(1ms)), (Cookies{2, 1}));
}

TEST(TimerQueue, DisarmedTimersDoNotRunOut) {
  TimerQueue timers;
  std::vector<TimerKey> keys;
  for (std::uint32_t i = 0; i < 5; ++i) {
    keys.push_back(timers.make(kOwner, i));
    timers.arm(keys.back(), at(i * 1ms));
  }
  for (const std::size_t i : {0U, 2U, 4U}) timers.disarm(keys[i]);
  timers.disarm(keys[2]);
  EXPECT_EQ(due(timers, at(9ms)), (Cookies{1, 3}));
  timers.arm(keys[2], at(1ms));
  EXPECT_EQ(due(timers, at(9ms)), Cookies{2});
}

TEST(TimerQueue, DestroyedTimersAreGone) {
  TimerQueue timers;
  const TimerKey one = timers.make(kOwner, 1);
  timers.arm(one, at(1ms));
  timers.destroy(one);
  timers.destroy(one);
  timers.arm(one, at(1ms));
  timers.disarm(one);
  EXPECT_FALSE(timers.armed(one));
  EXPECT_FALSE(timers.next());
  const TimerKey two = timers.make(kOwner, 2);
  timers.arm(one, at(1ms));
  EXPECT_FALSE(timers.armed(two)) << "a late key touches nobody";
}

TEST(TimerQueue, ATimerArmedAfterTheMarkWaits) {
  TimerQueue timers;
  const TimerKey one = timers.make(kOwner, 1);
  timers.arm(one, at(1ms));
  const auto mark = timers.mark();
  ASSERT_TRUE(timers.take_due(at(5ms), mark));
  timers.arm(one, at(1ms));
  EXPECT_FALSE(timers.take_due(at(5ms), mark)) << "it would spin";
  EXPECT_TRUE(timers.take_due(at(5ms), timers.mark()));
}

TEST(TimerQueue, ATimerArmedForThePastHoldsUpNobody) {
  TimerQueue timers;
  const TimerKey one = timers.make(kOwner, 1);
  timers.arm(one, at(1ms));
  timers.arm(timers.make(kOwner, 2), at(2ms));
  const auto mark = timers.mark();
  ASSERT_EQ(timers.take_due(at(5ms), mark)->cookie, 1U);
  timers.arm(one, at(0ms));
  const auto next = timers.take_due(at(5ms), mark);
  ASSERT_TRUE(next) << "timer 2 was due all the time";
  EXPECT_EQ(next->cookie, 2U);
}

TEST(TimerQueue, AgreesWithASortedListOverManySteps) {
  struct Armed {
    Instant deadline;
    std::uint64_t order;
    std::uint32_t cookie;
  };
  std::mt19937 random(11);
  TimerQueue timers;
  std::vector<TimerKey> keys;
  for (std::uint32_t i = 0; i < 60; ++i) keys.push_back(timers.make(kOwner, i));
  std::vector<Armed> model;
  std::uint64_t order = 0;
  Instant now{};
  for (int step = 0; step < 20'000; ++step) {
    const auto which = static_cast<std::uint32_t>(random() % keys.size());
    const auto forget = [&] { std::erase_if(model, [&](const Armed& armed) { return armed.cookie == which; }); };
    switch (random() % 4) {
      case 0:
      case 1: {
        const Instant deadline = now + (random() % 50) * 1ms;
        timers.arm(keys[which], deadline);
        forget();
        model.push_back({deadline, ++order, which});
        break;
      }
      case 2:
        timers.disarm(keys[which]);
        forget();
        break;
      default: {
        now += (random() % 8) * 1ms;
        std::sort(model.begin(), model.end(), [](const Armed& a, const Armed& b) {
          return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
        });
        Cookies expected;
        while (!model.empty() && model.front().deadline <= now) {
          expected.push_back(model.front().cookie);
          model.erase(model.begin());
        }
        ASSERT_EQ(due(timers, now), expected) << "step " << step;
        break;
      }
    }
    const auto soonest = std::min_element(model.begin(), model.end(),
                                          [](const Armed& a, const Armed& b) { return a.deadline < b.deadline; });
    ASSERT_EQ(timers.next(), soonest == model.end() ? std::nullopt : std::optional(soonest->deadline));
  }
}

}  // namespace
}  // namespace socketcore
