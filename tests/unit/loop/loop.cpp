#include "loop/loop.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "os/sim.hpp"

namespace socketcore {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

/// Writes down its calls, and may do something in each.
class Recorder final : public Handler {
 public:
  Recorder(Loop& loop, Log& log, std::string name) : loop_(loop), log_(log), name_(std::move(name)), token_(loop.attach(*this)) {}
  ~Recorder() override {
    log_.push_back(name_ + " freed");
    loop_.detach(token_);
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void on_ready(Readiness what) noexcept override {
    log_.push_back(name_ + (what.readable ? " readable" : " ready"));
    if (act) act();
  }
  void on_timer(std::uint32_t cookie) noexcept override {
    log_.push_back(name_ + " timer " + std::to_string(cookie));
    if (act) act();
  }
  void on_turn() noexcept override {
    log_.push_back(name_ + " turn");
    if (act) act();
  }

  [[nodiscard]] Token token() const { return token_; }
  std::function<void()> act;

 private:
  Loop& loop_;
  Log& log_;
  std::string name_;
  Token token_;
};

class LoopTest : public testing::Test {
 protected:
  /// Two UDP sockets, the first connected to the second.
  struct Wire {
    Wire(Os& os, std::uint16_t port)
        : from(os, os.open(Family::v4, SocketKind::datagram, 0).fd), to(os, os.open(Family::v4, SocketKind::datagram, 0).fd) {
      Endpoint local{*Address::parse("127.0.0.1"), port};
      EXPECT_TRUE(os.bind(to.get(), local).ok());
      EXPECT_TRUE(os.connect(from.get(), local).ok());
    }
    void ring() const { (void)from.os().send(from.get(), std::as_bytes(std::span("x", 1))); }
    OwnedFd from;
    OwnedFd to;
  };

  Log taken() { return std::exchange(log_, {}); }

  SimOs os_;
  Log log_;
  Loop loop_{os_};
  Recorder a_{loop_, log_, "a"};
  Recorder b_{loop_, log_, "b"};
};

TEST_F(LoopTest, DeferredHandlersRunOnceInTheNextTurn) {
  loop_.defer(b_.token());
  loop_.defer(a_.token());
  loop_.defer(b_.token());
  EXPECT_EQ(taken(), Log{});
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"b turn", "a turn"}));
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), Log{});
}

TEST_F(LoopTest, WhatIsDeferredWhileItRunsComesInTheNextTurn) {
  a_.act = [&] { loop_.defer(a_.token()); };
  loop_.defer(a_.token());
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), Log{"a turn"});
  a_.act = nullptr;
  const Instant before = os_.now();
  (void)loop_.turn(1h);
  EXPECT_EQ(taken(), Log{"a turn"});
  EXPECT_EQ(os_.now(), before + 1h) << "nothing is left to do";
}

TEST_F(LoopTest, ATurnDoesNotWaitWhileSomethingIsDeferred) {
  a_.act = [&] { loop_.defer(b_.token()); };
  loop_.defer(a_.token());
  const Instant before = os_.now();
  (void)loop_.turn(1h);
  EXPECT_EQ(os_.now(), before);
}

TEST_F(LoopTest, DetachedHandlersAreNotDeferredAnyMore) {
  {
    Recorder gone(loop_, log_, "gone");
    loop_.defer(gone.token());
  }
  loop_.defer(Token());
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), Log{"gone freed"});
}

TEST_F(LoopTest, AHandlerMayDetachAnotherThatIsDeferredBehindIt) {
  auto gone = std::make_unique<Recorder>(loop_, log_, "gone");
  a_.act = [&] { gone.reset(); };
  loop_.defer(a_.token());
  loop_.defer(gone->token());
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"a turn", "gone freed"}));
}

TEST_F(LoopTest, ReportsReadinessToTheHandler) {
  const Wire wire(os_, 1000);
  ASSERT_TRUE(loop_.watch(wire.to.get(), a_.token()).ok());
  (void)loop_.turn(0ns);
  taken();
  wire.ring();
  (void)loop_.turn(1s);
  EXPECT_EQ(taken(), Log{"a readable"});
}

TEST_F(LoopTest, ReadinessComesInTheOrderOfTheKernel) {
  const Wire first(os_, 1000);
  const Wire second(os_, 1001);
  ASSERT_TRUE(loop_.watch(first.to.get(), a_.token()).ok());
  ASSERT_TRUE(loop_.watch(second.to.get(), b_.token()).ok());
  (void)loop_.turn(0ns);
  taken();
  second.ring();
  first.ring();
  os_.advance(1s);
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"b readable", "a readable"}));
}

