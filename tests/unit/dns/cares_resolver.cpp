#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolver_test.hpp"

namespace socketcore::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(CaresResolverTest, a_answer) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  CaresResolver resolver(loop, &log, asking(server));
  const AskedPtr asked = answer(resolver, "device.example");
  EXPECT_THAT(asked->addresses(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(asked->err(), Err::ok);
  EXPECT_EQ(asked->words(), "");
  ASSERT_EQ(server.queries().size(), 1u);
  EXPECT_EQ(server.queries()[0].name, "device.example");
  EXPECT_EQ(server.queries()[0].type, kA);
}

TEST_F(CaresResolverTest, aaaa_answer) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).aaaa("2001:db8::7").bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  const AskedPtr asked = answer(resolver, "device.example", Family::v6);
  EXPECT_THAT(asked->addresses(), ElementsAre("2001:db8::7"));
  ASSERT_EQ(server.queries().size(), 1u);
  EXPECT_EQ(server.queries()[0].type, kAaaa);
}

TEST_F(CaresResolverTest, server_on_ipv6) {
  NameServer server(loop, *kernel, "::1");
  if (!server.listening()) GTEST_SKIP() << "no IPv6 here";
  server.script = reply_with_a;
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
}

TEST_F(CaresResolverTest, addresses_in_order_and_once) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> {
    return {Reply(q).a("192.0.2.9").a("127.0.0.1").a("192.0.2.9").a("198.51.100.3").a("127.0.0.1").bytes()};
  };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.9", "127.0.0.1", "198.51.100.3"));
  // To put them in order c-ares would have connected to each.
  EXPECT_EQ(os.connects, 1);
}

TEST_F(CaresResolverTest, chain_of_aliases) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> {
    return {Reply(q)
                .cname("a.example", "b.example")
                .cname("b.example", "c.example")
                .a("c.example", "192.0.2.4")
                .a("c.example", "192.0.2.5")
                .bytes()};
  };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_THAT(answer(resolver, "a.example")->addresses(), ElementsAre("192.0.2.4", "192.0.2.5"));
}

TEST_F(CaresResolverTest, unknown_name) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).code(3).bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  const AskedPtr asked = answer(resolver, "nobody.example");
  EXPECT_THAT(asked->addresses(), IsEmpty());
  EXPECT_EQ(asked->err(), Err::erte);
  EXPECT_EQ(asked->words(), "resolve nobody.example: Domain name not found");
}

TEST_F(CaresResolverTest, no_address_of_that_family) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  const AskedPtr asked = answer(resolver, "device.example", Family::v6);
  EXPECT_EQ(asked->err(), Err::erte);
  EXPECT_EQ(asked->words(), "resolve device.example: DNS server returned answer with no data");
}

TEST_F(CaresResolverTest, alias_without_address) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).cname("a.example", "b.example").bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_EQ(answer(resolver, "a.example")->err(), Err::erte);
}

TEST_F(CaresResolverTest, server_that_refuses_is_named_so) {
  const std::pair<int, const char*> codes[] = {{2, "DNS server returned general failure"},
                                               {4, "DNS server does not implement requested operation"},
                                               {5, "DNS server refused query"}};
  for (const auto& [code, words] : codes) {
    NameServer server(loop, *kernel);
    server.script = [rcode = code](const Query& q) -> std::vector<Bytes> { return {Reply(q).code(rcode).bytes()}; };
    CaresResolver resolver(loop, &log, asking(server));
    const AskedPtr asked = answer(resolver, "device.example");
    EXPECT_EQ(asked->err(), Err::erte);
    EXPECT_EQ(asked->words(), std::string("resolve device.example: ") + words);
    EXPECT_EQ(server.queries().size(), 3u);
  }
}

TEST_F(CaresResolverTest, another_server_helps_out) {
  NameServer broken(loop, *kernel);
  NameServer server(loop, *kernel, "127.0.0.2");
  broken.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).code(2).bytes()}; };
  server.script = reply_with_a;
  CaresOptions options = asking(broken);
  options.servers_csv = broken.text() + "," + server.text();
  CaresResolver resolver(loop, &log, options);
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(broken.queries().size(), 1u);
}

TEST_F(CaresResolverTest, lost_query_is_asked_again) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) { return q.number < 3 ? std::vector<Bytes>() : reply_with_a(q); };
  CaresResolver resolver(loop, &log, asking(server));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(server.queries().size(), 3u);
  // 20 ms, then twice that.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 60ms);
}

TEST_F(CaresResolverTest, silent_server_is_a_timeout) {
  NameServer server(loop, *kernel);
  CaresResolver resolver(loop, &log, asking(server));
  const AskedPtr asked = answer(resolver, "device.example");
  EXPECT_EQ(asked->err(), Err::etimeout);
  EXPECT_EQ(asked->words(), "resolve device.example: Timeout while contacting DNS servers");
  EXPECT_EQ(server.queries().size(), 3u);
}

