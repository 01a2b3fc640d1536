#include <cerrno>

#include "sim/fixture.hpp"

// From connect() to connect_cnf: addresses, names, their order, limits and failures.
namespace socketcore::test {
namespace {

class Connecting : public SimTest {
 protected:
  /// The address that the peer sees at its listener; "" if nobody came.
  static std::string accepted_at(Listener& listener) { return listener.try_accept().valid() ? "came" : ""; }
};

TEST_F(Connecting, ALiteralAddress) {
  Listener listener(sim, at("192.0.2.1", 80));
  const SocketId id = connect_tcp();
  EXPECT_EQ(id, 0);
  expect("connect_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(accepted_at(listener), "came");
  EXPECT_TRUE(resolver->asked.empty());
}

TEST_F(Connecting, AnIpv6Literal) {
  Listener listener(sim, at("2001:db8::1", 80));
  connect_tcp("2001:db8::1");
  expect("connect_cnf 0");
}

TEST_F(Connecting, AnswersAtOnceAndSendsNothingBeforeTheNextTurn) {
  Listener listener(sim, at("192.0.2.1", 80));
  const Instant before = sim.now();
  connect_tcp();
  EXPECT_EQ(sim.now(), before);
  sim.advance(1s);
  EXPECT_EQ(accepted_at(listener), "") << "nothing is sent before the next turn";
  expect("connect_cnf 0");
}

TEST_F(Connecting, OptionsSetRightAfterApplyToBindAndConnect) {
  Listener listener(sim, at("192.0.2.1", 80));
  const SocketId id = connect_tcp();
  EXPECT_TRUE(device->set_option(id, SocketOption::reuse_address, 1));
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_alive, 1));
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_idle_s, 77));
  expect("connect_cnf 0");
  const int fd = os.watched.at(0);
  EXPECT_EQ(sim.option(fd, OsOption::reuse_address), 1);
  EXPECT_EQ(sim.option(fd, OsOption::keep_alive), 1);
  EXPECT_EQ(sim.option(fd, OsOption::keep_idle_s), 77);
}

TEST_F(Connecting, OptionsSetWhileTheNameIsResolvedAreKept) {
  Listener listener(sim, at("192.0.2.1", 80));
  resolver->plan("example.test", Family::v4, 1s, {"192.0.2.1"});
  const SocketId id = connect_tcp("example.test");
  sleep(10ms);
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_interval_s, 5));
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_count, 3));
  expect("connect_cnf 0");
  const int fd = os.watched.at(0);
  EXPECT_EQ(sim.option(fd, OsOption::keep_interval_s), 5);
  EXPECT_EQ(sim.option(fd, OsOption::keep_count), 3);
}

TEST_F(Connecting, OptionsOfTheFirstAddressHoldForTheSecond) {
  Listener listener(sim, at("192.0.2.2", 80));
  sim.set_latency(*Address::parse("192.0.2.1"), 100ms);
  resolver->know("example.test", Family::v4, {"192.0.2.1", "192.0.2.2"});
  const SocketId id = connect_tcp("example.test");
  sleep(50ms);
  EXPECT_TRUE(device->set_option(id, SocketOption::keep_idle_s, 9));
  expect("connect_cnf 0");
  ASSERT_EQ(os.watched.size(), 2U);
  EXPECT_EQ(sim.option(os.watched[1], OsOption::keep_idle_s), 9);
}

TEST_F(Connecting, Refused) {
  connect_tcp("192.0.2.1", 9);
  const Message message = expect("connect_cnf 0 ERST");
  EXPECT_EQ(message.reason, "connect to 192.0.2.1:9 refused");
  EXPECT_TRUE(device->destroy(0));
}

TEST_F(Connecting, AHangupThatNamesNoErrorIsAReset) {
  sim.black_hole(*Address::parse("192.0.2.1"));
  connect_tcp();
  sleep(10ms);
  ASSERT_FALSE(os.watched.empty());
  os.report(os.watched.at(0), {.hangup = true});
  EXPECT_NE(expect("connect_cnf 0 ERST").reason.find("192.0.2.1:80"), std::string::npos);
}

