#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "device/socket_state.hpp"
#include "sim/fixture.hpp"

// Every event in every state. First the table itself; then real sockets, driven into each state and met there with
// everything that a script, a peer, the network and the resolver can do.
namespace socketcore::test {
namespace {

// ---- The table. docs/design.md shows the same.

using Pairs = std::map<std::pair<State, Event>, State>;

const Pairs& documented_moves() {
  using enum State;
  using enum Event;
  static const Pairs moves{
      {{starting, ask}, resolving},       {{starting, attempt}, connecting},    {{starting, give_up}, failed},
      {{starting, close}, flushing},      {{resolving, attempt}, connecting},   {{resolving, give_up}, failed},
      {{resolving, close}, flushing},     {{connecting, ask}, resolving},       {{connecting, attempt}, connecting},
      {{connecting, secure}, handshaking}, {{connecting, ready}, open},         {{connecting, give_up}, failed},
      {{connecting, close}, flushing},    {{handshaking, ready}, open},         {{handshaking, give_up}, failed},
      {{handshaking, close}, flushing},   {{open, end}, ending},                {{open, close}, flushing},
      {{ending, end}, ending},            {{ending, tell}, ended},              {{ending, close}, flushing},
      {{ended, end}, ended},              {{ended, close}, flushing},           {{failed, close}, flushing},
      {{failed, settle}, closed},         {{flushing, flushed}, lingering},     {{flushing, finish}, finished},
      {{lingering, finish}, finished},    {{finished, settle}, closed},
  };
  return moves;
}

TEST(StateTable, HasExactlyTheDocumentedMoves) {
  for (std::size_t s = 0; s < kStateCount; ++s) {
    for (std::size_t e = 0; e < kEventCount; ++e) {
      const auto state = static_cast<State>(s);
      const auto event = static_cast<Event>(e);
      SCOPED_TRACE(std::string(name_of(state)) + " x " + std::string(name_of(event)));
      const auto documented = documented_moves().find({state, event});
      const Move move = move_of(state, event);
      ASSERT_EQ(move.possible, documented != documented_moves().end());
      if (move.possible) {
        EXPECT_EQ(move.to, documented->second);
      }
    }
  }
}

TEST(StateTable, NamesEveryStateAndEventOnce) {
  std::set<std::string_view> names;
  for (std::size_t s = 0; s < kStateCount; ++s) names.insert(name_of(static_cast<State>(s)));
  for (std::size_t e = 0; e < kEventCount; ++e) names.insert(name_of(static_cast<Event>(e)));
  EXPECT_EQ(names.size(), kStateCount + kEventCount);
}

TEST(StateTable, EveryStateButTheFirstIsReachedAndOnlyTheLastIsFinal) {
  std::set<State> reached{State::starting};
  for (std::size_t round = 0; round < kStateCount; ++round) {
    for (const auto& [from, to] : documented_moves()) {
      if (reached.contains(from.first)) reached.insert(to);
    }
  }
  EXPECT_EQ(reached.size(), kStateCount);
  for (std::size_t s = 0; s < kStateCount; ++s) {
    bool has_way_out = false;
    for (std::size_t e = 0; e < kEventCount; ++e) has_way_out |= move_of(static_cast<State>(s), static_cast<Event>(e)).possible;
    EXPECT_EQ(has_way_out, static_cast<State>(s) != State::closed) << name_of(static_cast<State>(s));
  }
}

// ---- Real sockets.

constexpr std::string_view kFar = "192.0.2.1";
constexpr std::uint16_t kPort = 80;

/// One socket and all that is around it.
struct Scene {
  World world;
  SocketType type = SocketType::tcp;
  SocketId id = -1;
  std::optional<Listener> listener;
  Peer peer;
  TlsPeer tls;
  std::optional<DatagramPeer> datagrams;

