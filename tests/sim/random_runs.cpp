#include <cstdlib>
#include <map>
#include <random>

#include "sim/fixture.hpp"

// Scripts and peers that do anything at any time. A failure names its seed; SC_SEED=n runs that one again, SC_SEEDS=n more of
// them.
namespace socketcore::test {
namespace {

constexpr std::string_view kFar = "192.0.2.1";

class RandomRun {
 public:
  RandomRun(std::uint32_t seed, const Profile& profile) : random_(seed) {
    world_.options.linger_limit = std::chrono::milliseconds(100 + below(6000));
    world_.options.profile = &profile;
    world_.use(DeviceOptions(world_.options));
    world_.resolver->know("far.test", Family::v4, {"192.0.2.9", kFar});
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    settle();
  }

 private:
  /// One socket of the script and its peer.
  struct Link {
    SocketType type = SocketType::tcp;
    std::uint16_t port = 0;
    std::size_t salt = 0;
    std::optional<Listener> listener;
    Peer peer;
    TlsPeer tls;
    std::optional<DatagramPeer> datagrams;
    std::string accepted;
    std::string peer_got;
    std::string peer_sent;
    std::string tls_waits;
    std::string got;
    bool tls_finishes = false;
    bool tls_finished = false;
    bool finished = false;
    bool orderly = false;
    bool closed = false;
    [[nodiscard]] bool stream() const { return type == SocketType::tcp || type == SocketType::ssl; }
  };

  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

  /// One of the script's ids, mostly of those that live.
  SocketId some_id() {
    if (links_.empty() || chance(3)) return static_cast<SocketId>(below(40));
    auto it = links_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(below(static_cast<std::uint32_t>(links_.size()))));
    return it->first;
  }
  Link* link(SocketId id) {
    const auto found = links_.find(id);
    return found == links_.end() ? nullptr : &found->second;
  }