TEST_F(Connecting, UnreachableHost) {
  sim.unreachable(*Address::parse("192.0.2.1"));
  connect_tcp();
  EXPECT_EQ(expect("connect_cnf 0 ERTE").reason, "connect to 192.0.2.1:80: no route to host");
}

TEST_F(Connecting, UnreachableNetwork) {
  connect_tcp("224.0.0.1");
  EXPECT_EQ(expect("connect_cnf 0 ERTE").reason, "connect to 224.0.0.1:80: network is unreachable");
}

TEST_F(Connecting, ReasonsNameIpv6InBrackets) {
  connect_tcp("2001:db8::1", 9);
  EXPECT_EQ(expect("connect_cnf 0 ERST").reason, "connect to [2001:db8::1]:9 refused");
}

TEST_F(Connecting, ReasonsNameTheHostAndTheAddress) {
  resolver->know("example.test", Family::v4, {"192.0.2.1"});
  connect_tcp("example.test", 9);
  EXPECT_EQ(expect("connect_cnf 0 ERST").reason, "connect to example.test (192.0.2.1:9) refused");
}

TEST_F(Connecting, TimesOutAfter75Seconds) {
  sim.black_hole(*Address::parse("192.0.2.1"));
  const Instant start = sim.now();
  connect_tcp();
  const Message message = expect("connect_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(start), Duration(75s));
  EXPECT_EQ(message.reason, "connect to 192.0.2.1:80 timed out");
  EXPECT_EQ(sim.open_descriptors(), 0U);
}

TEST_F(Connecting, ConnectsToASlowPeerWithinTheLimit) {
  Listener listener(sim, at("192.0.2.1", 80));
  sim.set_latency(*Address::parse("192.0.2.1"), 37s);
  const Instant start = sim.now();
  connect_tcp();
  expect("connect_cnf 0");
  EXPECT_EQ(since(start), Duration(74s));
}

TEST_F(Connecting, TheLimitIsAnOption) {
  options.connect_limit = 3s;
  use(DeviceOptions(options));
  sim.black_hole(*Address::parse("192.0.2.1"));
  const Instant start = sim.now();
  connect_tcp();
  expect("connect_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(start), Duration(3s));
}

// ---- Names.

TEST_F(Connecting, ANameIsAskedForInBothFamiliesApart) {
  connect_tcp("example.test");
  sleep(1ms);
  ASSERT_EQ(resolver->asked.size(), 2U);
  EXPECT_EQ(resolver->asked[0].name, "example.test");
  EXPECT_EQ(resolver->asked[0].family, Family::v4);
  EXPECT_EQ(resolver->asked[1].name, "example.test");
  EXPECT_EQ(resolver->asked[1].family, Family::v6);
}

TEST_F(Connecting, StartsOnTheFirstIpv4Answer) {
  Listener listener(sim, at("192.0.2.1", 80));
  resolver->plan("example.test", Family::v4, 50ms, {"192.0.2.1"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0");
  EXPECT_LT(since(start), 60ms) << "it waited for the IPv6 answer, which never comes";
}

TEST_F(Connecting, Ipv4IsTriedBeforeAnEarlierIpv6Answer) {
  Listener four(sim, at("192.0.2.1", 80));
  Listener six(sim, at("2001:db8::1", 80));
  resolver->plan("example.test", Family::v6, 10ms, {"2001:db8::1"});
  resolver->plan("example.test", Family::v4, 50ms, {"192.0.2.1"});
  connect_tcp("example.test");
  expect("connect_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(accepted_at(four), "came") << "connecting starts on the first IPv4 answer";
  EXPECT_EQ(accepted_at(six), "");
}

TEST_F(Connecting, Ipv6WaitsForTheIpv4AnswerForAWhileOnly) {
  Listener six(sim, at("2001:db8::1", 80));
  resolver->plan("example.test", Family::v6, 10ms, {"2001:db8::1"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0");
  EXPECT_GT(since(start), 100ms);
  EXPECT_LT(since(start), 3s);
}

TEST_F(Connecting, Ipv6StartsAtOnceWhenIpv4HasNothing) {
  Listener six(sim, at("2001:db8::1", 80));
  resolver->plan("example.test", Family::v6, 10ms, {"2001:db8::1"});
  resolver->plan_failure("example.test", Family::v4, 20ms, "no data");
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0");
  EXPECT_LT(since(start), 30ms);
}

TEST_F(Connecting, FallsBackToIpv6WhenIpv4IsRefused) {
  Listener six(sim, at("2001:db8::1", 80));
  resolver->plan("example.test", Family::v4, 1ms, {"192.0.2.1"});
  resolver->plan("example.test", Family::v6, 2s, {"2001:db8::1"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0");
  EXPECT_GE(since(start), 2s) << "it has to wait for the answer";
}

TEST_F(Connecting, FallsBackToAnIpv6AnswerThatCameMeanwhile) {
  Listener six(sim, at("2001:db8::1", 80));
  sim.set_latency(*Address::parse("192.0.2.1"), 500ms);
  resolver->plan("example.test", Family::v4, 1ms, {"192.0.2.1"});
  resolver->plan("example.test", Family::v6, 100ms, {"2001:db8::1"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0");
  EXPECT_LT(since(start), 1100ms);
}

TEST_F(Connecting, EveryAddressGetsATurn) {
  Listener last(sim, at("192.0.2.3", 80));
  sim.unreachable(*Address::parse("192.0.2.2"));
  resolver->know("example.test", Family::v4, {"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  connect_tcp("example.test");
  expect("connect_cnf 0");
  sim.advance(1ms);
  EXPECT_EQ(accepted_at(last), "came");
}

TEST_F(Connecting, TheTimeIsSharedAmongTheAddresses) {
  Listener last(sim, at("192.0.2.3", 80));
  sim.black_hole(*Address::parse("192.0.2.1"));
  sim.black_hole(*Address::parse("192.0.2.2"));
  resolver->know("example.test", Family::v4, {"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0");
  EXPECT_LT(since(start), 75s);
  EXPECT_GE(since(start), 30s);
}

TEST_F(Connecting, ManyDeadAddressesTake75SecondsInAll) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}) sim.black_hole(*Address::parse(address));
  resolver->know("example.test", Family::v4, {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0 ETIMEOUT", 100s);
  EXPECT_NEAR(std::chrono::duration<double>(since(start)).count(), 75, 0.1);
}

TEST_F(Connecting, TheOnlyAddressOfANameHasAll75Seconds) {
  sim.black_hole(*Address::parse("192.0.2.1"));
  resolver->plan("example.test", Family::v4, 10ms, {"192.0.2.1"});
  resolver->plan_failure("example.test", Family::v6, 20ms, "no data");
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0 ETIMEOUT", 100s);
  EXPECT_NEAR(std::chrono::duration<double>(since(start)).count(), 75, 0.1)
      << "the share that was kept for the IPv6 answer is free since that came";
}

TEST_F(Connecting, TheLimitIsOneForBothFamilies) {
  sim.black_hole(*Address::parse("192.0.2.1"));
  sim.black_hole(*Address::parse("2001:db8::1"));
  resolver->plan("example.test", Family::v4, 10ms, {"192.0.2.1"});
  resolver->plan("example.test", Family::v6, 10ms, {"2001:db8::1"});
  const Instant start = sim.now();
  connect_tcp("example.test");
  expect("connect_cnf 0 ETIMEOUT", 200s);
  EXPECT_NEAR(std::chrono::duration<double>(since(start)).count(), 75, 0.1);
}

TEST_F(Connecting, ANameWithoutAddresses) {
  resolver->plan_failure("example.test", Family::v4, 1ms, "example.test: Domain name not found");
  resolver->plan_failure("example.test", Family::v6, 2ms, "example.test: Domain name not found");
  connect_tcp("example.test");
  const Message message = expect("connect_cnf 0 ERTE");
  EXPECT_EQ(message.reason, "example.test: Domain name not found") << "the resolver's own words";
}

TEST_F(Connecting, ResolvingTimesOutAfter20Seconds) {
  const Instant start = sim.now();
  connect_tcp("example.test");
  const Message message = expect("connect_cnf 0 ETIMEOUT");
  EXPECT_EQ(since(start), Duration(20s));
  EXPECT_NE(message.reason.find("example.test"), std::string::npos) << message.reason;
}

TEST_F(Connecting, TheResolversOwnTimeoutIsOneToo) {
  resolver->plan_failure("example.test", Family::v4, 5s, "no server answered", Err::etimeout);
  resolver->plan_failure("example.test", Family::v6, 5s, "no server answered", Err::etimeout);
  connect_tcp("example.test");
  expect("connect_cnf 0 ETIMEOUT");
}

TEST_F(Connecting, ARefusalIsNotForgottenWhileTheOtherAnswerIsMissing) {
  resolver->plan("example.test", Family::v4, 1ms, {"192.0.2.1"});
  const Instant start = sim.now();
  connect_tcp("example.test", 9);
  EXPECT_EQ(expect("connect_cnf 0 ERST").reason, "connect to example.test (192.0.2.1:9) refused");
  EXPECT_LE(since(start), 20s);
}

TEST_F(Connecting, LateAndDoubleAnswersDoNotMatter) {
  Listener listener(sim, at("192.0.2.1", 80));
  resolver->plan("example.test", Family::v4, 1ms, {"192.0.2.1"});
  resolver->plan("example.test", Family::v4, 2ms, {"192.0.2.9"});
  resolver->plan("example.test", Family::v6, 3s, {"2001:db8::1"});
  resolver->plan_failure("example.test", Family::v6, 30s, "no data");
  connect_tcp("example.test");
  expect("connect_cnf 0");
  expect_silence(60s);
  EXPECT_EQ(send(0, "x"), Err::ok);
  expect("send_cnf 0 1");
}

TEST_F(Connecting, AnswersForASocketThatIsGoneFindNobody) {
  resolver->plan("example.test", Family::v4, 5s, {"192.0.2.1"});
  resolver->plan("example.test", Family::v6, 5s, {"2001:db8::1"});
  use(air724u_profile());
  connect_tcp("example.test");
  sleep(1s);
  close_in_order(0);
  // The id is given out again before the answers come.
  EXPECT_EQ(connect_tcp("other.test"), 0);
  expect_silence(10s);
  EXPECT_TRUE(os.watched.empty()) << "an answer was taken for another socket's";
}

// ---- Local ports, descriptors, arguments.

TEST_F(Connecting, FromALocalPort) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect({.address = "192.0.2.1", .port = 80, .local_port = 4321});
  expect("connect_cnf 0");
  sim.advance(1ms);
  Endpoint from;
  ASSERT_TRUE(listener.try_accept(&from).valid());
  EXPECT_EQ(from.port, 4321);
}

TEST_F(Connecting, ALocalPortThatIsTaken) {
  const Listener taken(sim, at("0.0.0.0", 4321));
  Listener listener(sim, at("192.0.2.1", 80));
  connect({.address = "192.0.2.1", .port = 80, .local_port = 4321});
  const Message message = expect("connect_cnf 0 EADDRINUSE");
  EXPECT_NE(message.reason.find("in use"), std::string::npos) << message.reason;
  EXPECT_NE(message.reason.find("192.0.2.1:80"), std::string::npos) << message.reason;
}

TEST_F(Connecting, AUdpLocalPortThatIsTaken) {
  const DatagramPeer taken(sim, at("0.0.0.0", 4321));
  connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 80, .local_port = 4321});
  expect("connect_cnf 0 EADDRINUSE");
}

TEST_F(Connecting, SslIgnoresTheLocalPort) {
  const Listener taken(sim, at("0.0.0.0", 4321));
  connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 9, .local_port = 4321});
  expect("connect_cnf 0 ERST");
}

TEST_F(Connecting, NoDescriptorForALiteralShowsAtOnce) {
  sim.limit_descriptors(0);
  const Opened opened = device->connect({.address = "192.0.2.1", .port = 80});
  EXPECT_EQ(opened.error, Err::enobufs);
  expect_silence(1s);
  sim.limit_descriptors(9);
  EXPECT_EQ(connect_tcp(), 0) << "the id was not used up";
}

TEST_F(Connecting, NoDescriptorForANameShowsInTheMessage) {
  resolver->know("example.test", Family::v4, {"192.0.2.1"});
  sim.limit_descriptors(0);
  connect_tcp("example.test");
  const Message message = expect("connect_cnf 0 ENOBUFS");
  EXPECT_NE(message.reason.find("descriptor"), std::string::npos) << message.reason;
}

TEST_F(Connecting, AKernelThatCannotWatchOneMore) {
  Listener listener(sim, at("192.0.2.1", 80));
  os.watch_fails = SysError(ENOSPC);
  connect_tcp();
  const Message message = take();
  EXPECT_EQ(message.kind, MessageKind::connect_cnf);
  EXPECT_NE(message.error, Err::ok);
  EXPECT_TRUE(device->destroy(0));
  EXPECT_EQ(sim.open_descriptors(), 1U) << "the listener's";
}

TEST_F(Connecting, AddressesThatAreNone) {
  const auto error = [&](std::string_view address) { return device->connect({.address = address, .port = 80}).error; };
  EXPECT_EQ(error(""), Err::earg);
  EXPECT_EQ(error(std::string(254, 'a')), Err::earg);
  EXPECT_EQ(error(std::string_view("a\0b", 3)), Err::earg);
  EXPECT_EQ(error(std::string_view("192.0.2.1\0", 10)), Err::earg);
  EXPECT_EQ(device->connect({.type = static_cast<SocketType>(4), .address = "192.0.2.1", .port = 80}).error, Err::earg);
  EXPECT_EQ(device->connect({.type = SocketType::raw, .address = "192.0.2.1", .port = 256}).error, Err::earg);
  expect_silence(1s);
  EXPECT_EQ(error(std::string(253, 'a')), Err::ok);
}

TEST_F(Connecting, TheShorterAddressesOfTheDevice) {
  use(air724u_profile());
  EXPECT_EQ(device->connect({.address = std::string(101, 'a'), .port = 80}).error, Err::earg);
  EXPECT_EQ(device->connect({.address = std::string(100, 'a'), .port = 80}).error, Err::ok);
}

TEST_F(Connecting, APortOfZero) {
  connect_tcp("192.0.2.1", 0);
  expect("connect_cnf 0 ERST");
}

TEST_F(Connecting, ThePeersDataMayComeWithTheConnection) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect_tcp();
  sleep(1ms);
  Peer peer = listener.accept();
  peer.send("hello");
  peer.finish();
  EXPECT_EQ(lines_within(100ms), (Lines{"connect_cnf 0", "receive_ind 0 5"}));
  EXPECT_EQ(recv(0), "hello");
  EXPECT_EQ(lines_within(100ms), Lines{"close_ind 0"});
}

TEST_F(Connecting, ThePeersEndMayComeWithTheConnectionToo) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect_tcp();
  (void)reactor.turn(0s);
  sim.advance(1ms);  // the connection stands, and no turn has seen it
  Peer peer = listener.accept();
  peer.send("hello");
  peer.finish();
  sim.advance(1ms);
  EXPECT_EQ(lines_within(400ms), (Lines{"connect_cnf 0", "receive_ind 0 5"}));
  EXPECT_EQ(lines_within(200ms), Lines{"close_ind 0"}) << "the end is known, though nothing was read";
  EXPECT_EQ(recv(0), "hello");
}

TEST_F(Connecting, ThePeerMayEndOrResetBeforeTheAnswerIsTaken) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect_tcp();
  sleep(1ms);
  listener.accept().close();
  EXPECT_EQ(lines_within(1s), (Lines{"connect_cnf 0", "close_ind 0"}));
  connect_tcp();
  sleep(1ms);
  listener.accept().abort();
  EXPECT_EQ(lines_within(1s), (Lines{"connect_cnf 1", "close_ind 1 ERST"}));
}

TEST_F(Connecting, ReceiveBufferReachesTheKernel) {
  Listener listener(sim, at("192.0.2.1", 80));
  connect({.address = "192.0.2.1", .port = 80, .receive_buffer_bytes = 5000});
  expect("connect_cnf 0");
  EXPECT_EQ(sim.option(os.watched.at(0), OsOption::receive_buffer_bytes), 5000);
  connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 80, .receive_buffer_bytes = 6000});
  expect("connect_cnf 1");
  EXPECT_EQ(sim.option(os.watched.at(1), OsOption::receive_buffer_bytes), 6000);
}

}  // namespace
}  // namespace socketcore::test
