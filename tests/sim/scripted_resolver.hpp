#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loop/loop.hpp"
#include "sim/allocations.hpp"
#include "socketcore/resolver.hpp"

namespace socketcore::test {

/// Answers as a test says, on the reactor's own timers: so late, twice, or never.
class ScriptedResolver final : public Resolver, private Handler {
 public:
  ~ScriptedResolver() override {
    if (loop_ == nullptr) return;
    for (const Pending& pending : pending_) loop_->timers().destroy(pending.timer);
    loop_->detach(token_);
  }
  ScriptedResolver() = default;
  ScriptedResolver(const ScriptedResolver&) = delete;
  ScriptedResolver& operator=(const ScriptedResolver&) = delete;

  /// To be called once the reactor is made.
  void live_on(Loop& loop) {
    loop_ = &loop;
    token_ = loop.attach(*this);
  }

  using Addresses = std::vector<std::string_view>;

  /// Questions for `name` are answered `after` so long. May be called again for the same name: then they are answered twice.
  void plan(std::string name, Family family, Duration after, const Addresses& addresses) {
    plans_[{std::move(name), family}].push_back({after, of(addresses)});
  }
  void plan_failure(std::string name, Family family, Duration after, std::string words, Err err = Err::erte) {
    plans_[{std::move(name), family}].push_back({after, {{}, {err, std::move(words)}}});
  }
  /// A name with these addresses in the family, and none in the other, at once.
  void know(const std::string& name, Family family, const Addresses& addresses) {
    plan(name, family, Duration::zero(), addresses);
    plan_failure(name, family == Family::v4 ? Family::v6 : Family::v4, Duration::zero(), name + ": no data");
  }

  struct Question {
    std::string name;
    Family family;
    std::function<void(const Resolution&)> answer;
  };
  /// All that was asked so far.
  std::vector<Question> asked;

  /// Answers a question that was not planned for, in the next turn.
  void answer(std::size_t which, const Addresses& addresses) { schedule(asked.at(which), Duration::zero(), of(addresses)); }
  void fail(std::size_t which, std::string words, Err err = Err::erte) {
    schedule(asked.at(which), Duration::zero(), {{}, {err, std::move(words)}});
  }

  void resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer) override {
    const Plenty plenty;
    asked.push_back({std::string(name), family, std::move(answer)});
    const auto plan = plans_.find({std::string(name), family});
    if (plan == plans_.end()) return;
    for (const auto& [after, resolution] : plan->second) schedule(asked.back(), after, resolution);
  }

 private:
  struct Pending {
    TimerKey timer;
    std::function<void(const Resolution&)> answer;
    Resolution resolution;
  };

  static Resolution of(const Addresses& addresses) {
    Resolution resolution;
    for (const std::string_view text : addresses) resolution.addresses.push_back(*Address::parse(text));
    if (addresses.empty()) resolution.failure = {Err::erte, "no such name"};
    return resolution;
  }

  void schedule(const Question& question, Duration after, const Resolution& resolution) {
    const TimerKey timer = loop_->timers().make(token_, static_cast<std::uint32_t>(pending_.size()));
    pending_.push_back({timer, question.answer, resolution});
    loop_->timers().arm(timer, loop_->os().now() + after);
  }

  void on_timer(std::uint32_t which) noexcept override {
    const Pending& pending = pending_[which];  // a deque's elements stay where they are
    pending.answer(pending.resolution);
  }

  Loop* loop_ = nullptr;
  Token token_;
  std::map<std::pair<std::string, Family>, std::vector<std::pair<Duration, Resolution>>> plans_;
  std::deque<Pending> pending_;
};

}  // namespace socketcore::test