TEST_F(LoopTest, LateEventsFindNobody) {
  const Wire wire(os_, 1000);
  auto gone = std::make_unique<Recorder>(loop_, log_, "gone");
  const Token token = gone->token();
  ASSERT_TRUE(loop_.watch(wire.to.get(), token).ok());
  const TimerKey timer = loop_.timers().make(token, 1);
  loop_.timers().arm(timer, os_.now());
  gone.reset();
  const Recorder heir(loop_, log_, "heir");
  ASSERT_EQ(heir.token().slot, token.slot) << "the test means the slot to be given away again";
  taken();
  wire.ring();
  (void)loop_.turn(1s);
  EXPECT_EQ(taken(), Log{});
  EXPECT_EQ(loop_.find(token), nullptr);
}

TEST_F(LoopTest, AHandlerMayDetachAnotherWhoseEventIsNext) {
  const Wire first(os_, 1000);
  const Wire second(os_, 1001);
  auto gone = std::make_unique<Recorder>(loop_, log_, "gone");
  ASSERT_TRUE(loop_.watch(first.to.get(), a_.token()).ok());
  ASSERT_TRUE(loop_.watch(second.to.get(), gone->token()).ok());
  a_.act = [&] { gone.reset(); };
  first.ring();
  second.ring();
  os_.advance(1s);
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"a readable", "gone freed"}));
}

TEST_F(LoopTest, TimersEndTheWaitAndRunBeforeReadiness) {
  const Wire wire(os_, 1000);
  ASSERT_TRUE(loop_.watch(wire.to.get(), a_.token()).ok());
  (void)loop_.turn(0ns);
  taken();
  const TimerKey timer = loop_.timers().make(b_.token(), 5);
  const Instant due = os_.now() + 10ms;
  loop_.timers().arm(timer, due);
  EXPECT_EQ(loop_.until_due(), Duration(10ms));
  (void)loop_.turn(1h);
  EXPECT_EQ(os_.now(), due);
  EXPECT_EQ(taken(), Log{"b timer 5"});

  loop_.timers().arm(timer, os_.now() + 1ms);
  wire.ring();
  os_.advance(1s);
  (void)loop_.turn(1h);
  EXPECT_EQ(taken(), (Log{"b timer 5", "a readable"}));
}

TEST_F(LoopTest, TimersThatAreDueRunBeforeWhatIsDeferred) {
  const TimerKey timer = loop_.timers().make(b_.token(), 5);
  loop_.timers().arm(timer, os_.now() + 1ms);
  os_.advance(1s);
  loop_.defer(a_.token());
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"b timer 5", "a turn"})) << "it was due before the turn began";
}

TEST_F(LoopTest, ATimerThatArmsItselfForNowRunsOncePerTurn) {
  const TimerKey timer = loop_.timers().make(a_.token(), 0);
  a_.act = [&] { loop_.timers().arm(timer, os_.now()); };
  loop_.timers().arm(timer, os_.now());
  (void)loop_.turn(1h);
  EXPECT_EQ(taken(), Log{"a timer 0"});
  (void)loop_.turn(1h);
  EXPECT_EQ(taken(), Log{"a timer 0"});
}

TEST_F(LoopTest, KnowsHowLongUntilItIsDue) {
  EXPECT_EQ(loop_.until_due(), std::nullopt);
  const TimerKey timer = loop_.timers().make(a_.token(), 0);
  loop_.timers().arm(timer, os_.now() + 3ms);
  EXPECT_EQ(loop_.until_due(), Duration(3ms));
  os_.advance(5ms);
  EXPECT_EQ(loop_.until_due(), Duration::zero());
  loop_.timers().disarm(timer);
  EXPECT_EQ(loop_.until_due(), std::nullopt);
}

TEST_F(LoopTest, IsDueAtOnceWhileSomethingIsDeferred) {
  loop_.defer(a_.token());
  EXPECT_EQ(loop_.until_due(), Duration::zero()) << "a host with a loop of its own would sleep over it";
  (void)loop_.turn(0ns);
  EXPECT_EQ(loop_.until_due(), std::nullopt);
}

TEST_F(LoopTest, AdoptedHandlersAreFreedAtTheEndOfTheTurn) {
  auto owned = std::make_unique<Recorder>(loop_, log_, "owned");
  Recorder* raw = owned.get();
  const Token token = owned->token();
  loop_.adopt(std::move(owned), token);
  EXPECT_EQ(loop_.adopted(), 1U);
  raw->act = [&, token] {
    loop_.release(token);
    loop_.release(token);
    log_.emplace_back("released");
  };
  loop_.defer(token);
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"owned turn", "released", "owned freed"}));
  EXPECT_EQ(loop_.adopted(), 0U);
  EXPECT_EQ(loop_.find(token), nullptr);
}

