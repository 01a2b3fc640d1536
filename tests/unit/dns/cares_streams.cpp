#include "resolver_test.hpp"

namespace socketcore::test {
namespace {

TEST_F(CaresResolverTest, truncated_answer_comes_by_stream) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  CaresResolver resolver(loop, &log, asking(server));
  const AskedPtr asked = answer(resolver, "big.example");
  ASSERT_EQ(asked->addresses().size(), 100u) << asked->words();
  EXPECT_EQ(asked->addresses().back(), "10.0.0.100");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.queries().size(), 2u);
}

TEST_F(CaresResolverTest, stream_in_small_pieces) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  server.stream_bytes_per_turn = 1;
  os.most_stream_bytes_sent = 7;
  CaresOptions options = asking(server);
  options.timeout_ms = 10000;
  CaresResolver resolver(loop, &log, options);
  EXPECT_EQ(answer(resolver, "big.example")->addresses().size(), 100u);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CaresResolverTest, many_answers_in_one_segment) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  server.stream_answers_at_once = 10;
  CaresOptions options = asking(server);
  options.timeout_ms = 10000;
  CaresResolver resolver(loop, &log, options);
  std::vector<AskedPtr> asked;
  for (int i = 0; i < 10; ++i) asked.push_back(ask(resolver, "big" + std::to_string(i) + ".example"));
  ASSERT_TRUE(run_until([&] { return std::ranges::all_of(asked, [](const auto& a) { return a->done(); }); }));
  for (const AskedPtr& each : asked) EXPECT_EQ(each->addresses().size(), 100u) << each->words();
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CaresResolverTest, second_query_on_an_open_stream) {
  NameServer server(loop, *kernel);
  server.stream_answers_at_once = 2;
  server.script = truncated_unless_stream;
  CaresOptions options = asking(server);
  options.timeout_ms = 10000;
  CaresResolver resolver(loop, &log, options);
  const AskedPtr first = ask(resolver, "one.example");
  ASSERT_TRUE(run_until([&] { return server.queries().size() == 2; }));
  settle();
  // The stream stands and has room: no readiness will announce it again.
  const AskedPtr second = ask(resolver, "two.example");
  ASSERT_TRUE(run_until([&] { return first->done() && second->done(); }));
  EXPECT_EQ(first->addresses().size(), 100u) << first->words();
  EXPECT_EQ(second->addresses().size(), 100u) << second->words();
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CaresResolverTest, stream_refused) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  server.refuse_streams();
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_EQ(answer(resolver, "big.example")->err(), Err::erte);
}

TEST_F(CaresResolverTest, stream_hung_up) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  server.stream_hangs_up = true;
  CaresOptions options = asking(server);
  options.timeout_ms = 10000;  // a machine that is busy must not make it one
  CaresResolver resolver(loop, &log, options);
  EXPECT_EQ(answer(resolver, "big.example")->err(), Err::erte);
  EXPECT_GE(server.connections(), 2);
}

}  // namespace
}  // namespace socketcore::test