TEST_F(CaresResolverTest, waiting_takes_no_turns) {
  NameServer server(loop, *kernel);
  CaresOptions options = asking(server);
  options.timeout_ms = 60;
  options.tries = 1;
  CaresResolver resolver(loop, &log, options);
  const AskedPtr asked = ask(resolver, "device.example");
  int turns = 0;
  ASSERT_TRUE(run_until([&] { return ++turns, asked->done(); }));
  EXPECT_LT(turns, 15);
}

TEST_F(CaresResolverTest, answer_that_is_here_beats_its_timer) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) {
    // Somebody's long turn.
    for (const auto end = std::chrono::steady_clock::now() + 60ms; std::chrono::steady_clock::now() < end;) continue;
    return reply_with_a(q);
  };
  CaresOptions options = asking(server);
  options.tries = 1;
  CaresResolver resolver(loop, &log, options);
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
}

TEST_F(CaresResolverTest, nobody_listens) {
  // Bound, so that nobody else takes the port meanwhile, and of another peer: the kernel refuses what others send there.
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&own), size), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size), 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&own), size), 0);  // with itself
  CaresResolver resolver(loop, &log, asking("127.0.0.1:" + std::to_string(ntohs(own.sin_port))));
  const AskedPtr asked = answer(resolver, "device.example");
  EXPECT_EQ(asked->err(), Err::erte);
  EXPECT_EQ(asked->words(), "resolve device.example: Could not contact DNS servers");
  close(fd);
}

TEST_F(CaresResolverTest, no_route_to_the_server) {
  NameServer server(loop, *kernel);
  os.connect_error = ENETUNREACH;
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::erte);
}

// Names that DNS is not asked for.

TEST_F(CaresResolverTest, localhost_of_both_families) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).code(3).bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  for (const char* name : {"localhost", "localhost.", "LocalHost", "printer.localhost"}) {
    EXPECT_THAT(answer(resolver, name)->addresses(), ElementsAre("127.0.0.1")) << name;
    EXPECT_THAT(answer(resolver, name, Family::v6)->addresses(), ElementsAre("::1")) << name;
  }
  EXPECT_THAT(server.queries(), IsEmpty());
  EXPECT_EQ(answer(resolver, "notlocalhost")->err(), Err::erte);
  EXPECT_EQ(answer(resolver, "localhost.example")->err(), Err::erte);
}

TEST_F(CaresResolverTest, hosts_file_is_read_by_every_lookup) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  const TempFile hosts("# comment\n198.51.100.1 gate.example gate\n198.51.100.2 gate\n2001:db8::5 gate\n");
  ::setenv("CARES_HOSTS", hosts.path().c_str(), 1);
  CaresOptions options = asking(server);
  options.hosts_from_environment = true;
  CaresResolver resolver(loop, &log, options);
  EXPECT_THAT(answer(resolver, "gate")->addresses(), ElementsAre("198.51.100.1", "198.51.100.2"));
  EXPECT_THAT(answer(resolver, "GATE.example")->addresses(), ElementsAre("198.51.100.1"));
  EXPECT_THAT(answer(resolver, "gate", Family::v6)->addresses(), ElementsAre("2001:db8::5"));
  EXPECT_THAT(server.queries(), IsEmpty());

  hosts.write("198.51.100.9 gate.example\n");
  EXPECT_THAT(answer(resolver, "gate.example")->addresses(), ElementsAre("198.51.100.9"));
  hosts.write("");
  EXPECT_THAT(answer(resolver, "gate.example")->addresses(), ElementsAre("192.0.2.1"));
}

TEST_F(CaresResolverTest, numbers_are_their_own_answer) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).code(3).bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_THAT(answer(resolver, "192.0.2.77")->addresses(), ElementsAre("192.0.2.77"));
  EXPECT_THAT(answer(resolver, "2001:db8::77", Family::v6)->addresses(), ElementsAre("2001:db8::77"));
  EXPECT_EQ(answer(resolver, "192.0.2.77", Family::v6)->err(), Err::erte);
  EXPECT_EQ(answer(resolver, "2001:db8::77")->err(), Err::erte);
}

TEST_F(CaresResolverTest, names_that_are_none) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> { return {Reply(q).code(3).bytes()}; };
  CaresResolver resolver(loop, &log, asking(server));
  using namespace std::string_literals;
  for (const std::string& name :
       {""s, "."s, ".."s, "a..b"s, ".a"s, std::string(64, 'x') + ".example", std::string(5000, 'x'), "a b.example"s,
        "\xff\xfe.example"s, "hidden.onion"s, "\\"s, "a\\300.example"s, "127.0.0.1\0.example"s, "\0"s}) {
    EXPECT_EQ(answer(resolver, name)->err(), Err::erte) << ::testing::PrintToString(name);
  }
  EXPECT_EQ(answer(resolver, "127.0.0.1\0.example"s)->words(), "resolve 127.0.0.1: Misformatted domain name");
}

