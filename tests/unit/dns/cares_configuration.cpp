#include "resolver_test.hpp"

namespace socketcore::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST_F(CaresResolverTest, changed_resolv_conf_is_seen_by_the_next_lookup) {
  NameServer old_server(loop, *kernel, "127.0.0.2");
  NameServer new_server(loop, *kernel, "127.0.0.3", old_server.port());
  ASSERT_TRUE(new_server.listening());
  old_server.script = [](const Query& q) -> std::vector<Bytes> {
    if (q.name == "slow.example" && q.number < 3) return {};
    return {Reply(q).a("192.0.2.2").bytes()};
  };
  new_server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).a("192.0.2.3").bytes()}; };
  resolv_conf.write("nameserver 127.0.0.2\n");
  CaresResolver resolver(loop, &log, from_file(resolv_conf, old_server.port()));
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.2"));

  const AskedPtr slow = ask(resolver, "slow.example");
  resolv_conf.replace("nameserver 127.0.0.3\n");
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.3"));
  ASSERT_TRUE(run_until([&] { return slow->done(); }));
  EXPECT_THAT(slow->addresses(), ElementsAre("192.0.2.2"));

  resolv_conf.write("# in place\nnameserver 127.0.0.2\n");
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.2"));
}

TEST_F(CaresResolverTest, retired_servers_are_let_go) {
  NameServer server(loop, *kernel, "127.0.0.2");
  resolv_conf.write("nameserver 127.0.0.2\n");
  CaresOptions options = from_file(resolv_conf, server.port());
  CaresResolver resolver(loop, &log, options);
  std::vector<AskedPtr> asked;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 5; ++i) {
    asked.push_back(ask(resolver, "device.example"));
    resolv_conf.replace("nameserver 127.0.0.2\n#" + std::string(static_cast<std::size_t>(i), '#'));
  }
  EXPECT_EQ(open_descriptors(), before + 5);
  ASSERT_TRUE(run_until([&] { return std::ranges::all_of(asked, [](const auto& a) { return a->done(); }); }));
  settle();
  EXPECT_EQ(open_descriptors(), before);
  for (const AskedPtr& each : asked) EXPECT_EQ(each->err(), Err::etimeout);
}

TEST_F(CaresResolverTest, nothing_stays_on_the_loop) {
  NameServer server(loop, *kernel, "127.0.0.2");
  server.script = [](const Query& q) { return q.number % 2 == 0 ? reply_with_a(q) : std::vector<Bytes>(); };
  CaresResolver resolver(loop, &log, from_file(resolv_conf, server.port()));
  std::uint32_t highest = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    resolv_conf.replace("nameserver 127.0.0.2\n#" + std::string(i, '#'));
    const AskedPtr open = ask(resolver, "device.example");
    resolv_conf.replace("# no server is changed\nnameserver 127.0.0.2\n#" + std::string(i, '#'));
    EXPECT_EQ(answer(resolver, "device.example")->err(), Err::ok);
    ASSERT_TRUE(run_until([&] { return open->done(); }));
    settle();
    // Slots are used again: one that is never let go shows in the numbers of those to come.
    Handler probe;
    const Token token = loop.attach(probe);
    highest = std::max(highest, token.slot);
    loop.detach(token);
  }
  EXPECT_LT(highest, 10u);
}

TEST_F(CaresResolverTest, destroyed_with_retired_servers) {
  NameServer server(loop, *kernel, "127.0.0.2");
  resolv_conf.write("nameserver 127.0.0.2\n");
  std::vector<AskedPtr> asked;
  {
    CaresResolver resolver(loop, &log, from_file(resolv_conf, server.port()));
    for (int i = 0; i < 3; ++i) {
      asked.push_back(ask(resolver, "device.example"));
      resolv_conf.replace("nameserver 127.0.0.2\n#" + std::string(static_cast<std::size_t>(i), '#'));
    }
  }
  settle();
  for (const AskedPtr& each : asked) EXPECT_EQ(each->calls, 0);
}

TEST_F(CaresResolverTest, timing_of_resolv_conf) {
  NameServer server(loop, *kernel, "127.0.0.2");
  resolv_conf.write("options timeout:1 attempts:1\nnameserver 127.0.0.2\n");
  CaresOptions options = from_file(resolv_conf, server.port());
  options.timeout_ms = options.tries = 0;
  CaresResolver resolver(loop, &log, options);
  const AskedPtr asked = ask(resolver, "device.example");
  settle();
  const auto due = loop.until_due();
  ASSERT_TRUE(due);
  EXPECT_GT(*due, 500ms);
  EXPECT_LE(*due, 1002ms);
  ASSERT_TRUE(run_until([&] { return asked->done(); }));
  EXPECT_EQ(asked->err(), Err::etimeout);
  EXPECT_EQ(server.queries().size(), 1u);
}

TEST_F(CaresResolverTest, first_try_gets_two_seconds) {
  NameServer server(loop, *kernel, "127.0.0.2");
  resolv_conf.write("nameserver 127.0.0.2\n");
  CaresOptions options = from_file(resolv_conf, server.port());
  options.timeout_ms = options.tries = 0;
  CaresResolver resolver(loop, &log, options);
  const AskedPtr asked = ask(resolver, "device.example");
  settle();
  const auto due = loop.until_due();
  ASSERT_TRUE(due);
  EXPECT_GT(*due, 1500ms);
  EXPECT_LE(*due, 2002ms);
}

TEST_F(CaresResolverTest, search_list) {
  NameServer server(loop, *kernel, "127.0.0.2");
  server.script = [](const Query& q) -> std::vector<Bytes> {
    return {q.name == "gate.second.example" ? Reply(q).a("192.0.2.1").bytes() : Reply(q).code(3).bytes()};
  };
  resolv_conf.write("search first.example second.example\nnameserver 127.0.0.2\n");
  CaresResolver resolver(loop, &log, from_file(resolv_conf, server.port()));
  EXPECT_THAT(answer(resolver, "gate")->addresses(), ElementsAre("192.0.2.1"));
}

TEST_F(CaresResolverTest, no_resolv_conf) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  CaresOptions options = asking(server);
  options.resolv_conf_path = "/nonexistent/resolv.conf";
  CaresResolver resolver(loop, &log, options);
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));

  // c-ares takes this host for the server then; nobody listens on that port.
  options.servers_csv.clear();
  options.port = 9;
  CaresResolver lost(loop, &log, options);
  EXPECT_EQ(answer(lost, "device.example")->err(), Err::erte);
}

TEST_F(CaresResolverTest, resolv_conf_out_of_reach) {
  NameServer old_server(loop, *kernel, "127.0.0.2");
  NameServer new_server(loop, *kernel, "127.0.0.3", old_server.port());
  old_server.script = new_server.script = reply_with_a;
  resolv_conf.write("nameserver 127.0.0.2\n");
  CaresResolver resolver(loop, &log, from_file(resolv_conf, old_server.port()));
  CaresResolver late(loop, &log, from_file(resolv_conf, old_server.port()));
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::ok);
  resolv_conf.replace("nameserver 127.0.0.3\n");
  {
    const NoDescriptors none;
    EXPECT_EQ(answer(resolver, "device.example")->err(), Err::enobufs);
    EXPECT_EQ(answer(late, "device.example")->err(), Err::enobufs);
  }
  EXPECT_THAT(log.warnings, SizeIs(2));
  EXPECT_EQ(new_server.queries().size(), 0u);
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::ok);
  EXPECT_EQ(answer(late, "device.example")->err(), Err::ok);
  EXPECT_EQ(new_server.queries().size(), 2u);
}

}  // namespace
}  // namespace socketcore::test
