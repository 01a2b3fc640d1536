#include "sim/history.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "sim/history_link.hpp"
#include "sim/seeded_tls.hpp"

namespace socketcore::test {
namespace {

constexpr std::string_view kHosts[]{"192.0.2.1", "192.0.2.2", "2001:db8::1"};
constexpr std::string_view kDead = "192.0.2.99";

/// What happened, as a number that two runs of a seed share, and as lines for people.
class Trace {
 public:
  explicit Trace(std::ostream* out) : out_(out) {}

  template <typename... Values>
  void operator()(const Values&... values) {
    (fold(values), ...);
    if (out_ == nullptr) return;
    ((*out_ << values << ' '), ...);
    *out_ << '\n';
  }
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

 private:
  void fold(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
  }
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void fold(Number number) {
    mix(static_cast<std::uint64_t>(number));
  }
  void mix(std::uint64_t value) { digest_ = (digest_ ^ value) * 0x100000001b3; }

  std::ostream* out_;
  std::uint64_t digest_ = 0xcbf29ce484222325;
};

class History {
 public:
  History(std::uint64_t seed, std::ostream* trace) : random_(seed), trace_(trace), sim_(seed) {
    seed_tls(seed);
    auto resolver = std::make_unique<ScriptedResolver>();
    resolver_ = resolver.get();
    reactor_.emplace(os_, nullptr, std::move(resolver));
    resolver_->live_on(reactor_->core().loop());
    plan_names();
    for (std::uint32_t i = chance(25) ? 2 + below(3) : 1; i > 0; --i) {
      Script& script = scripts_.emplace_back();
      script.options.linger_limit = std::chrono::milliseconds(100 + below(6000));
      if (chance(35)) script.options.profile = &air724u_profile();
      script.device = std::make_unique<CheckedDevice>(Device::create(*reactor_, script.options));
    }
    os_.on_open = [this](Family, SocketKind) {
      return no_descriptors_ ? std::optional(OpenResult{-1, SysError(EMFILE)}) : std::nullopt;
    };
  }
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  HistoryFigures run() {
    faults.go_on();
    const std::uint32_t steps = 30 + below(120);
    for (std::uint32_t i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    figures_.steps = steps;
    faults.pause();
    settle();
    figures_.digest = trace_.digest();
    return figures_;
  }

 private:
  struct Script {
    DeviceOptions options;
    std::unique_ptr<CheckedDevice> device;
    std::map<SocketId, Link> links;
    std::map<TimerId, Instant> timers;  // when they are due
    Instant last_due{};
    bool link_up = true;
    [[nodiscard]] bool on_ack() const { return options.profile->confirm_on_ack; }
  };
  /// A link whose socket the script has destroyed, or whose device is gone.
  struct Past {
    Link link;
    bool on_ack;
  };

  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  [[nodiscard]] std::int64_t clock() { return sim_.now().time_since_epoch().count(); }
  /// Mostly small, now and then large.
  std::size_t some_size() { return chance(8) ? 0 : chance(7) ? below(150'000) : chance(30) ? below(5000) : below(600); }

  void plan_names() {
    for (std::uint32_t i = 0; i < 3; ++i) {
      const std::string name = "host" + std::to_string(i) + ".test";
      const Duration after = std::chrono::milliseconds(chance(60) ? 0 : below(chance(20) ? 30'000 : 2000));
      const bool v6 = kHosts[i].find(':') != std::string_view::npos;
      const Family family = v6 ? Family::v6 : Family::v4;
      if (chance(30) && !v6) {
        resolver_->plan(name, family, after, {kDead, kHosts[i]});
      } else if (chance(90)) {
        resolver_->plan(name, family, after, {kHosts[i]});
      } else if (chance(50)) {
        resolver_->plan_failure(name, family, after, name + ": the server has failed");
      }  // else there is no answer
      const Family other = v6 ? Family::v4 : Family::v6;
      if (chance(80)) resolver_->plan_failure(name, other, std::chrono::milliseconds(below(500)), name + ": no data");
    }
  }

  Script& some_script() { return scripts_[below(static_cast<std::uint32_t>(scripts_.size()))]; }
  /// One of the script's ids, mostly of those that live.
  SocketId some_id(const Script& script) {
    if (script.links.empty() || chance(3)) return static_cast<SocketId>(below(40));
    auto it = script.links.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(below(static_cast<std::uint32_t>(script.links.size()))));
    return it->first;
  }
  static Link* link(Script& script, SocketId id) {
    const auto found = script.links.find(id);
    return found == script.links.end() ? nullptr : &found->second;
  }

  void step() {
    Script& script = some_script();
    ++figures_.calls;
    switch (below(25)) {
      case 0:
      case 1:
      case 2: return connect(script);
      case 3:
      case 4:
      case 5: return send(script, some_id(script));
      case 6:
      case 7: return read(script, some_id(script), below(3) == 0 ? 1 << 20 : below(3000));
      case 8: return chance(40) ? close(script, some_id(script)) : send(script, some_id(script));
      case 9: return destroy(script, some_id(script));
      case 10: return options(script, some_id(script));
      case 11: return chance(70) ? start_timer(script) : stop_timer(script);
      case 12:
      case 13:
      case 14:
      case 15: (void)take(script, std::chrono::microseconds(below(3000))); return;
      case 16: return sleep(script, std::chrono::milliseconds(chance(10) ? below(chance(10) ? 60'000 : 2000) : below(5)));
      case 17: --figures_.calls; return advance(std::chrono::microseconds(below(5000)));
      case 18:
      case 19:
      case 20:
      case 21: --figures_.calls; return move_peer(script, some_id(script));
      case 22: --figures_.calls; return meddle(script);
      case 23:
        if (chance(6)) return restart(script);
        (void)take(script, Duration::zero());
        return;
      default: return peek(script, some_id(script));
    }
  }

  // ---- The script.

  void connect(Script& script) {
    // Ids are used again: an answer to a close of the id's last life would be taken for one of this life.
    if (script.links.size() >= 12 || script.device->stray_close_waits()) return;
    Link link;
    const std::uint32_t kind = below(20);
    link.type = kind < 12 ? SocketType::tcp : kind < 17 ? SocketType::udp : SocketType::ssl;
    const std::uint32_t host = chance(80) ? below(2) : 2;
    has_tls_ = has_tls_ || link.type == SocketType::ssl;
    link.far = at(kHosts[host], next_port_++);
    link.salt = below(100'000);
    if (!chance(6)) {  // else nobody listens
      if (link.stream()) {
        link.listener.emplace(sim_, link.far, 16, chance(40) ? static_cast<int>(500 + below(9000)) : 0);
      } else {
        link.datagrams.emplace(sim_, link.far);
      }
    }
    ConnectRequest request;
    request.type = link.type;
    const std::string name = "host" + std::to_string(host) + ".test";
    request.address = chance(5) ? kDead : chance(3) ? "nowhere.test" : chance(25) ? std::string_view(name) : kHosts[host];
    request.port = link.far.port;
    if (chance(20)) request.receive_buffer_bytes = 1 + below(20'000);
    if (chance(5)) request.local_port = static_cast<std::uint16_t>(7000 + below(4));
    if (request.type == SocketType::ssl && chance(30)) request.insist = false;
    const Opened opened = script.device->connect(request);
    trace_(clock(), "connect", index(script), static_cast<int>(link.type), request.address, link.far.port, "->", opened.id,
           name_of(opened.error));
    if (opened.error == Err::ok) script.links.emplace(opened.id, std::move(link));
  }

  void send(Script& script, SocketId id) {
    Link* target = link(script, id);
    const std::size_t size = some_size();
    if (target != nullptr && !target->stream()) return send_datagram(script, id, *target, size);
    const std::string text = target != nullptr ? target->next_to_peer(size) : pattern(size);
    const Err error = script.device->send(id, bytes_of(text));
    trace_(clock(), "send", index(script), id, size, name_of(error));
    if (target == nullptr) return;
    if (error == Err::ok) target->accepted += size;
    if (error == Err::enotconn || error == Err::enomem) target->refused = std::max(target->refused, size);
  }

  void send_datagram(Script& script, SocketId id, Link& target, std::size_t size) {
    const std::string text = target.datagram(std::min<std::size_t>(size, 9000));
    const Err error = script.device->send(id, bytes_of(text));
    trace_(clock(), "send", index(script), id, text.size(), name_of(error));
    if (error == Err::ok) target.to_peer.emplace(target.last_datagram, text.size());
  }

  void read(Script& script, SocketId id, std::size_t limit) {
    const std::string text = text_of(script.device->peek(id, limit));
    script.device->consume(id);
    if (!text.empty()) trace_(clock(), "read", index(script), id, limit, "->", text.size());
    figures_.bytes += text.size();
    Link* from = link(script, id);
    if (from == nullptr) {
      EXPECT_EQ(text, "") << "bytes from nowhere";
    } else if (from->stream()) {
      from->take(text);
    } else if (!text.empty()) {
      from->take_datagram(text, from->to_script, false, "from the peer");
    }
  }

  void peek(Script& script, SocketId id) { (void)script.device->peek(id, below(100'000)); }

  void close(Script& script, SocketId id) {
    const bool closes = script.device->close(id);
    trace_(clock(), "close", index(script), id, closes);
    if (Link* target = link(script, id); target != nullptr && closes) target->close_called = true;
  }

  void destroy(Script& script, SocketId id) {
    const bool destroyed = script.device->destroy(id);
    trace_(clock(), "destroy", index(script), id, destroyed);
    if (!destroyed) return;
    const auto found = script.links.find(id);
    past_.push_back({std::move(found->second), script.on_ack()});
    script.links.erase(found);
  }

  void options(Script& script, SocketId id) {
    constexpr SocketOption kOptions[]{SocketOption::reuse_address, SocketOption::keep_alive, SocketOption::keep_idle_s,
                                      SocketOption::keep_interval_s, SocketOption::keep_count};
    (void)script.device->set_option(id, kOptions[below(5)], static_cast<int>(below(40)) - 3);
  }

  void start_timer(Script& script) {
    const auto id = static_cast<TimerId>(below(4));
    const auto ms = static_cast<std::int32_t>(1 + below(chance(10) ? 20'000 : 300));
    const bool started = script.device->start_timer(id, ms);
    trace_(clock(), "start_timer", index(script), id, ms, started);
    if (started) script.timers[id] = sim_.now() + std::chrono::milliseconds(ms);
  }

  void stop_timer(Script& script) {
    const auto id = static_cast<TimerId>(below(4));
    trace_(clock(), "stop_timer", index(script), id);
    EXPECT_TRUE(script.device->stop_timer(id));
    script.timers.erase(id);
  }

  void sleep(Script& script, Duration time) {
    trace_(clock(), "sleep", index(script), time.count());
    (void)script.device->sleep(time);
  }

  /// The device ends, with all it has, and is made again.
  void restart(Script& script) {
    trace_(clock(), "restart", index(script));
    for (auto& [id, one] : script.links) {
      one.restarted = true;
      past_.push_back({std::move(one), script.on_ack()});
    }
    script.links.clear();
    script.timers.clear();
    script.last_due = {};
    script.link_up = true;
    script.device.reset();
    script.device = std::make_unique<CheckedDevice>(Device::create(*reactor_, script.options));
  }

  bool take(Script& script, Duration limit) {
    Message message;
    if (script.device->receive(message, limit) != Waited::message) return false;
    ++figures_.messages;
    trace_(clock(), "message", index(script), line_of(message));
    if (message.kind == MessageKind::timer) {
      timer_ran_out(script, message.timer);
      return true;
    }
    Link* from = link(script, message.socket);
    if (from == nullptr) return true;
    switch (message.kind) {
      case MessageKind::connect_cnf:
        from->connected = message.error == Err::ok;
        from->failed = !from->connected;
        break;
      case MessageKind::send_cnf:
        if (message.error == Err::ok) from->confirmed += message.size;
        break;
      case MessageKind::receive_ind:
        if (settling_ || chance(80)) read(script, message.socket, std::max<std::size_t>(message.size, settling_ ? 1 : 0));
        break;
      case MessageKind::close_ind:
        from->ended = true;
        from->end_error = message.error;
        break;
      case MessageKind::close_cnf:
        if (!from->close_called) break;  // of a call that found nothing to close
        from->close_told = true;
        from->close_error = message.error;
        if (!settling_ && chance(50)) destroy(script, message.socket);
        break;
      default: break;
    }
    return true;
  }

  void timer_ran_out(Script& script, TimerId id) {
    const auto timer = script.timers.find(id);
    ASSERT_NE(timer, script.timers.end()) << "timer " << id << " does not run";
    EXPECT_GE(sim_.now(), timer->second) << "timer " << id << " came early";
    EXPECT_GE(timer->second, script.last_due) << "timer " << id << " came behind one that was due later";
    script.last_due = timer->second;
    script.timers.erase(timer);
  }

  // ---- Peers and the network.

  void move_peer(Script& script, SocketId id) {
    Link* one = !past_.empty() && chance(20) ? &past_[below(static_cast<std::uint32_t>(past_.size()))].link : link(script, id);
    if (one == nullptr) return;
    one->accept();
    const std::uint32_t what = below(20);
    trace_(clock(), "peer", one->far.port, what);
    if (one->datagrams && what < 10) {
      if (one->read(0); one->datagrams->last_sender() != Endpoint{}) {
        const std::string text = one->datagram(below(3000));
        one->to_script.emplace(one->last_datagram, text.size());
        one->datagrams->send_to(one->datagrams->last_sender(), text);
      }
    } else if (what < 8) {
      (void)one->offer(chance(8) ? below(80'000) : below(3000));
    } else if (what == 8) {
      one->finish();
    } else if (what == 9) {
      one->abort();
    } else if (what == 10) {
      one->leave();
    } else if (what == 11 && one->peer.valid() && chance(40)) {
      sim_.reset_connection(one->peer.fd());
    } else {
      figures_.bytes += one->read(chance(50) ? ~std::size_t{0} : below(5000));
    }
  }

  void meddle(Script& script) {
    const std::uint32_t what = below(10);
    const Address host = at(kHosts[below(3)], 0).address;
    trace_(clock(), "meddle", what);
    switch (what) {
      case 0: sim_.black_hole(host, cut_ = !cut_); return;
      case 1: sim_.limit_io(chance(50) ? 0 : 1 + below(2000)); return;
      case 2: sim_.set_latency(host, std::chrono::microseconds(1 + below(chance(10) ? 900'000 : 20'000))); return;
      case 3: reactor_->wake(); return;
      case 4:
        if (!os_.watched.empty()) {
          os_.report(os_.watched[below(static_cast<std::uint32_t>(os_.watched.size()))],
                     {.readable = chance(50), .writable = chance(50), .error = chance(50)});
        }
        return;
      case 5: no_descriptors_ = !no_descriptors_ && chance(50); return;
      case 6:
        if (chance(50)) return;
        script.link_up = !script.link_up;
        script.device->set_link(script.link_up);
        return;
      default: (void)reactor_->turn(Duration::zero()); return;
    }
  }

  void advance(Duration time) { sim_.advance(time); }

  // ---- The end: the network heals, peers read, scripts listen. What has to come must come.

  void settle() {
    settling_ = true;
    trace_(clock(), "settle");
    no_descriptors_ = false;
    sim_.limit_io(0);
    for (const std::string_view host : kHosts) {
      sim_.black_hole(at(host, 0).address, false);
      sim_.set_latency(at(host, 0).address, 100us);
    }
    for (Script& script : scripts_) {
      if (!script.link_up) script.device->set_link(script.link_up = true);
      // An announcement that the script has passed over is not made again.
      for (auto& [id, one] : script.links) read(script, id, 1 << 20);
    }
    live_until_quiet(1ms);
    for (int i = 0; i < 14 && !testing::Test::HasFailure(); ++i) live(10s);  // past every limit of connecting
    live_until_quiet(1ms);
    for (Script& script : scripts_) {
      EXPECT_TRUE(script.timers.empty()) << "a timer did not run out";
      // What is left of a stream that has ended can be read to the end.
      for (auto& [id, one] : script.links) {
        if (one.ended && one.end_error == Err::ok && one.stream()) {
          for (std::size_t before = ~one.got; before != one.got;) before = one.got, read(script, id, 1 << 20);
        }
        one.check(script.on_ack());
      }
      for (const SocketId id : script.device->sockets()) close(script, id);
    }
    live_until_quiet(1ms);
    for (int i = 0; i < 8; ++i) live(1s);
    for (Script& script : scripts_) {
      script.device->check_answered(true);
      for (const SocketId id : script.device->sockets()) destroy(script, id);
      EXPECT_TRUE(script.device->sockets().empty());
    }
    for (const Past& one : past_) one.link.check(one.on_ack);
    past_.clear();
    finish();
  }

  void finish() {
    for (Script& script : scripts_) script.device.reset();
    EXPECT_TRUE(reactor_->drain());
    reactor_.reset();
    EXPECT_EQ(sim_.open_descriptors(), 0U) << "a descriptor was left open";
  }

  /// A round: peers read, scripts take all there is, time goes by. Whether anything moved.
  bool live(Duration time) {
    const HistoryFigures before = figures_;
    const auto serve = [this](Link& one) {
      one.accept();
      figures_.bytes += one.read(~std::size_t{0});
    };
    for (Script& script : scripts_) {
      for (auto& [id, one] : script.links) serve(one);
    }
    for (Past& one : past_) serve(one.link);
    for (Script& script : scripts_) {
      for (int most = 0; take(script, Duration::zero()); ++most) {
        if (most < 10'000) continue;
        ADD_FAILURE() << "messages without end";
        return false;
      }
    }
    (void)scripts_.front().device->sleep(time);
    if (figures_.bytes != before.bytes) trace_(clock(), "moved", figures_.bytes - before.bytes);
    return figures_.bytes != before.bytes || figures_.messages != before.messages;
  }

  void live_until_quiet(Duration each) {
    // A record of TLS may come through a small window in many pieces, and shows when it is whole.
    const int enough = has_tls_ ? 80 : 12;
    // The largest stream, through a window of three bytes, is 50,000 rounds.
    for (int quiet = 0, rounds = 0; quiet < enough && rounds < 200'000; ++rounds) quiet = live(each) ? 0 : quiet + 1;
  }

  [[nodiscard]] std::ptrdiff_t index(const Script& script) const { return &script - scripts_.data(); }

  std::mt19937_64 random_;
  Trace trace_;
  HistoryFigures figures_;
  SimOs sim_;
  MeddlingOs os_{sim_};
  ScriptedResolver* resolver_ = nullptr;
  std::optional<Reactor> reactor_;
  std::vector<Script> scripts_;
  std::vector<Past> past_;
  std::uint16_t next_port_ = 1000;
  bool has_tls_ = false;
  bool cut_ = false;
  bool no_descriptors_ = false;
  bool settling_ = false;
};

}  // namespace

void make_history_ready() {
  seed_tls(0);
  (void)tls_server();
}

HistoryFigures run_history(std::uint64_t seed, std::ostream* trace) {
  const PromisesChecked promises;
  History history(seed, trace);
  return history.run();
}

}  // namespace socketcore::test
