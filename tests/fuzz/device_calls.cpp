// A script and its peers that do anything at any time; tests/sim/checked_device.hpp watches. Input: a list of acts.
#include <map>
#include <optional>

#include "fuzz/failures.hpp"
#include "fuzz/input.hpp"
#include "sim/fixture.hpp"

namespace socketcore::fuzz {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;

constexpr std::string_view kFar = "192.0.2.1";
constexpr std::size_t kMostSockets = 6;

/// One socket of the script, its peer, and what each of them handed in and got out.
struct Link {
  SocketType type = SocketType::tcp;
  std::optional<test::Listener> listener;
  std::optional<test::DatagramPeer> datagrams;
  test::Peer peer;
  bool peer_is_over = false;
  std::string accepted, peer_got, peer_sent, got;
};

class Run {
 public:
  explicit Run(Input input) : input_(input) {
    const unsigned how = input_.byte();
    if (how & 1) world_.use(air724u_profile());
    world_.resolver->know("far.test", Family::v4, {"192.0.2.9", kFar});
    world_.resolver->plan("slow.test", Family::v4, 3s, {kFar});
    world_.sim.allow_raw((how & 2) != 0);
  }

  void run() {
    while (!input_.at_end()) act();
    settle();
  }

 private:
  SocketId some_id() {
    const std::uint32_t which = input_.byte();
    if (which == 255) return 0x7fffffff;
    if (which >= 240 || links_.empty()) return static_cast<SocketId>(which % 16);
    auto it = links_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(which % links_.size()));
    return it->first;
  }
  Link* link(SocketId id) {
    const auto found = links_.find(id);
    return found == links_.end() ? nullptr : &found->second;
  }

