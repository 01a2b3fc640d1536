#include "os/sim.hpp"

#include <cerrno>

#include "unit/os/os_suite.hpp"

/// What only SimOs has: virtual time and a network that does as it is told.
namespace socketcore::test {
namespace {

class Simulation : public OsSuite {
 protected:
  static inline const Address kServerAddress = *Address::parse("192.0.2.80");
  static inline const Endpoint kServerEndpoint{kServerAddress, 80};

  int open_server(int backlog = 8) {
    const int listener = open(Family::v4, SocketKind::stream);
    EXPECT_TRUE(os().bind(listener, kServerEndpoint).ok());
    EXPECT_TRUE(os().listen(listener, backlog).ok());
    return listener;
  }
  int open_client() {
    const int client = open(Family::v4, SocketKind::stream);
    EXPECT_TRUE(os().connect(client, kServerEndpoint).in_progress());
    return client;
  }
  /// A connection across the network, both ends watched.
  Pair across() {
    const int listener = open_server();
    Pair pair;
    pair.client = open_client();
    EXPECT_TRUE(until([&] {
      pair.server = os().accept(listener, nullptr).fd;
      return pair.server >= 0;
    }));
    watch(pair.client, kClient);
    watch(pair.server, kServer);
    EXPECT_EQ(await(kClient, "W"), "W");
    EXPECT_EQ(await(kServer, "W"), "W");
    return pair;
  }
  /// What the first event within `limit` shows, and how long it took.
  std::pair<std::string, Duration> next(Duration limit = Duration(-1)) {
    const Instant start = os().now();
    ReadyEvent event;
    const std::size_t count = os().wait(std::span(&event, 1), limit);
    return {count == 1 ? letters(event.what) : "", os().now() - start};
  }
};

TEST_P(Simulation, TimePassesInWaitOnly) {
  const Instant start = os().now();
  const WallTime wall = os().wall_clock();
  EXPECT_EQ(os().now(), start);
  pump(3h);
  EXPECT_EQ(os().now(), start + 3h);
  sim()->advance(1h);
  EXPECT_EQ(os().wall_clock(), wall + 4h);
  const WallTime day(std::chrono::sys_days(std::chrono::year(2030) / 2 / 3).time_since_epoch());
  sim()->set_wall_clock(day);
  pump(1s);
  EXPECT_EQ(os().wall_clock(), day + 1s);
}

TEST_P(Simulation, WaitForEverWithNothingToComeEnds) {
  std::array<ReadyEvent, 4> events;
  EXPECT_EQ(os().wait(events, -1ns), 0u);
  EXPECT_TRUE(os().interrupted());
  EXPECT_EQ(os().wait(events, Duration::max()), 0u);
  EXPECT_TRUE(os().interrupted());
}

TEST_P(Simulation, LatencyIsOneWay) {
  sim()->set_latency(10ms);
  sim()->set_latency(kServerAddress, 30ms);
  open_server();
  watch(open_client(), kClient);
  EXPECT_EQ(next(), std::make_pair(std::string("W"), Duration(60ms)));
}

TEST_P(Simulation, SameSeedGivesTheSameRun) {
  const auto run = [](std::uint64_t seed) {
    SimOs os(seed);
    const int fd = os.open(Family::v4, SocketKind::datagram, 0).fd;
    EXPECT_TRUE(os.connect(fd, kServerEndpoint).ok());
    std::array<std::byte, 8> bytes;
    os.random(bytes);
    return os.local_endpoint(fd)->text() + text_of(bytes);
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST_P(Simulation, BlackHoleNeverAnswersAndConnectGivesUpLikeLinux) {
  sim()->black_hole(kServerAddress);
  open_server();
  const int client = open_client();
  watch(client, kClient);
  EXPECT_EQ(next(126s), std::make_pair(std::string(), Duration(126s)));
  EXPECT_EQ(next(10s).first, "RWDHE");
  EXPECT_EQ(os().take_error(client).number(), ETIMEDOUT);
}

TEST_P(Simulation, ConnectGoesThroughOnceTheBlackHoleIsOver) {
  sim()->black_hole(kServerAddress);
  open_server();
  watch(open_client(), kClient);
  EXPECT_EQ(next(5s).first, "");
  sim()->black_hole(kServerAddress, false);
  EXPECT_EQ(next(5s).first, "W");
}

TEST_P(Simulation, UnreachableIsReported) {
  sim()->unreachable(kServerAddress);
  const int client = open_client();
  watch(client, kClient);
  EXPECT_EQ(next().first, "RWDHE");
  EXPECT_EQ(os().take_error(client).number(), EHOSTUNREACH);
}

TEST_P(Simulation, StreamGoesOnWhereItWasCut) {
  const Pair pair = across();
  sim()->black_hole(kServerAddress);
  EXPECT_EQ(os().send(pair.client, bytes_of("one ")).size, 4u);
  EXPECT_TRUE(quiet(kServer));
  EXPECT_EQ(os().unacknowledged(pair.client), 4u);
  EXPECT_EQ(os().send(pair.client, bytes_of("two ")).size, 4u);
  sim()->advance(10us);
  sim()->black_hole(kServerAddress, false);
  EXPECT_EQ(os().send(pair.client, bytes_of("three")).size, 5u);
  EXPECT_EQ(receive(pair.server, 13), "one two three");
  EXPECT_TRUE(until([&] { return os().unacknowledged(pair.client) == 0; }));
  EXPECT_EQ(next(2h).first, "") << "no limit runs any more";
}

TEST_P(Simulation, LostResetIsMadeUpForByTheNextSend) {
  for (const bool ended : {false, true}) {
    const int listener = open_server();
    const int client = open_client();
    pump(1s);
    const int server = os().accept(listener, nullptr).fd;
    close(listener);
    if (ended) {
      EXPECT_TRUE(os().shutdown_send(server).ok());
    }
    pump(1s);
    sim()->black_hole(kServerAddress);
    ASSERT_TRUE(os().set_option(server, OsOption::abort_on_close, 1).ok());
    os().close(server);
    pump(1s);
    sim()->black_hole(kServerAddress, false);
    EXPECT_TRUE(os().take_error(client).ok());
    EXPECT_EQ(os().send(client, bytes_of("anyone?")).size, 7u);
    pump(1s);
    EXPECT_EQ(os().take_error(client).number(), ended ? EPIPE : ECONNRESET);
  }
}

TEST_P(Simulation, AcknowledgementOfTheEndIsAnEdge) {
  const Pair pair = across();
  EXPECT_TRUE(os().shutdown_send(pair.client).ok());
  EXPECT_EQ(next(), std::make_pair(std::string("W"), Duration(0))) << "the call itself";
  EXPECT_EQ(next(), std::make_pair(std::string("RWD"), Duration(50us))) << "the server hears of it";
  EXPECT_EQ(next(), std::make_pair(std::string("W"), Duration(50us))) << "and says so";
}

TEST_P(Simulation, SpaceIsAnEdgeAfterAWaitThatFoundNone) {
  const Pair pair = across();
  ASSERT_TRUE(os().set_option(pair.client, OsOption::send_buffer_bytes, 100'000).ok());
  const std::string window(65'536, 'x');
  EXPECT_EQ(os().send(pair.client, bytes_of(window)).size, window.size());
  sim()->advance(1s);
  const std::string most(70'000, 'x');
  EXPECT_EQ(os().send(pair.client, bytes_of(most)).size, most.size());
  EXPECT_EQ(os().send(pair.server, bytes_of("x")).size, 1u);
  EXPECT_EQ(await(kClient, "R"), "R") << "more than two thirds of the buffer are in use";
  EXPECT_EQ(receive(pair.server, window.size() + most.size()).size(), window.size() + most.size());
  EXPECT_EQ(await(kClient, "RW"), "RW");
}

TEST_P(Simulation, SendingIntoABlackHoleTimesOutInTheEnd) {
  const Pair pair = across();
  sim()->black_hole(kServerAddress);
  EXPECT_EQ(os().send(pair.client, bytes_of("lost")).size, 4u);
  const auto [what, took] = next(1h);
  EXPECT_EQ(what, "RWDHE");
  EXPECT_EQ(took, 924s);
  EXPECT_EQ(os().take_error(pair.client).number(), ETIMEDOUT);
  EXPECT_EQ(os().unacknowledged(pair.client), 4u);
}

TEST_P(Simulation, KeepaliveFindsABlackHole) {
  const Pair pair = across();
  sim()->black_hole(kServerAddress);
  EXPECT_EQ(next(24h).first, "") << "an idle stream without keepalive notices nothing";
  sim()->black_hole(kServerAddress, false);
  for (const auto& [option, value] : {std::pair(OsOption::keep_alive, 1), std::pair(OsOption::keep_idle_s, 60),
                                      std::pair(OsOption::keep_interval_s, 10), std::pair(OsOption::keep_count, 3)}) {
    ASSERT_TRUE(os().set_option(pair.client, option, value).ok());
    EXPECT_EQ(sim()->option(pair.client, option), value);
  }
  EXPECT_EQ(os().send(pair.server, bytes_of("heard")).size, 5u);
  EXPECT_EQ(receive(pair.client, 5), "heard");
  sim()->black_hole(kServerAddress);
  const auto [what, took] = next(1h);
  EXPECT_EQ(what, "RWDHE");
  EXPECT_GT(took, 85s);
  EXPECT_LE(took, 90s);
  EXPECT_EQ(os().take_error(pair.client).number(), ETIMEDOUT);
}

TEST_P(Simulation, FullBacklogMakesConnectTryAgain) {
  const int listener = open_server(0);
  open_client();
  pump(10ms);
  watch(open_client(), kClient);
  EXPECT_EQ(next(900ms).first, "");
  sim()->advance(1ms);
  const OpenResult first = os().accept(listener, nullptr);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(next(2s).first, "W");
}

TEST_P(Simulation, LimitedCallsMoveLittleAndAnnounceTheRest) {
  const Pair pair = across();
  sim()->limit_io(1);
  EXPECT_EQ(os().send(pair.client, bytes_of("abc")).size, 1u);
  EXPECT_EQ(await(kClient, "W"), "W");
  EXPECT_EQ(os().send(pair.client, bytes_of("bc")).size, 1u);
  EXPECT_TRUE(until([&] { return os().unacknowledged(pair.client) == 0; }));
  EXPECT_EQ(await(kServer, "RW"), "RW");
  EXPECT_EQ(receive_once(pair.server).size, 1u);
  EXPECT_EQ(await(kServer, "RW"), "RW");
  EXPECT_EQ(receive_once(pair.server).size, 1u);
  EXPECT_TRUE(quiet(kServer));
  EXPECT_TRUE(receive_once(pair.server).error.would_block());
}

TEST_P(Simulation, ConnectionIsResetOnDemand) {
  const Pair pair = across();
  sim()->reset_connection(pair.client);
  EXPECT_EQ(await(kClient, "RWDHE"), "RWDHE");
  EXPECT_EQ(await(kServer, "RWDHE"), "RWDHE");
  EXPECT_EQ(os().take_error(pair.client).number(), ECONNRESET);
  EXPECT_EQ(os().take_error(pair.server).number(), ECONNRESET);
}

TEST_P(Simulation, AcknowledgementNoticesAreLostWhileTheReceiveBufferIsFull) {
  const Pair pair = across();
  ASSERT_TRUE(os().set_option(pair.client, OsOption::ack_notices, 1).ok());
  fill(pair.server);
  EXPECT_EQ(await(kClient, "RW"), "RW");
  EXPECT_EQ(os().send(pair.client, bytes_of("x")).size, 1u);
  EXPECT_TRUE(quiet(kClient));
  EXPECT_EQ(os().unacknowledged(pair.client), 0u);
}

TEST_P(Simulation, BroadcastReachesEveryWildcardSocketOfThePort) {
  const Address subnet = *Address::parse("10.0.0.255");
  sim()->broadcast_address(subnet);
  std::vector<int> hearers;
  for (int i = 0; i < 2; ++i) {
    hearers.push_back(open(Family::v4, SocketKind::datagram));
    ASSERT_TRUE(os().set_option(hearers.back(), OsOption::reuse_address, 1).ok());
    ASSERT_TRUE(os().bind(hearers.back(), {*Address::parse("0.0.0.0"), 5353}).ok());
  }
  const int sender = open(Family::v4, SocketKind::datagram);
  EXPECT_EQ(os().send_to(sender, bytes_of("x"), {subnet, 5353}).error.number(), EACCES);
  ASSERT_TRUE(os().set_option(sender, OsOption::broadcast, 1).ok());
  EXPECT_TRUE(os().send_to(sender, bytes_of("all"), {subnet, 5353}).ok());
  for (const int fd : hearers) EXPECT_EQ(receive_datagram(fd), "all");
}

TEST_P(Simulation, DatagramsIntoABlackHoleAreGone) {
  const int server = open(Family::v4, SocketKind::datagram);
  ASSERT_TRUE(os().bind(server, kServerEndpoint).ok());
  const int client = open(Family::v4, SocketKind::datagram);
  ASSERT_TRUE(os().connect(client, kServerEndpoint).ok());
  EXPECT_EQ(local(client).address.text(), "10.0.0.1");
  sim()->black_hole(kServerAddress);
  EXPECT_EQ(os().send(client, bytes_of("lost")).size, 4u);
  pump(1s);
  sim()->black_hole(kServerAddress, false);
  EXPECT_EQ(os().send(client, bytes_of("heard")).size, 5u);
  EXPECT_EQ(receive_datagram(server), "heard");
}

TEST_P(Simulation, DatagramsBeyondTheReceiveBufferAreDropped) {
  const int server = open(Family::v4, SocketKind::datagram);
  ASSERT_TRUE(os().bind(server, kServerEndpoint).ok());
  ASSERT_TRUE(os().set_option(server, OsOption::receive_buffer_bytes, 4096).ok());
  const int client = open(Family::v4, SocketKind::datagram);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(os().send_to(client, bytes_of(std::string(1000, static_cast<char>('0' + i))), kServerEndpoint).ok());
  }
  pump(1s);
  EXPECT_EQ(receive_datagram(server)[0], '0');
  EXPECT_EQ(receive_datagram(server)[0], '1');
  EXPECT_TRUE(receive_once(server).error.would_block());
}

TEST_P(Simulation, SourceAddressIsTheHosts) {
  sim()->set_host_address(*Address::parse("198.51.100.7"));
  open_server();
  EXPECT_EQ(local(open_client()).address.text(), "198.51.100.7");
}

TEST_P(Simulation, RawSocketsNeedPermission) {
  EXPECT_TRUE(os().open(Family::v4, SocketKind::raw, 1).error.not_permitted());
}

TEST_P(Simulation, DescriptorsAreCounted) {
  EXPECT_EQ(sim()->open_descriptors(), 0u);
  const int fd = open(Family::v4, SocketKind::stream);
  EXPECT_EQ(sim()->open_descriptors(), 1u);
  close(fd);
  close(fd);
  EXPECT_EQ(sim()->open_descriptors(), 0u);
  EXPECT_EQ(sim()->option(fd, OsOption::no_delay), std::nullopt);
}

TEST_P(Simulation, FilesAndForksAreWhatTheTestSays) {
  sim()->set_file_stamp("/etc/resolv.conf", 5);
  EXPECT_EQ(os().file_stamp("/etc/resolv.conf"), 5u);
  sim()->set_forked(true);
  EXPECT_TRUE(os().forked());
  EXPECT_EQ(os().poll_fd(), -1);
}

INSTANTIATE_TEST_SUITE_P(Only, Simulation, ::testing::Values(Kind::simulated), kind_name);

}  // namespace
}  // namespace socketcore::test
