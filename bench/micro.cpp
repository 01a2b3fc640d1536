// Google Benchmark over the parts that every message passes: what one step of each costs, and that it does not grow with
// what else is there.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "base/slot_table.hpp"
#include "device/message_queue.hpp"
#include "loop/loop.hpp"
#include "loop/timer_queue.hpp"

namespace {

using socketcore::Instant;
using socketcore::Loop;
using socketcore::MessageQueue;
using socketcore::Note;
using socketcore::SlotTable;
using socketcore::TimerKey;
using socketcore::TimerQueue;
using socketcore::Token;

void find_in_slot_table(benchmark::State& state) {
  SlotTable<std::uint64_t> table;
  std::vector<Token> tokens;
  for (std::int64_t i = 0; i < state.range(0); ++i) tokens.push_back(table.insert(static_cast<std::uint64_t>(i)));
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.find(tokens[at]));
    at = at + 1 < tokens.size() ? at + 1 : 0;
  }
}
BENCHMARK(find_in_slot_table)->Arg(1)->Arg(1000)->Arg(100'000);

void insert_and_erase_in_slot_table(benchmark::State& state) {
  SlotTable<std::uint64_t> table;
  for (auto _ : state) table.erase(table.insert(1));
}
BENCHMARK(insert_and_erase_in_slot_table);

// A socket arms its timer when it begins to wait and disarms it when the answer comes.
void arm_and_disarm_beside_others(benchmark::State& state) {
  TimerQueue timers;
  std::mt19937 random(1);
  const auto deadline = [&] { return Instant(std::chrono::milliseconds(random() % 100'000)); };
  for (std::int64_t i = 0; i < state.range(0); ++i) timers.arm(timers.make(Token{1, 1}, 0), deadline());
  const TimerKey key = timers.make(Token{1, 1}, 0);
  for (auto _ : state) {
    timers.arm(key, deadline());
    timers.disarm(key);
  }
}
BENCHMARK(arm_and_disarm_beside_others)->Arg(0)->Arg(1000)->Arg(100'000);

void run_out_and_arm_again(benchmark::State& state) {
  TimerQueue timers;
  std::vector<TimerKey> keys;
  std::int64_t now = 0;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    keys.push_back(timers.make(Token{1, 1}, static_cast<std::uint32_t>(i)));
    timers.arm(keys.back(), Instant(std::chrono::milliseconds(++now)));
  }
  for (auto _ : state) {
    const auto due = timers.take_due(*timers.next(), timers.mark());
    timers.arm(keys[due->cookie], Instant(std::chrono::milliseconds(++now)));
  }
}
BENCHMARK(run_out_and_arm_again)->Arg(1)->Arg(1000)->Arg(100'000);

void post_and_take_a_message(benchmark::State& state) {
  const auto os = socketcore::linux_os();
  Loop loop(*os);
  socketcore::Handler device;
  MessageQueue queue(loop, loop.attach(device));
  queue.promise(static_cast<std::size_t>(state.range(0)) + 1);
  const Note sent{.kind = Note::Kind::send_cnf, .error = socketcore::Err::ok, .id = 0, .serial = 0, .size = 64};
  for (std::int64_t i = 0; i < state.range(0); ++i) queue.post(sent);
  Note note;
  for (auto _ : state) {
    queue.post(sent);
    benchmark::DoNotOptimize(queue.take(note));
  }
}
BENCHMARK(post_and_take_a_message)->Arg(0)->Arg(1000);

void turn_of_an_idle_loop(benchmark::State& state) {
  const auto os = socketcore::linux_os();
  Loop loop(*os);
  for (auto _ : state) loop.turn(socketcore::Duration::zero());
}
BENCHMARK(turn_of_an_idle_loop);

}  // namespace

BENCHMARK_MAIN();