  void act() {
    constexpr Duration kTimes[]{0ms, 1us, 100us, 1ms, 20ms, 600ms, 6s, 80s};
    constexpr std::int32_t kTimerTimes[]{-1, 0, 1, 5, 500, 0x7fffffff};
    switch (input_.below(16)) {
      case 0:
        return connect();
      case 1:
        return send(some_id());
      case 2:
        return read(some_id(), input_.below(60'000));
      case 3:
        (void)world_.device->close(some_id());
        return;
      case 4:
        return destroy(some_id());
      case 5:
        return set_option(some_id());
      case 6:
        (void)world_.device->start_timer(input_.byte() - 2, kTimerTimes[input_.below(6)]);
        return;
      case 7:
        (void)world_.device->stop_timer(input_.byte() - 2);
        return;
      case 8:
        return take(kTimes[input_.below(6)]);
      case 9:
        (void)world_.device->sleep(kTimes[input_.below(8)]);
        return;
      case 10:
        world_.sim.advance(kTimes[input_.below(8)]);
        return;
      case 11:
      case 12:
        return move_peer(some_id());
      case 13:
        return meddle();
      case 14:
        (void)world_.device->send_space(some_id());
        return;
      default:
        (void)world_.device->peek(some_id(), input_.below(60'000));
        return;
    }
  }

  void connect() {
    // Ids are used again: an answer to a close of the id's last life would be taken for one of this life.
    if (links_.size() >= kMostSockets || world_.device->stray_close_waits()) return;
    constexpr std::string_view kNames[]{kFar, "192.0.2.9", "far.test", "slow.test", "never.test", "2001:db8::1"};
    Link link;
    const std::uint16_t port = world_.next_port++;
    link.type = static_cast<SocketType>(input_.below(4));
    ConnectRequest request{.type = link.type, .address = kNames[input_.below(6)], .port = port};
    if (request.type == SocketType::raw) request.port = input_.byte();
    if (input_.below(8) == 1) request.address = input_.text();
    request.receive_buffer_bytes = input_.below(20'000);
    const std::uint32_t listens = input_.below(4);  // 0: nobody
    const bool stream = link.type == SocketType::tcp || link.type == SocketType::ssl;
    if (listens > 0 && stream) link.listener.emplace(world_.sim, test::at(kFar, port), 16, listens == 1 ? 3000 : 0);
    if (listens > 0 && link.type == SocketType::udp) link.datagrams.emplace(world_.sim, test::at(kFar, port));
    const Opened opened = world_.device->connect(request);
    if (opened.error == Err::ok) links_.emplace(opened.id, std::move(link));
  }

  std::string some_bytes(std::size_t from) {
    const std::size_t size = input_.below(3000);
    return test::pattern(input_.below(4) == 1 ? size * 100 : size, from);
  }

  void send(SocketId id) {
    Link* const target = link(id);
    const std::string text = some_bytes(target != nullptr ? target->accepted.size() : 0);
    if (world_.device->send(id, bytes_of(text)) == Err::ok && target != nullptr) target->accepted += text;
  }

  void read(SocketId id, std::size_t limit) {
    const std::string text = world_.recv(id, limit);
    if (Link* const from = link(id)) from->got += text;
  }

  void destroy(SocketId id) {
    if (!world_.device->destroy(id)) return;
    compare(links_.at(id));
    links_.erase(id);
  }

  void set_option(SocketId id) {
    constexpr int kValues[]{-1, 0, 1, 127, 128, 32767, 32768, 0x7fffffff};
    (void)world_.device->set_option(id, static_cast<SocketOption>(input_.below(5)), kValues[input_.below(8)]);
  }

  void meddle() {
    switch (input_.below(8)) {
      case 0:
        return world_.sim.black_hole(test::at(kFar, 0).address, input_.flag());
      case 1:
        return world_.sim.unreachable(test::at(kFar, 0).address, input_.flag());
      case 2:
        return world_.sim.limit_io(input_.below(2000));
      case 3:
        return world_.sim.set_latency(std::chrono::microseconds(input_.below(20'000)));
      case 4:
        return world_.reactor.wake();
      case 5:
        return world_.device->set_link(input_.flag());
      case 6:
        return world_.sim.limit_descriptors(input_.flag() ? input_.byte() : 1000);
      default:
        return report_readiness();
    }
  }
  /// What the kernel never would say.
  void report_readiness() {
    const std::size_t which = input_.byte();
    const unsigned what = input_.byte();
    const auto& watched = world_.os.watched;
    if (watched.empty()) return;
    world_.os.report(watched[which % watched.size()],
                     {.readable = (what & 1) != 0, .writable = (what & 2) != 0, .error = (what & 4) != 0});
  }

  void take(Duration limit) {
    Message message;
    if (world_.device->receive(message, limit) != Waited::message) return;
    if (message.kind == MessageKind::receive_ind && input_.flag()) read(message.socket, message.size);
    if (message.kind == MessageKind::close_cnf && input_.flag()) destroy(message.socket);
  }

  void accept(Link& one) {
    if (one.listener && !one.peer.valid() && !one.peer_is_over) one.peer = one.listener->try_accept();
  }
  void move_peer(SocketId id) {
    Link* const one = link(id);
    if (one == nullptr) return;
    accept(*one);
    const std::uint32_t what = input_.below(6);
    if (one->peer.valid()) {
      const std::string text = what < 2 ? some_bytes(one->peer_sent.size()) : "";
      switch (what) {
        case 0:
        case 1:
          one->peer_sent += text.substr(0, one->peer.offer(text));
          return;
        case 2:
          one->peer_got += one->peer.read(input_.below(60'000));
          return;
        case 3:
          return one->peer.finish();
        case 4:
          one->peer_is_over = true;
          return one->peer.abort();
        default:
          one->peer_is_over = true;
          return one->peer.close();
      }
    }
    if (one->datagrams && one->datagrams->read() != "nothing") {
      one->datagrams->send_to(one->datagrams->last_sender(), test::pattern(input_.below(60'000)));
    }
  }

  /// What came out at an end is what went in at the other, from the start and without a gap.
  static void compare(const Link& one) {
    if (one.type != SocketType::tcp) return;
    check(one.accepted.starts_with(one.peer_got), "other bytes than the script's arrive");
    check(one.peer_sent.starts_with(one.got), "other bytes than the peer's arrive");
    const bool whole = !one.peer.valid() || !one.peer.ended() || one.peer_got.size() == one.accepted.size();
    check(whole, "an orderly end, and bytes are missing");
  }

  void live(Duration time) {
    const Instant end = world_.sim.now() + time;
    for (Message message; world_.sim.now() < end;) {
      for (auto& [id, one] : links_) {
        accept(one);
        if (one.type == SocketType::tcp && one.peer.valid()) one.peer_got += one.peer.read();
      }
      if (world_.device->receive(message, std::min<Duration>(time / 8, end - world_.sim.now())) != Waited::message)
        continue;
      if (message.kind == MessageKind::receive_ind) read(message.socket, std::max<std::size_t>(message.size, 1));
    }
  }

  void settle() {
    world_.sim.limit_io(0);
    world_.sim.limit_descriptors(1000);
    world_.sim.black_hole(test::at(kFar, 0).address, false);
    live(100s);
    for (const SocketId id : world_.device->sockets()) (void)world_.device->close(id);
    live(10s);
    world_.device->check_answered(true);
    for (const SocketId id : world_.device->sockets()) destroy(id);
    check(world_.device->sockets().empty(), "a closed socket cannot be destroyed");
    links_.clear();
    world_.finish();
  }

  Input input_;
  test::World world_;
  std::map<SocketId, Link> links_;
};

}  // namespace
}  // namespace socketcore::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  socketcore::fuzz::abort_on_failure();
  socketcore::fuzz::Run({data, size}).run();
  return 0;
}