  std::string accepted;      // what send() took, on a stream
  std::string peer_got;      // what came out there
  std::string peer_sent;     // what the peer's kernel took
  std::string got;           // what the script read
  bool orderly_end = false;  // close_ind without an error was delivered, and no byte left unread since
  bool came_once = false;    // at the listener; others that come are not this socket
  bool closed = false;       // by the script, which thereby gave up what it had not read
  bool forked = false;       // a child has closed its copies, which on SimOs are the only ones
  bool refusing = false;     // a datagram socket's kernel takes nothing
  std::string tls_waits;     // what a TLS peer has not handed over yet
  bool tls_finishes = false;
  bool tls_finished = false;

  [[nodiscard]] bool stream() const { return type == SocketType::tcp || type == SocketType::ssl; }

  // The script's side.
  void send(const std::string& text) {
    if (world.device->send(id, bytes_of(text)) == Err::ok) accepted += text;
  }
  void recv(std::size_t limit) { got += world.recv(id, limit); }
  void close() {
    closed = true;
    (void)world.device->close(id);
  }

  // The peer's side.
  void peer_send(const std::string& text) {
    if (tls.valid() && !tls_finishes && !tls_finished) {
      peer_sent += text;
      tls_waits += text;
      pump_tls();
    } else if (peer.valid()) {
      peer_sent += text.substr(0, peer.offer(text));
    } else if (datagrams) {
      datagrams->send_to(at("10.0.0.1", type == SocketType::udp ? 4000 : 0), text);
    }
  }
  void pump() {
    if (listener && !came_once) {
      Peer came = listener->try_accept();
      came_once = came.valid();
      if (came.valid() && type == SocketType::ssl) {
        tls = TlsPeer(std::move(came), tls_server());
      } else if (came.valid()) {
        peer = std::move(came);
      }
    }
    if (tls.valid() && tls.pump()) {
      peer_got += tls.read();
      pump_tls();
    }
    if (peer.valid() && type == SocketType::tcp) peer_got += peer.read();
  }
  /// TLS wants to be offered the same bytes again.
  void pump_tls() {
    if (!tls_waits.empty()) tls_waits.erase(0, tls.stream().write(bytes_of(tls_waits)).size);
    if (tls_waits.empty() && std::exchange(tls_finishes, false)) {
      tls_finished = true;
      tls.finish();
    }
  }
  void finish_peer() {
    if (tls.valid() && !tls_finished) {
      tls_finishes = true;
      if (tls.pump()) pump_tls();
    }
    if (peer.valid()) peer.finish();
  }
  void close_peer() {
    tls.close();
    peer.close();
    if (datagrams) datagrams->close();
    datagrams.reset();
    listener.reset();
  }
  void abort_peer() {
    if (tls.valid()) tls.abort();
    if (peer.valid()) peer.abort();
  }