// Many at once, and ends.

TEST_F(CaresResolverTest, four_hundred_questions_at_once) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> {
    const std::string number = q.name.substr(4, q.name.find('.') - 4);
    return {q.type == kA ? Reply(q).a("10.1.0." + number).bytes() : Reply(q).aaaa("2001:db8::" + number).bytes()};
  };
  CaresOptions options = asking(server);
  options.timeout_ms = 2000;
  CaresResolver resolver(loop, &log, options);
  std::vector<std::pair<std::string, AskedPtr>> asked;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i + 1);
    asked.emplace_back("10.1.0." + number, ask(resolver, "name" + number + ".example"));
    asked.emplace_back("2001:db8::" + number, ask(resolver, "name" + number + ".example", Family::v6));
  }
  ASSERT_TRUE(run_until([&] { return std::ranges::all_of(asked, [](const auto& a) { return a.second->done(); }); }));
  settle();
  for (const auto& [address, each] : asked) {
    EXPECT_THAT(each->addresses(), ElementsAre(address)) << each->words();
    EXPECT_EQ(each->calls, 1);
  }
  EXPECT_EQ(server.queries().size(), 400u) << "lost on the way";
  EXPECT_EQ(os.connects, 1);
}

TEST_F(CaresResolverTest, destroyed_with_questions_open) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  server.stream_answers_at_once = 1000;
  const std::size_t before = open_descriptors();
  std::vector<AskedPtr> asked;
  {
    CaresOptions options = asking(server);
    options.timeout_ms = 10000;
    CaresResolver resolver(loop, &log, options);
    for (int i = 0; i < 20; ++i) asked.push_back(ask(resolver, "name" + std::to_string(i) + ".example"));
    asked.push_back(ask(resolver, "localhost"));  // answered, not told yet
    EXPECT_GT(open_descriptors(), before);
  }
  EXPECT_EQ(open_descriptors(), before);
  settle();
  for (const AskedPtr& each : asked) EXPECT_EQ(each->calls, 0);

  asked.clear();
  {
    CaresOptions options = asking(server);
    options.timeout_ms = 10000;
    CaresResolver resolver(loop, &log, options);
    asked.push_back(ask(resolver, "big.example"));
    ASSERT_TRUE(run_until([&] { return server.connections() == 1 && server.queries().back().stream; }));
  }
  settle();
  EXPECT_EQ(asked[0]->calls, 0);
  EXPECT_EQ(asked[0].use_count(), 1) << "the answer function is still held";
}

TEST_F(CaresResolverTest, destroyed_by_an_answer) {
  NameServer server(loop, *kernel);
  auto resolver = std::make_unique<CaresResolver>(loop, &log, asking(server));
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    resolver->resolve("localhost", Family::v4, [&](const Resolution&) {
      ++calls;
      resolver.reset();
    });
  }
  const AskedPtr open = ask(*resolver, "device.example");
  settle();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(resolver, nullptr);
  EXPECT_EQ(open->calls, 0);
}

TEST_F(CaresResolverTest, answer_that_asks_again) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  CaresResolver resolver(loop, &log, asking(server));
  int answers = 0;
  std::function<void(const Resolution&)> next = [&](const Resolution& resolution) {
    EXPECT_EQ(resolution.failure.err, Err::ok) << resolution.failure.words;
    if (++answers < 10) resolver.resolve(answers % 2 == 0 ? "localhost" : "device.example", Family::v4, next);
  };
  resolver.resolve("device.example", Family::v4, next);
  EXPECT_TRUE(run_until([&] { return answers == 10; }));
}

TEST_F(CaresResolverTest, answered_at_once_is_told_in_a_later_turn) {
  NameServer server(loop, *kernel);
  CaresResolver resolver(loop, &log, asking(server));
  bool inside = true;
  int told = 0;
  struct Asker final : Handler {
    std::function<void()> act;
    void on_turn() noexcept override { act(); }
  } asker;
  const Token token = loop.attach(asker);
  asker.act = [&] {
    resolver.resolve("localhost", Family::v4, [&](const Resolution&) {
      EXPECT_FALSE(inside);
      ++told;
    });
  };
  loop.defer(token);
  loop.turn(0ms);
  inside = false;
  EXPECT_EQ(told, 0);
  loop.turn(0ms);
  EXPECT_EQ(told, 1);
  loop.detach(token);
}

TEST_F(CaresResolverTest, no_descriptor_stays_open) {
  NameServer server(loop, *kernel);
  server.script = truncated_unless_stream;
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_EQ(answer(resolver, "localhost")->err(), Err::ok);
  const std::size_t before = open_descriptors();
  EXPECT_EQ(answer(resolver, "big.example")->err(), Err::ok);
  ASSERT_TRUE(run_until([&] { return open_descriptors() <= before + 1; }));  // the server keeps its end of the stream
}

}  // namespace
}  // namespace socketcore::test