  void step() {
    switch (below(24)) {
      case 0:
      case 1: return connect();
      case 2:
      case 3:
      case 4: return send(some_id());
      case 5:
      case 6: return read(some_id(), below(3) == 0 ? 1 << 20 : below(3000));
      case 7: return chance(30) ? close(some_id()) : send(some_id());
      case 8: return destroy(some_id());
      case 9: return options(some_id());
      case 10: (void)world_.device->start_timer(static_cast<TimerId>(below(4)), static_cast<std::int32_t>(1 + below(300))); return;
      case 11: (void)world_.device->stop_timer(static_cast<TimerId>(below(4))); return;
      case 12:
      case 13:
      case 14:
      case 15: return take(Duration(std::chrono::microseconds(below(3000))));
      case 16: (void)world_.device->sleep(Duration(std::chrono::milliseconds(chance(10) ? below(2000) : below(5)))); return;
      case 17: world_.sim.advance(Duration(std::chrono::microseconds(below(5000)))); return;
      case 18:
      case 19:
      case 20:
      case 21: return move_peer(some_id());
      case 22: return meddle();
      default: (void)world_.device->peek(some_id(), below(100'000)); return;
    }
  }

  void connect() {
    // Ids are used again: an answer to a close of the id's last life would be taken for one of this life.
    if (links_.size() >= 9 || world_.device->stray_close_waits()) return;
    Link link;
    const std::uint32_t kind = below(10);
    link.type = kind < 6 ? SocketType::tcp : kind < 8 ? SocketType::udp : SocketType::ssl;
    link.port = world_.next_port++;
    link.salt = below(100'000);
    const std::uint32_t how = below(12);
    if (how > 0) {  // else nobody listens
      if (link.stream()) {
        link.listener.emplace(world_.sim, at(kFar, link.port), 16, chance(40) ? static_cast<int>(500 + below(9000)) : 0);
      } else {
        link.datagrams.emplace(world_.sim, at(kFar, link.port));
      }
    }
    ConnectRequest request;
    request.type = link.type;
    request.address = how == 1 ? "192.0.2.9" : how < 4 ? "far.test" : how == 4 ? "nowhere.test" : kFar;
    request.port = link.port;
    if (chance(20)) request.receive_buffer_bytes = 1 + below(20'000);
    const Opened opened = world_.device->connect(request);
    if (opened.error == Err::ok) links_.emplace(opened.id, std::move(link));
  }

  void send(SocketId id) {
    Link* target = link(id);
    const std::size_t size = chance(10) ? 0 : chance(10) ? below(300'000) : below(5000);
    const std::string text = target != nullptr ? pattern(size, target->salt + target->accepted.size()) : pattern(size);
    const Err error = world_.device->send(id, bytes_of(text));
    if (error == Err::ok && target != nullptr && target->stream()) target->accepted += text;
  }

  void read(SocketId id, std::size_t limit) {
    const std::string text = world_.recv(id, limit);
    if (Link* from = link(id)) from->got += text;
  }

  void close(SocketId id) {
    (void)world_.device->close(id);
    if (Link* target = link(id)) target->closed = true;
  }

  void destroy(SocketId id) {
    if (!world_.device->destroy(id)) return;
    check(links_.at(id));
    links_.erase(id);
  }

  void options(SocketId id) {
    constexpr SocketOption kOptions[]{SocketOption::reuse_address, SocketOption::keep_alive, SocketOption::keep_idle_s,
                                      SocketOption::keep_interval_s, SocketOption::keep_count};
    (void)world_.device->set_option(id, kOptions[below(5)], static_cast<int>(below(40)) - 3);
  }

  void meddle() {
    switch (below(8)) {
      case 0: world_.sim.black_hole(at(kFar, 0).address, cut_ = !cut_); return;
      case 1: world_.sim.limit_io(chance(50) ? 0 : 1 + below(2000)); return;
      case 2: world_.sim.set_latency(at(kFar, 0).address, std::chrono::microseconds(1 + below(20'000))); return;
      case 3: world_.reactor.wake(); return;
      case 4:
        if (!world_.os.watched.empty()) {
          world_.os.report(world_.os.watched[below(static_cast<std::uint32_t>(world_.os.watched.size()))],
                           {.readable = chance(50), .writable = chance(50), .error = chance(50)});
        }
        return;
      default: (void)world_.reactor.turn(Duration::zero()); return;
    }
  }

  void take(Duration limit) {
    Message message;
    if (world_.device->receive(message, limit) != Waited::message || message.kind == MessageKind::timer) return;
    Link* from = link(message.socket);
    if (from == nullptr) return;
    if (message.kind == MessageKind::close_ind) from->orderly = message.error == Err::ok;
    if (message.kind == MessageKind::receive_ind && chance(80)) read(message.socket, message.size);
    if (message.kind == MessageKind::close_cnf && chance(50)) destroy(message.socket);
  }

  void accept(Link& one) {
    if (!one.listener || one.peer.valid() || one.tls.valid() || one.finished) return;
    Peer came = one.listener->try_accept();
    if (!came.valid()) return;
    if (one.type == SocketType::ssl) {
      one.tls = TlsPeer(std::move(came), tls_server());
    } else {
      one.peer = std::move(came);
    }
  }

  void pump_tls(Link& one) {
    if (!one.tls.valid() || !one.tls.pump()) return;
    one.peer_got += one.tls.read();
    if (!one.tls_waits.empty()) one.tls_waits.erase(0, one.tls.stream().write(bytes_of(one.tls_waits)).size);
    if (one.tls_waits.empty() && std::exchange(one.tls_finishes, false)) {
      one.tls_finished = true;
      one.tls.finish();
    }
  }

  void move_peer(SocketId id) {
    Link* one = link(id);
    if (one == nullptr) return;
    accept(*one);
    const std::uint32_t what = below(20);
    const std::string text = pattern(chance(20) ? below(80'000) : below(3000), one->salt + one->peer_sent.size());
    if (one->tls.valid()) {
      if (what < 8 && !one->tls_finishes && !one->tls_finished) one->tls_waits += text, one->peer_sent += text;
      if (what == 8) one->tls_finishes = !one->tls_finished;
      if (what == 9) one->tls.abort(), one->finished = true;
      if (what == 10) one->tls.close(), one->finished = true;
      if (one->tls.valid()) pump_tls(*one);
    } else if (one->peer.valid()) {
      if (what < 8) one->peer_sent += text.substr(0, one->peer.offer(text));
      if (what == 8) one->peer.finish();
      if (what == 9) one->peer.abort(), one->finished = true;
      if (what == 10) one->peer.close(), one->finished = true;
      if (what > 10) one->peer_got += one->peer.read(chance(50) ? ~std::size_t{0} : below(5000));
    } else if (one->datagrams && what < 10) {
      if (one->datagrams->read() != "nothing") one->datagrams->send_to(one->datagrams->last_sender(), text.substr(0, 60'000));
    }
  }

  /// What came out at an end is what went in at the other, from the start and without a gap.
  static void check(const Link& one) {
    if (!one.stream()) return;
    EXPECT_TRUE(one.accepted.starts_with(one.peer_got)) << "to the peer: " << one.peer_got.size() << " of " << one.accepted.size();
    EXPECT_TRUE(one.peer_sent.starts_with(one.got)) << "from the peer: " << one.got.size() << " of " << one.peer_sent.size();
    if ((one.peer.valid() && one.peer.ended()) || (one.tls.valid() && one.tls.ended())) {
      EXPECT_EQ(one.peer_got.size(), one.accepted.size()) << "an orderly end, and bytes are missing";
    }
  }

  void settle() {
    world_.sim.limit_io(0);
    world_.sim.black_hole(at(kFar, 0).address, false);
    world_.sim.set_latency(at(kFar, 0).address, 100us);
    const auto live = [&](int rounds, Duration each) {
      Message message;
      for (int i = 0; i < rounds; ++i) {
        for (auto& [id, one] : links_) {
          accept(one);
          pump_tls(one);
          if (one.peer.valid()) one.peer_got += one.peer.read();
        }
        const Instant end = world_.sim.now() + each;
        while (world_.sim.now() < end) {
          if (world_.device->receive(message, end - world_.sim.now()) != Waited::message) continue;
          if (message.kind == MessageKind::receive_ind) read(message.socket, std::max<std::size_t>(message.size, 1));
          if (message.kind == MessageKind::close_ind) link(message.socket)->orderly = message.error == Err::ok;
        }
      }
    };
    live(300, 1ms);
    live(100, 1s);
    // What is left of a stream that ended in order can be read to the end.
    for (auto& [id, one] : links_) {
      if (!one.orderly || one.closed) continue;
      for (std::string rest = world_.recv(id); !rest.empty(); rest = world_.recv(id)) one.got += rest;
      EXPECT_EQ(one.got.size(), one.peer_sent.size()) << "an orderly end, and bytes are missing";
    }
    for (const SocketId id : world_.device->sockets()) (void)world_.device->close(id);
    live(100, 1ms);
    live(10, 1s);
    world_.device->check_answered(true);
    for (const SocketId id : world_.device->sockets()) destroy(id);
    EXPECT_TRUE(world_.device->sockets().empty());
    links_.clear();
    world_.finish();
  }

  std::mt19937 random_;
  World world_;
  std::map<SocketId, Link> links_;
  bool cut_ = false;
};

std::uint32_t number(const char* name, std::uint32_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

class RandomRuns : public testing::TestWithParam<const Profile*> {};

TEST_P(RandomRuns, KeepEveryPromise) {
  const std::uint32_t only = number("SC_SEED", 0);
  const std::uint32_t count = number("SC_SEEDS", 60);
  for (std::uint32_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : count); ++seed) {
    SCOPED_TRACE("SC_SEED=" + std::to_string(seed));
    RandomRun(seed, *GetParam()).run(600);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RandomRuns, testing::Values(&host_profile(), &air724u_profile()),
                         [](const auto& one) { return std::string(one.param->name); });

}  // namespace
}  // namespace socketcore::test
