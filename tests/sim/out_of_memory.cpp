#include <cerrno>

#include "sim/allocations.hpp"
#include "sim/fixture.hpp"

// Each allocation of the engine fails once, and then all from there on: nothing breaks but what needed it. The simulated
// kernel, the resolver and the tests themselves have all they want.
namespace socketcore::test {
namespace {

/// A part of a script's life in which memory is short.
struct Part {
  std::string_view name;
  void (*before)(World&);
  void (*during)(World&);
};

void take_all(World& world, Duration time) {
  Message message;
  const Instant end = world.sim.now() + time;
  while (world.device->receive(message, std::max(Duration::zero(), end - world.sim.now())) == Waited::message) {
  }
}

void nothing(World&) {}

void wire(World& world, std::string_view address = "192.0.2.1") {
  (void)world.device->connect({.address = address, .port = 80});
}

/// Listeners and peers of the run.
struct Around {
  std::optional<Listener> listener;
  std::vector<Peer> peers;
  TlsPeer tls;
  void accept() {
    while (listener) {
      Peer came = listener->try_accept();
      if (!came.valid()) return;
      peers.push_back(std::move(came));
    }
  }
};
Around* around = nullptr;

void listen(World& world) {
  around->listener.emplace(world.sim, at("192.0.2.1", 80), 16, 3000);
}
void open_two(World& world) {
  listen(world);
  wire(world);
  wire(world);
  take_all(world, 10ms);
  around->accept();
  ASSERT_EQ(around->peers.size(), 2U);
}
void receive_on_both(World& world) {
  open_two(world);
  around->peers[0].send("first");
  around->peers[1].send("second");
  take_all(world, 10ms);
}
void fill(World& world) {
  open_two(world);
  (void)world.send(0, pattern(200'000));
  world.sleep(1ms);
}

void open_tls(World& world) {
  around->tls = world.open_tls().peer;
}
void greet_with_plain_text(World& world) {
  listen(world);
  (void)world.device->connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 80});
  world.sleep(5ms);
  around->accept();
  ASSERT_EQ(around->peers.size(), 1U);
  around->peers[0].send("220 mail.example.org ESMTP, and a text that is long enough to need memory\r\n");
}
void block_datagrams(World& world) {
  world.connect_udp();
  take_all(world, 1ms);
  world.os.on_send = [](int, std::span<const std::byte>) { return IoResult{0, SysError(EAGAIN)}; };
}

const std::vector<Part>& parts() {
  static const std::vector<Part> all{
      {"connect", listen, [](World& w) { wire(w); }},
      {"connect_and_turn", listen, [](World& w) { wire(w), (void)w.device->sleep(10ms); }},
      {"connect_to_a_name",
       [](World& w) {
         listen(w);
         w.resolver->know("far.test", Family::v4, {"192.0.2.9", "192.0.2.1"});
       },
       [](World& w) { wire(w, "far.test"), (void)w.device->sleep(10ms); }},
      {"connect_refused", nothing, [](World& w) { wire(w), take_all(w, 10ms); }},
      {"udp", nothing,
       [](World& w) {
         (void)w.device->connect({.type = SocketType::udp, .address = "192.0.2.1", .port = 53});
         take_all(w, 10ms);
         (void)w.send(0, "datagram");
         take_all(w, 10ms);
       }},
      {"ssl", listen,
       [](World& w) {
         (void)w.device->connect({.type = SocketType::ssl, .address = "192.0.2.1", .port = 80});
         take_all(w, 10ms);
       }},
      {"send", open_two, [](World& w) { (void)w.send(0, "hello"), (void)w.send(0, ""), take_all(w, 10ms); }},
      {"send_much", open_two,
       [](World& w) {
         for (int i = 0; i < 4; ++i) (void)w.send(0, pattern(100'000)), (void)w.device->sleep(1ms);
       }},
      {"send_behind_others", fill,
       [](World& w) {
         for (int i = 0; i < 3; ++i)
           (void)w.send(0, pattern(3'000)), (void)w.send(0, pattern(2'000'000)), (void)w.send(0, "");
       }},
      {"receive", open_two, [](World& w) { around->peers[0].send("hello"), take_all(w, 10ms), (void)w.recv(0); }},
      {"two_in_one_buffer", receive_on_both,
       [](World& w) { (void)w.recv(0, 2), (void)w.recv(1, 2), (void)w.recv(0, 2), (void)w.recv(1, 100), (void)w.recv(0); }},
      {"the_peers_end", receive_on_both,
       [](World& w) { around->peers[0].finish(), (void)w.device->sleep(1s), take_all(w, 10ms); }},
      {"a_reset", fill, [](World& w) { around->peers[0].abort(), take_all(w, 1s); }},
      {"close", fill, [](World& w) { (void)w.device->close(0), (void)w.device->close(1), take_all(w, 10ms); }},
      {"tls_that_is_none", greet_with_plain_text, [](World& w) { take_all(w, 10ms); }},
      {"tls_data", open_tls,
       [](World& w) { around->tls.send("hello"), take_all(w, 10ms), (void)w.recv(0), (void)w.send(0, "x"); }},
      {"tls_without_goodbye", open_tls, [](World& w) { around->tls.close(), take_all(w, 1s); }},
      {"datagrams_that_wait", block_datagrams,
       [](World& w) {
         for (int i = 0; i < 20; ++i) (void)w.send(0, pattern(500));
       }},
      {"strays", [](World& w) { open_two(w), (void)w.send(77, "x"); },
       [](World& w) { (void)w.send(55, "x"), (void)w.device->close(56), (void)w.send(0, "y"), (void)w.device->close(0); }},
      {"timers", nothing,
       [](World& w) {
         for (int i = 0; i < 40; ++i) (void)w.device->start_timer(i, 1 + i);
         take_all(w, 10ms);
         (void)w.device->start_timer(3, 5), (void)w.device->stop_timer(30), take_all(w, 100ms);
       }},
      {"options", [](World& w) { wire(w, "far.test"); },
       [](World& w) {
         for (int i = 0; i < 10; ++i) (void)w.device->set_option(0, SocketOption::keep_alive, 1);
       }},
  };
  return all;
}

void PrintTo(const Part& part, std::ostream* out) {
  *out << part.name;
}

class OutOfMemory : public testing::TestWithParam<std::tuple<Part, const Profile*, bool>> {};

TEST_P(OutOfMemory, BreaksOnlyWhatNeedsIt) {
  const auto& [part, profile, once] = GetParam();
  only_one_fails = once;
  for (long granted = 0; granted < 2000; ++granted) {
    SCOPED_TRACE("allocation " + std::to_string(granted));
    bool enough = false;
    {
      World world;
      Around its_around;
      around = &its_around;
      world.use(*profile);
      part.before(world);
      world.device->expect_scarcity();
      allocations_granted = granted;
      part.during(world);
      enough = allocations_granted > (once ? -1 : 0);
      allocations_granted = -1;

      // From here on there is memory again: what lives must still work, and what was promised must come.
      if (world.os.on_send) {
        world.os.on_send = nullptr;
        world.os.report(world.os.watched.back(), {.writable = true});
      }
      for (int i = 0; i < 20; ++i) {
        its_around.accept();
        for (auto& peer : its_around.peers) {
          if (peer.valid()) (void)peer.read();
        }
        take_all(world, i < 10 ? 10ms : 10s);
      }
      for (const SocketId id : world.device->sockets()) (void)world.device->close(id);
      take_all(world, 20s);
      world.device->check_answered(true);
      for (const SocketId id : world.device->sockets()) EXPECT_TRUE(world.device->destroy(id)) << id;
      its_around.peers.clear();
      its_around.tls = TlsPeer();
      its_around.listener.reset();
      world.finish();
    }
    if (enough || HasFailure()) return;
  }
  ADD_FAILURE() << "it never has enough";
}

TEST(OutOfMemory, ARefusedSendIsAnsweredInItsTurn) {
  World world;
  auto [id, peer] = world.open(1000);
  EXPECT_EQ(world.send(id, pattern(100'000)), Err::ok);
  world.device->expect_scarcity();
  allocations_granted = 0;
  EXPECT_EQ(world.send(id, pattern(200'000)), Err::enomem);
  allocations_granted = -1;
  EXPECT_EQ(world.send(id, "x"), Err::ok);
  Lines lines;
  for (std::size_t got = 0; got < 100'001;) {
    got += peer.read().size();
    for (auto& line : world.lines_within(1ms)) lines.push_back(line);
  }
  EXPECT_EQ(lines, (Lines{"send_cnf 0 100000", "send_cnf 0 ENOMEM", "send_cnf 0 1"}));
  peer.close();
  world.finish();
}

TEST(OutOfMemory, AStreamWithAHoleEndsAndIsReset) {
  World world;
  auto [id, peer] = world.open(1000);
  world.device->expect_scarcity();
  allocations_granted = 0;
  EXPECT_EQ(world.send(id, pattern(1'000'000)), Err::enomem) << "the kernel took a part, and the rest has no place";
  allocations_granted = -1;
  EXPECT_EQ(world.send(id, "BBBB"), Err::enotconn);
  EXPECT_EQ(world.lines_within(1s), (Lines{"send_cnf 0 ENOMEM", "send_cnf 0 ENOTCONN", "close_ind 0 ENOMEM"}));
  EXPECT_TRUE(world.device->close(id));
  EXPECT_EQ(world.take_line(), "close_cnf 0") << "the loss has been told";
  std::string got;
  for (int i = 0; i < 100; ++i) {
    got += peer.read();
    world.sim.advance(1ms);
  }
  EXPECT_FALSE(peer.error().ok()) << "it must not be taken for whole";
  peer.close();
  world.finish();
}

TEST(OutOfMemory, InputThatHasNoPlaceIsNoOrderlyEnd) {
  World world;
  auto [first, one] = world.open();
  auto [second, two] = world.open();
  one.send("first");
  two.send("second");
  world.sim.advance(1ms);
  EXPECT_EQ(world.take_line(), "receive_ind 0 5");
  world.device->expect_scarcity();
  allocations_granted = 0;
  EXPECT_EQ(world.take_line(), "receive_ind 1 6") << "it needs the buffer that the first one's bytes are in";
  allocations_granted = -1;
  EXPECT_EQ(world.lines_within(1s), Lines{"close_ind 0 ENOMEM"});
  one.close();
  two.close();
  world.finish();
}

using Params = std::tuple<Part, const Profile*, bool>;

std::string name_of_params(const testing::TestParamInfo<Params>& info) {
  const auto& [part, profile, once] = info.param;
  return std::string(part.name) + "_" + std::string(profile->name) + (once ? "_once" : "_from_then_on");
}

INSTANTIATE_TEST_SUITE_P(All, OutOfMemory,
                         testing::Combine(testing::ValuesIn(parts()), testing::Values(&host_profile(), &air724u_profile()),
                                          testing::Bool()),
                         name_of_params);

}  // namespace
}  // namespace socketcore::test
