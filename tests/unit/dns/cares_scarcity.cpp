#include <ares.h>

#include "allocations.hpp"
#include "resolver_test.hpp"

namespace socketcore::test {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST_F(CaresResolverTest, out_of_descriptors) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  CaresResolver early(loop, &log, asking(server));
  CaresResolver late(loop, &log, asking(server));
  EXPECT_EQ(answer(early, "device.example")->err(), Err::ok);

  AskedPtr no_socket;
  AskedPtr no_file;
  AskedPtr local;
  {
    const NoDescriptors none;
    no_socket = answer(early, "device.example");
    no_file = answer(late, "device.example");
    local = answer(late, "localhost");
  }
  EXPECT_EQ(no_socket->err(), Err::enobufs);
  EXPECT_EQ(no_socket->words(), "resolve device.example: no descriptor is free");
  EXPECT_EQ(no_file->err(), Err::enobufs);
  EXPECT_EQ(local->err(), Err::ok);
  EXPECT_EQ(answer(early, "device.example")->err(), Err::ok);
  EXPECT_EQ(answer(late, "device.example")->err(), Err::ok);
}

TEST_F(CaresResolverTest, sockets_that_cannot_be_had) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  CaresResolver resolver(loop, &log, asking(server));
  os.open_error = ENOMEM;
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::enomem);
  os.open_error = ENFILE;
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::enobufs);
  os.open_error = EAFNOSUPPORT;
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::erte);
  os.open_error = 0;
  os.watch_error = ENOMEM;
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::enomem);
  os.watch_error = 0;
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::ok);
  server.script = truncated_unless_stream;
  os.stream_open_error = EMFILE;
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::enobufs);
}

TEST_F(CaresResolverTest, full_datagram_socket_is_a_lost_datagram) {
  NameServer server(loop, *kernel);
  server.script = reply_with_a;
  CaresResolver resolver(loop, &log, asking(server));
  os.blocked_sends = 2;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(server.queries().size(), 1u);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 60ms);
}

TEST_F(CaresResolverTest, more_questions_than_dns_has_numbers) {
  NameServer server(loop, *kernel);
  CaresOptions options = asking(server);
  options.timeout_ms = 60000;
  CaresResolver resolver(loop, &log, options);
  AskedPtr last;
  for (int i = 0; i <= 32768; ++i) last = ask(resolver, "x");
  settle();
  EXPECT_EQ(last->err(), Err::enobufs);
  EXPECT_EQ(last->words(), "resolve x: too many names at once");
}

TEST_F(CaresResolverTest, every_allocation_of_resolve_may_fail) {
  NameServer server(loop, *kernel);
  const std::string name = "a-name-that-is-too-long-to-be-kept-in-place.example";
  const TempFile hosts("198.51.100.1 " + name + "\n");
  ::setenv("CARES_HOSTS", hosts.path().c_str(), 1);
  for (const bool from_hosts : {true, false}) {
    server.script = reply_with_a;
    bool failed = true;
    int thrown = 0;
    for (long count = 0; failed; ++count) {
      ASSERT_LT(count, 1000);
      CaresOptions options = asking(server);
      options.hosts_from_environment = from_hosts;
      CaresResolver resolver(loop, nullptr, options);
      int calls = 0;
      Resolution got;
      std::function<void(const Resolution&)> answer_function = [&](const Resolution& resolution) {
        ++calls;
        got = resolution;
      };
      bool threw = false;
      allocations_left = count;
      try {
        resolver.resolve(name, Family::v4, std::move(answer_function));
      } catch (const std::bad_alloc&) {
        threw = true;
      }
      failed = allocations_left == 0;
      allocations_left = -1;
      if (threw) {
        ++thrown;
        settle();
        EXPECT_EQ(calls, 0);
      } else {
        ASSERT_TRUE(run_until([&] { return calls > 0; })) << count;
        if (got.failure.err != Err::ok) {
          EXPECT_EQ(got.failure.err, Err::enomem) << got.failure.words;
        }
        EXPECT_EQ(got.addresses.empty(), got.failure.err != Err::ok);
      }
      // The resolver works on.
      EXPECT_EQ(answer(resolver, name)->err(), Err::ok) << count;
    }
    EXPECT_GT(thrown, 0);
  }
}

TEST(FailureOfCares, codes) {
  EXPECT_EQ(failure_of_cares(ARES_SUCCESS, {}, "x").err, Err::ok);
  EXPECT_EQ(failure_of_cares(ARES_SUCCESS, SysError(EMFILE), "x").words, "");
  EXPECT_EQ(failure_of_cares(ARES_ETIMEOUT, SysError(EMFILE), "x").err, Err::etimeout);
  EXPECT_EQ(failure_of_cares(ARES_ENOMEM, {}, "x").err, Err::enomem);
  EXPECT_EQ(failure_of_cares(ARES_ECONNREFUSED, {}, "x").err, Err::erte);
  EXPECT_EQ(failure_of_cares(ARES_ECONNREFUSED, SysError(EMFILE), "x").err, Err::enobufs);
  EXPECT_EQ(failure_of_cares(ARES_ECONNREFUSED, SysError(ENOMEM), "x").err, Err::enomem);
  EXPECT_EQ(failure_of_cares(ARES_EFILE, SysError(ENFILE), "x").err, Err::enobufs);
  EXPECT_EQ(failure_of_cares(ARES_ENOTFOUND, SysError(EMFILE), "x").err, Err::erte);
  for (int status = 1; status < 40; ++status) {
    const Failure failure = failure_of_cares(status, {}, "x.example");
    EXPECT_NE(failure.err, Err::ok) << status;
    EXPECT_THAT(failure.words, StartsWith("resolve x.example: ")) << status;
  }
}

}  // namespace
}  // namespace socketcore::test