  /// Takes messages for so long, and reads what is announced; the peer reads too.
  void live(Duration time, Duration step) {
    Message message;
    for (Duration gone{}; gone < time; gone += step) {
      pump();
      const Instant end = world.sim.now() + step;
      while (world.device->receive(message, std::max(Duration::zero(), end - world.sim.now())) == Waited::message) {
        note(message);
      }
    }
    pump();
  }
  void note(const Message& message) {
    if (message.socket != id || message.kind == MessageKind::timer) return;
    if (message.kind == MessageKind::receive_ind) {
      const std::string bytes = world.recv(id, std::max<std::size_t>(message.size, 1));
      EXPECT_EQ(bytes.size(), message.size);
      got += bytes;
    }
    if (message.kind == MessageKind::close_ind) {
      orderly_end = message.error == Err::ok;
      for (std::string rest = world.recv(id); !rest.empty(); rest = world.recv(id)) got += rest;
    }
  }
  /// The message that brings the socket where a test wants it.
  void take(std::string_view line) {
    Message message;
    for (int i = 0; i < 200; ++i) {
      pump();
      if (world.device->receive(message, 1ms) != Waited::message) continue;
      EXPECT_EQ(line_of(message), line) << message.reason;
      return;
    }
    ADD_FAILURE() << line << " does not come";
  }
};

// ---- How to get a socket into a state.

struct Setup {
  std::string_view name;
  bool (*applies)(SocketType);
  std::function<void(Scene&)> reach;
};

bool any(SocketType) { return true; }
bool streams(SocketType type) { return type == SocketType::tcp || type == SocketType::ssl; }
bool tls_only(SocketType type) { return type == SocketType::ssl; }
bool datagram_only(SocketType type) { return !streams(type); }

void connect(Scene& scene, std::string_view address = kFar, std::uint16_t port = kPort) {
  ConnectRequest request;
  request.type = scene.type;
  request.address = address;
  request.port = scene.type == SocketType::raw ? std::uint16_t{200} : port;
  if (scene.type == SocketType::udp) request.local_port = 4000;
  scene.id = scene.world.connect(request);
}

void listen(Scene& scene, int window = 0) {
  if (scene.stream()) {
    scene.listener.emplace(scene.world.sim, at(kFar, kPort), 16, window);
  } else {
    const bool raw = scene.type == SocketType::raw;
    scene.datagrams.emplace(scene.world.sim, at(kFar, raw ? 0 : kPort), raw ? SocketKind::raw : SocketKind::datagram,
                            raw ? 200 : 0);
  }
}

void open(Scene& scene, int window = 0) {
  listen(scene, window);
  connect(scene);
  scene.take("connect_cnf 0");
  scene.live(2ms, 1ms);
}

/// Datagrams find no room in the kernel from now on.
void stuff(Scene& scene) {
  scene.refusing = true;
  scene.world.os.on_send = [&scene](int, std::span<const std::byte>) -> std::optional<IoResult> {
    if (scene.refusing) return IoResult{0, SysError(EAGAIN)};
    return std::nullopt;
  };
}

/// Bytes that neither the peer nor the kernels take for now.
void fill(Scene& scene) {
  if (!scene.stream()) {
    stuff(scene);
    scene.send("waits");
    return;
  }
  for (int i = 0; i < 12; ++i) scene.send(pattern(10'000, scene.accepted.size()));
  scene.world.sim.advance(1ms);
}

void end_unread(Scene& scene) {
  open(scene);
  scene.peer_send("unread bytes");
  scene.finish_peer();
  scene.world.sleep(10ms);
  Message message;
  EXPECT_EQ(scene.world.device->receive(message, 1ms), Waited::message);
  EXPECT_EQ(line_of(message), "receive_ind 0 12");
}

void be_refused(Scene& scene) {
  if (scene.type == SocketType::udp) {
    const DatagramPeer taken(scene.world.sim, at("0.0.0.0", 4000));
    connect(scene);
    scene.world.sleep(10ms);
  } else {
    scene.world.sim.allow_raw(false);
    connect(scene);
    scene.world.sleep(10ms);
  }
}

void begin_close(Scene& scene) { EXPECT_TRUE(scene.world.device->close(scene.id)); }

void be_closed(Scene& scene) {
  open(scene);
  begin_close(scene);
  scene.world.expect("close_cnf 0");
}

const std::vector<Setup>& setups() {
  static const std::vector<Setup> all{
      {"starting", any, [](Scene& s) { listen(s), connect(s); }},
      {"starting_with_a_name", any, [](Scene& s) { listen(s), connect(s, "far.test"); }},
      {"resolving", any, [](Scene& s) { listen(s), connect(s, "far.test"), s.world.sleep(1ms); }},
      {"resolving_again", streams,
       [](Scene& s) {
         s.world.resolver->plan("far.test", Family::v4, 1ms, {"192.0.2.9"});
         connect(s, "far.test"), s.world.sleep(10ms);
       }},
      {"connecting", streams,
       [](Scene& s) { listen(s), s.world.sim.set_latency(at(kFar, 0).address, 50ms), connect(s), s.world.sleep(10ms); }},
      {"connecting_to_a_black_hole", streams,
       [](Scene& s) { s.world.sim.black_hole(at(kFar, 0).address), connect(s), s.world.sleep(10ms); }},
      {"connecting_with_more_addresses", streams,
       [](Scene& s) {
         listen(s), s.world.sim.black_hole(at("192.0.2.9", 0).address);
         s.world.resolver->know("far.test", Family::v4, {"192.0.2.9", "192.0.2.8", kFar});
         connect(s, "far.test"), s.world.sleep(10ms);
       }},
      {"handshaking", tls_only, [](Scene& s) { listen(s), connect(s), s.world.sleep(10ms); }},
      {"open_unanswered", any,
       [](Scene& s) {
         listen(s), connect(s);
         for (int i = 0; i < 20; ++i) s.pump(), s.world.sleep(1ms);
       }},
      {"open", any, [](Scene& s) { open(s); }},
      {"open_with_an_announcement", any,
       [](Scene& s) { open(s), s.peer_send("hello"), s.take(s.type == SocketType::raw ? "receive_ind 0 25" : "receive_ind 0 5"); }},
      {"open_with_a_queued_announcement", any, [](Scene& s) { open(s), s.peer_send("hello"), s.world.sleep(10ms); }},
      {"open_with_a_full_outbox", any, [](Scene& s) { open(s, 4000), fill(s); }},
      {"open_cut_off", any, [](Scene& s) { open(s), s.world.sim.black_hole(at(kFar, 0).address); }},
      {"ending", streams, [](Scene& s) { end_unread(s); }},
      {"ending_untold", streams, [](Scene& s) { open(s), s.finish_peer(), s.world.sleep(10ms); }},
      {"ending_broken", streams,
       [](Scene& s) { open(s), s.peer_send("hello"), s.world.sim.advance(1ms), s.abort_peer(), s.world.sleep(10ms); }},
      {"ending_with_a_full_outbox", streams, [](Scene& s) { open(s, 4000), fill(s), s.finish_peer(), s.world.sleep(10ms); }},
      {"ended", streams,
       [](Scene& s) {
         open(s), s.finish_peer();
         Message message = s.world.expect("close_ind 0");
         s.note(message);
       }},
      {"ended_with_unread_bytes", streams,
       [](Scene& s) {
         end_unread(s);
         s.world.expect("close_ind 0");
         s.orderly_end = true;
       }},
      {"ended_with_a_full_outbox", streams,
       [](Scene& s) {
         open(s, 4000), fill(s), s.finish_peer();
         Message message;
         while (s.world.device->receive(message, 1s) == Waited::message && message.kind != MessageKind::close_ind) {
         }
       }},
      {"ended_broken", streams, [](Scene& s) { open(s), s.abort_peer(), s.world.expect("close_ind 0 ERST"); }},
      {"failed", streams, [](Scene& s) { connect(s, kFar, 9), s.world.sleep(10ms); }},
      {"failed_locally", datagram_only, [](Scene& s) { be_refused(s); }},
      {"failed_and_told", any,
       [](Scene& s) {
         if (s.stream()) connect(s, kFar, 9), s.world.sleep(10ms);
         else be_refused(s);
         EXPECT_EQ(s.world.take().kind, MessageKind::connect_cnf);
       }},
      {"flushing", any, [](Scene& s) { open(s, 4000), fill(s), begin_close(s); }},
      {"flushing_after_the_peers_end", streams,
       [](Scene& s) { open(s, 4000), fill(s), s.finish_peer(), s.world.sleep(10ms), begin_close(s); }},
      {"lingering", streams,
       [](Scene& s) {
         open(s), s.world.sim.black_hole(at(kFar, 0).address), s.send("on its way"), begin_close(s), s.world.sleep(10ms);
       }},
      {"finished", any, [](Scene& s) { open(s), begin_close(s), s.world.sleep(10ms); }},
      {"closed", any, be_closed},
      {"destroyed", any,
       [](Scene& s) {
         be_closed(s);
         EXPECT_TRUE(s.world.device->destroy(s.id));
       }},
  };
  return all;
}

// ---- What can happen there.

struct Stimulus {
  std::string_view name;
  std::function<void(Scene&)> happen;
};

const std::vector<Stimulus>& stimuli() {
  static const std::vector<Stimulus> all{
      // The script.
      {"nothing", [](Scene&) {}},
      {"send", [](Scene& s) { s.send("from the script"); }},
      {"send_nothing", [](Scene& s) { s.send(""); }},
      {"send_much", [](Scene& s) { s.send(pattern(11'000)); }},
      {"send_too_much", [](Scene& s) { s.send(pattern((1 << 20) + 1)); }},
      {"read", [](Scene& s) { s.recv(3); }},
      {"read_all", [](Scene& s) { s.recv(1 << 20); }},
      {"read_nothing", [](Scene& s) { s.recv(0); }},
      {"peek_beyond", [](Scene& s) { (void)s.world.device->peek(s.id, ~std::size_t{0}); }},
      {"close", [](Scene& s) { s.close(); }},
      {"close_twice", [](Scene& s) { s.close(), s.close(); }},
      {"close_and_send", [](Scene& s) { s.close(), s.send("too late"); }},
      {"destroy", [](Scene& s) { (void)s.world.device->destroy(s.id); }},
      {"options",
       [](Scene& s) {
         for (const auto option : {SocketOption::reuse_address, SocketOption::keep_alive, SocketOption::keep_idle_s,
                                   SocketOption::keep_interval_s, SocketOption::keep_count}) {
           for (const int value : {-1, 0, 1, 127, 128, 32767, 32768, 0x7fffffff}) {
             (void)s.world.device->set_option(s.id, option, value);
           }
         }
         (void)s.world.device->set_option(s.id, static_cast<SocketOption>(77), 1);
       }},
      {"space", [](Scene& s) { EXPECT_LE(s.world.device->send_space(s.id), 1U << 20); }},
      {"another_connect", [](Scene& s) { (void)s.world.device->connect({.address = kFar, .port = kPort}); }},
      {"another_device_goes",
       [](Scene& s) {
         auto other = s.world.make_device(s.world.options);
         (void)other->connect({.address = kFar, .port = kPort});
         (void)other->send(s.id, bytes_of("x"));
         (void)s.world.reactor.turn(0s);
       }},
      {"turn", [](Scene& s) { s.world.sleep(5ms); }},
      // The peer.
      {"data", [](Scene& s) { s.peer_send("from the peer"); }},
      {"data_in_the_next_turn", [](Scene& s) { s.peer_send("from the peer"), s.world.sleep(5ms); }},
      {"flood",
       [](Scene& s) {
         for (int i = 0; i < 20; ++i) s.peer_send(pattern(9'000, s.peer_sent.size())), s.world.sleep(1ms);
       }},
      {"fin", [](Scene& s) { s.finish_peer(), s.world.sleep(5ms); }},
      {"fin_unseen", [](Scene& s) { s.finish_peer(), s.world.sim.advance(5ms); }},
      {"data_and_fin", [](Scene& s) { s.peer_send("last words"), s.finish_peer(), s.world.sleep(5ms); }},
      {"reset", [](Scene& s) { s.abort_peer(), s.world.sleep(5ms); }},
      {"reset_unseen", [](Scene& s) { s.abort_peer(), s.world.sim.advance(5ms); }},
      {"data_and_reset",
       [](Scene& s) { s.peer_send("last words"), s.world.sim.advance(1ms), s.abort_peer(), s.world.sleep(5ms); }},
      {"peer_is_gone", [](Scene& s) { s.close_peer(), s.world.sleep(5ms); }},
      {"peer_reads", [](Scene& s) { s.pump(), s.world.sleep(5ms), s.pump(), s.world.sleep(5ms); }},
      {"plain_text",
       [](Scene& s) {
         const std::string text(300, 'h');
         if (s.tls.valid()) (void)s.world.sim.send(s.tls.fd(), bytes_of(text));
         s.world.sleep(5ms);
       }},
      // The network.
      {"path_is_cut", [](Scene& s) { s.world.sim.black_hole(at(kFar, 0).address), s.world.sleep(5ms); }},
      {"path_is_cut_for_a_while",
       [](Scene& s) {
         s.world.sim.black_hole(at(kFar, 0).address), s.world.sleep(2s);
         s.world.sim.black_hole(at(kFar, 0).address, false), s.world.sleep(5ms);
       }},
      {"link_is_lost", [](Scene& s) { s.world.device->set_link(false), s.world.sleep(5ms); }},
      {"link_is_lost_unseen", [](Scene& s) { s.world.device->set_link(false), s.world.sim.advance(5ms); }},
      {"link_is_lost_for_a_while",
       [](Scene& s) {
         s.world.device->set_link(false), s.world.sleep(5ms);
         s.world.device->set_link(true), s.world.sleep(5ms);
       }},
      {"link_comes_back_at_once", [](Scene& s) { s.world.device->set_link(false), s.world.device->set_link(true); }},
      {"data_and_link_is_lost",
       [](Scene& s) { s.peer_send("last words"), s.world.sleep(5ms), s.world.device->set_link(false), s.world.sleep(5ms); }},
      {"kernel_takes_single_bytes", [](Scene& s) { s.world.sim.limit_io(1), s.world.sleep(5ms); }},
      {"kernel_has_room",
       [](Scene& s) {
         s.refusing = false;
         if (!s.world.os.watched.empty()) s.world.os.report(s.world.os.watched.back(), {.writable = true});
         s.world.sleep(5ms);
       }},
      {"spurious_readiness",
       [](Scene& s) {
         if (s.world.os.watched.empty()) return;
         for (const Readiness what : {Readiness{.readable = true}, Readiness{.writable = true}, Readiness{.error = true}}) {
           s.world.os.report(s.world.os.watched.back(), what);
           s.world.sleep(5ms);
         }
       }},
      {"no_descriptors", [](Scene& s) { s.world.sim.limit_descriptors(s.world.sim.open_descriptors()), s.world.sleep(5ms); }},
      {"woken",
       [](Scene& s) {
         s.world.reactor.wake();
         EXPECT_EQ(s.world.device->sleep(5ms), Waited::interrupted);
       }},
      {"half_a_second", [](Scene& s) { s.world.sleep(600ms); }},
      {"six_seconds", [](Scene& s) { s.world.sleep(6s); }},
      {"a_long_time", [](Scene& s) { s.world.sleep(200s); }},
      // The resolver.
      {"addresses",
       [](Scene& s) {
         for (std::size_t i = 0; i < s.world.resolver->asked.size(); ++i) {
           const bool v4 = s.world.resolver->asked[i].family == Family::v4;
           s.world.resolver->answer(i, v4 ? ScriptedResolver::Addresses{kFar} : ScriptedResolver::Addresses{});
         }
         s.world.sleep(5ms);
       }},
      {"addresses_twice",
       [](Scene& s) {
         for (int twice = 0; twice < 2; ++twice) {
           for (std::size_t i = 0; i < s.world.resolver->asked.size(); ++i) s.world.resolver->answer(i, {"2001:db8::1", kFar});
         }
         s.world.sleep(5ms);
       }},
      {"no_such_name",
       [](Scene& s) {
         for (std::size_t i = 0; i < s.world.resolver->asked.size(); ++i) s.world.resolver->fail(i, "no such name");
         s.world.sleep(5ms);
       }},
      {"one_family_fails",
       [](Scene& s) {
         if (!s.world.resolver->asked.empty()) s.world.resolver->fail(0, "no such name");
         s.world.sleep(5ms);
       }},
      // The device goes: what it leaves must go in the end.
      {"device_goes",
       [](Scene& s) {
         s.closed = true;
         s.world.device.reset();
         (void)s.world.reactor.turn(0s);
       }},
      {"device_goes_while_forked",
       [](Scene& s) {
         s.closed = s.forked = true;
         s.world.sim.set_forked(true);
         s.world.device.reset();
         s.world.sim.set_forked(false);
       }},
  };
  return all;
}

// ---- One run.

/// Bytes arrive as they were sent: a beginning of it, and all of it where the end was orderly.
void check_bytes(std::string_view what, const std::string& got, const std::string& sent, bool whole) {
  const PromisesChecked promises;
  EXPECT_LE(got.size(), sent.size()) << what;
  EXPECT_TRUE(sent.starts_with(got)) << what << ": bytes were lost, doubled or reordered";
  if (whole) {
    EXPECT_EQ(got.size(), sent.size()) << what << ": the end was orderly, but bytes are missing";
  }
}

void settle(Scene& scene) {
  World& world = scene.world;
  world.sim.limit_descriptors(1000);
  world.sim.limit_io(0);
  if (world.device) {
    scene.live(50ms, 1ms);
    scene.live(3s, 100ms);
    scene.live(150s, 10s);
    // What came before an orderly end can still be read.
    if (scene.orderly_end) scene.recv(1 << 20);
    for (const SocketId id : world.device->sockets()) (void)world.device->close(id);
    scene.live(1s, 50ms);
    scene.live(10s, 1s);
    world.device->check_answered(true);
    for (const SocketId id : world.device->sockets()) EXPECT_TRUE(world.device->destroy(id)) << id;
    EXPECT_TRUE(world.device->sockets().empty());
  } else {
    const Instant start = world.sim.now();
    while (world.reactor.lingering() > 0 && world.since(start) < 10s) scene.pump(), (void)world.reactor.turn(100ms);
    EXPECT_EQ(world.reactor.lingering(), 0U);
  }
  world.sim.advance(1s);
  scene.pump();
  if (scene.stream()) {
    const bool peer_saw_the_end = (scene.peer.valid() && scene.peer.ended()) || (scene.tls.valid() && scene.tls.ended());
    check_bytes("to the peer", scene.peer_got, scene.accepted, peer_saw_the_end && !scene.forked);
    check_bytes("from the peer", scene.got, scene.peer_sent, scene.orderly_end && !scene.closed);
  }
  scene.close_peer();
  world.finish();
}

struct Case {
  SocketType type;
  const Profile* profile;
  const Setup* setup;
};

void prepare(Scene& scene, const Case& one) {
  scene.type = one.type;
  scene.world.use(*one.profile);
  scene.world.sim.allow_raw(true);
  one.setup->reach(scene);
}

std::vector<Case> cases(std::initializer_list<SocketType> types) {
  std::vector<Case> all;
  for (const SocketType type : types) {
    for (const Profile* profile : {&host_profile(), &air724u_profile()}) {
      for (const Setup& setup : setups()) {
        if (setup.applies(type)) all.push_back({type, profile, &setup});
      }
    }
  }
  return all;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  constexpr std::string_view kTypes[]{"tcp", "udp", "ssl", "raw"};
  std::string name(kTypes[static_cast<std::size_t>(info.param.type)]);
  name += '_';
  name += info.param.profile->name;
  name += '_';
  name += info.param.setup->name;
  return name;
}

void PrintTo(const Case& one, std::ostream* out) { *out << one.setup->name; }

class EveryState : public testing::TestWithParam<Case> {};

TEST_P(EveryState, MeetsEveryEvent) {
  for (const Stimulus& stimulus : stimuli()) {
    SCOPED_TRACE(std::string(stimulus.name));
    Scene scene;
    prepare(scene, GetParam());
    stimulus.happen(scene);
    settle(scene);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryState,
                         testing::ValuesIn(cases({SocketType::tcp, SocketType::udp, SocketType::ssl, SocketType::raw})),
                         name_of_case);

class EveryPair : public testing::TestWithParam<Case> {};

/// All of them take minutes: SC_EXHAUSTIVE=1. Otherwise each state meets a few of them, each a different few.
TEST_P(EveryPair, OfEventsInARow) {
  const std::size_t stride = std::getenv("SC_EXHAUSTIVE") != nullptr ? 1 : 67;
  std::size_t count = std::hash<std::string_view>{}(GetParam().setup->name);
  for (const Stimulus& first : stimuli()) {
    for (const Stimulus& second : stimuli()) {
      if (++count % stride != 0) continue;
      SCOPED_TRACE(std::string(first.name) + ", then " + std::string(second.name));
      Scene scene;
      prepare(scene, GetParam());
      first.happen(scene);
      if (scene.world.device) second.happen(scene);
      settle(scene);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryPair, testing::ValuesIn(cases({SocketType::tcp, SocketType::udp})), name_of_case);

}  // namespace
}  // namespace socketcore::test