TEST_F(LoopTest, AHandlerReleasedBetweenTurnsIsFreedInTheNext) {
  auto owned = std::make_unique<Recorder>(loop_, log_, "owned");
  const Token token = owned->token();
  loop_.adopt(std::move(owned), token);
  loop_.release(token);
  EXPECT_EQ(taken(), Log{});
  const Instant before = os_.now();
  (void)loop_.turn(1h);
  EXPECT_EQ(taken(), Log{"owned freed"});
  EXPECT_EQ(os_.now(), before);
}

TEST_F(LoopTest, ReleaseOfWhatWasNotAdoptedDoesNothing) {
  loop_.release(a_.token());
  loop_.release(Token());
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), Log{});
  EXPECT_EQ(loop_.find(a_.token()), &a_);
}

TEST_F(LoopTest, AReleasedHandlerMayReleaseAnotherAsItGoes) {
  struct Chain final : Handler {
    Chain(Loop& its_loop, Log& its_log, Token its_next)
        : loop(its_loop), log(its_log), next(its_next), token(its_loop.attach(*this)) {}
    ~Chain() override {
      log.emplace_back("link");
      loop.release(next);
      loop.detach(token);
    }
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;
    Loop& loop;
    Log& log;
    Token next;
    Token token;
  };
  auto last = std::make_unique<Chain>(loop_, log_, Token());
  const Token last_token = last->token;
  auto first = std::make_unique<Chain>(loop_, log_, last_token);
  const Token first_token = first->token;
  loop_.adopt(std::move(last), last_token);
  loop_.adopt(std::move(first), first_token);
  loop_.release(first_token);
  (void)loop_.turn(0ns);
  EXPECT_EQ(taken(), (Log{"link", "link"}));
  EXPECT_EQ(loop_.adopted(), 0U);
}

TEST(LoopEnd, FreesWhatIsStillAdopted) {
  SimOs os;
  Log log;
  {
    Loop loop(os);
    for (const char* name : {"one", "two", "three"}) {
      auto owned = std::make_unique<Recorder>(loop, log, name);
      const Token token = owned->token();
      loop.adopt(std::move(owned), token);
    }
  }
  std::sort(log.begin(), log.end());
  EXPECT_EQ(log, (Log{"one freed", "three freed", "two freed"}));
}

TEST_F(LoopTest, AnswersWhoHasSomethingReadyOnce) {
  loop_.note_ready(b_.token());
  loop_.note_ready(a_.token());
  loop_.note_ready(b_.token());
  const Instant before = os_.now();
  const auto answer = loop_.turn(1h);
  EXPECT_EQ(std::vector<Token>(answer.begin(), answer.end()), (std::vector<Token>{b_.token(), a_.token()}));
  EXPECT_EQ(os_.now(), before) << "a turn does not wait with an answer in hand";
  EXPECT_TRUE(loop_.turn(0ns).empty());
  loop_.note_ready(a_.token());
  EXPECT_EQ(loop_.turn(0ns).size(), 1U);
}

TEST_F(LoopTest, AnswersWhatIsNotedInTheTurn) {
  a_.act = [&] { loop_.note_ready(b_.token()); };
  loop_.defer(a_.token());
  const auto answer = loop_.turn(0ns);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0], b_.token());
}

TEST_F(LoopTest, DoesNotAnswerWithTheDead) {
  {
    const Recorder gone(loop_, log_, "gone");
    loop_.note_ready(gone.token());
  }
  EXPECT_TRUE(loop_.turn(0ns).empty());
}

TEST_F(LoopTest, ManyHandlersWithoutMemoryForEach) {
  std::vector<std::unique_ptr<Recorder>> many;
  for (int i = 0; i < 1000; ++i) many.push_back(std::make_unique<Recorder>(loop_, log_, "x"));
  for (const auto& one : many) {
    loop_.defer(one->token());
    loop_.note_ready(one->token());
  }
  EXPECT_EQ(loop_.turn(0ns).size(), 1000U);
  EXPECT_EQ(log_.size(), 1000U);
}

TEST_F(LoopTest, WakeEndsTheTurn) {
  os_.wake();
  const Instant before = os_.now();
  (void)loop_.turn(1h);
  EXPECT_EQ(os_.now(), before);
  EXPECT_TRUE(os_.interrupted());
  (void)loop_.turn(1h);
  EXPECT_EQ(os_.now(), before + 1h);
}

}  // namespace
}  // namespace socketcore
