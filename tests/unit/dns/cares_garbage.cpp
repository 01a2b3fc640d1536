#include "resolver_test.hpp"

namespace socketcore::test {
namespace {

using ::testing::ElementsAre;

TEST_F(CaresResolverTest, garbage_is_passed_over) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> {
    Query other = q;
    other.name = "other.example";
    Bytes noise(300, std::byte{0xff});
    Bytes header = Reply(q).bytes();
    header.resize(11);
    return {Bytes(),  // a datagram of no bytes
            Bytes(1, std::byte{0}),
            noise,
            header,
            Reply(q).id(static_cast<std::uint16_t>(q.id + 1)).a("203.0.113.1").bytes(),
            Reply(other).a("203.0.113.2").bytes(),
            Reply(q).a("192.0.2.1").bytes(),
            Reply(q).a("203.0.113.3").bytes()};
  };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(server.queries().size(), 1u);
}

TEST_F(CaresResolverTest, wrong_id_alone_is_no_answer) {
  NameServer server(loop, *kernel);
  server.script = [](const Query& q) -> std::vector<Bytes> {
    return {Reply(q).id(static_cast<std::uint16_t>(q.id + 1)).a("203.0.113.1").bytes()};
  };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_EQ(answer(resolver, "device.example")->err(), Err::etimeout);
}

TEST_F(CaresResolverTest, answer_of_a_stranger_is_no_answer) {
  NameServer server(loop, *kernel);
  OwnedFd stranger(*kernel, kernel->open(Family::v4, SocketKind::datagram, 0).fd);
  ASSERT_TRUE(kernel->bind(stranger.get(), {Address::parse("127.0.0.3").value(), server.port()}).ok());
  server.script = [&](const Query& q) {
    EXPECT_TRUE(kernel->send_to(stranger.get(), Reply(q).a("203.0.113.1").bytes(), q.from).ok());
    return q.number < 2 ? std::vector<Bytes>() : reply_with_a(q);
  };
  CaresResolver resolver(loop, &log, asking(server));
  EXPECT_THAT(answer(resolver, "device.example")->addresses(), ElementsAre("192.0.2.1"));
  EXPECT_EQ(server.queries().size(), 2u);
}

TEST_F(CaresResolverTest, broken_answers_end_the_question) {
  // Every prefix of a good answer, and every answer with one byte changed, ends in an answer or in a failure.
  NameServer server(loop, *kernel);
  std::size_t cut = 0;
  std::size_t changed = 0;
  server.script = [&](const Query& q) -> std::vector<Bytes> {
    Bytes bytes = Reply(q).cname("device.example", "b.example").a("b.example", "192.0.2.1").bytes();
    if (cut != 0) bytes.resize(std::min(cut, bytes.size()));
    if (changed != 0 && changed < bytes.size()) bytes[changed] ^= std::byte{0xff};
    return {bytes};
  };
  CaresOptions options = asking(server);
  options.timeout_ms = 1;
  options.tries = 1;
  CaresResolver resolver(loop, &log, options);
  for (cut = 2; cut < 90; ++cut) {
    const AskedPtr asked = answer(resolver, "device.example");
    EXPECT_EQ(asked->err() == Err::ok, !asked->addresses().empty()) << cut;
  }
  cut = 0;
  for (changed = 2; changed < 90; ++changed) {
    const AskedPtr asked = answer(resolver, "device.example");
    EXPECT_EQ(asked->err() == Err::ok, !asked->addresses().empty()) << changed;
  }
}

}  // namespace
}  // namespace socketcore::test
