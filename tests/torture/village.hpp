#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lua/modules.hpp"
#include "sim/meddling_os.hpp"
#include "sim/peers.hpp"

/// Where the scripts of scenarios.lua run: a simulated kernel with peers of every kind in it.
namespace socketcore::test {

/// Those of scenarios.lua.
constexpr const char* kScripts[]{"echo", "large", "tls", "bad_pem", "udp", "refused", "a_name_that_is_none", "reset", "goodbye",
                                 "closes_in_every_state", "timers", "strays", "many", "ends_in_the_midst"};

constexpr std::string_view kHost = "192.0.2.1";
// Waits that one script may make before it counts as one that never ends.
constexpr std::size_t kMostWaits = 2'000'000;

/// What serves a script: peers of every kind at one address.
class Village {
 public:
  explicit Village(SimOs& sim)
      : echo_(sim, at(kHost, 7)),
        tls_(sim, at(kHost, 443)),
        reset_(sim, at(kHost, 10)),
        goodbye_(sim, at(kHost, 11)),
        silent_(sim, at(kHost, 12)),
        udp_(sim, at(kHost, 9)) {}

  void move() {
    for (Peer peer = echo_.try_accept(); peer.valid(); peer = echo_.try_accept()) echoing_.emplace_back(std::move(peer), "");
    for (Peer peer = tls_.try_accept(); peer.valid(); peer = tls_.try_accept()) {
      secure_.emplace_back(TlsPeer(std::move(peer), tls_server()), "");
    }
    for (Peer peer = reset_.try_accept(); peer.valid(); peer = reset_.try_accept()) resetting_.push_back(std::move(peer));
    for (Peer peer = silent_.try_accept(); peer.valid(); peer = silent_.try_accept()) held_.push_back(std::move(peer));
    for (Peer peer = goodbye_.try_accept(); peer.valid(); peer = goodbye_.try_accept()) {
      (void)peer.offer("goodbye");
      peer.finish();
      held_.push_back(std::move(peer));
    }
    for (auto& [peer, waits] : echoing_) {
      if (!peer.valid()) continue;
      waits += peer.read();
      waits.erase(0, peer.offer(waits));
      if (!peer.error().ok() || (peer.ended() && waits.empty())) peer.close();
    }
    for (auto& [peer, waits] : secure_) {
      if (!peer.valid() || !peer.pump()) continue;
      waits += peer.read();
      if (!waits.empty()) waits.erase(0, peer.stream().write(bytes_of(waits)).size);
    }
    for (Peer& peer : resetting_) {
      if (peer.valid() && !peer.read().empty()) peer.abort();
    }
    for (std::string text = udp_.read(); text != "nothing"; text = udp_.read()) {
      udp_.send_to(udp_.last_sender(), text);
    }
  }

 private:
  Listener echo_;
  Listener tls_;
  Listener reset_;
  Listener goodbye_;
  Listener silent_;
  DatagramPeer udp_;
  std::vector<std::pair<Peer, std::string>> echoing_;
  std::vector<std::pair<TlsPeer, std::string>> secure_;
  std::vector<Peer> resetting_;
  std::vector<Peer> held_;
};

struct SimPart {
  SimOs sim;
  MeddlingOs meddling{sim};
};

/// The kernel of one script: its peers move while it waits.
class VillageOs final : private SimPart, public ForwardingOs {
 public:
  VillageOs() : ForwardingOs(static_cast<Os&>(meddling)), village_(std::make_unique<Village>(sim)) { faults.go_on(); }
  ~VillageOs() override {
    const PromisesChecked promises;
    const Plenty plenty;
    faults.pause();
    village_.reset();
    EXPECT_EQ(sim.open_descriptors(), 0U) << "a descriptor was left open";
  }

  // c-ares and datagrams that wait use these, too: the kernel has memory of its own.
  IoResult receive_from(int fd, std::span<std::byte> into, Endpoint* from) noexcept override {
    const Plenty plenty;
    return ForwardingOs::receive_from(fd, into, from);
  }
  SysError rewatch(int fd, std::uint64_t key, Interest interest) noexcept override {
    const Plenty plenty;
    return ForwardingOs::rewatch(fd, key, interest);
  }

  std::size_t wait(std::span<ReadyEvent> into, Duration timeout) noexcept override {
    const Plenty plenty;
    if (++waits_ > kMostWaits) std::abort();
    const Instant start = now();
    for (;;) {
      village_->move();
      const Duration left = timeout < Duration::zero() ? kStep : timeout - (now() - start);
      const std::size_t count = meddling.wait(into, std::clamp(left, Duration::zero(), kStep));
      if (count > 0 || meddling.interrupted() || left <= Duration::zero()) return count;
      // Nothing of the script's own can come of itself: enough of the peers' time has gone by.
      if (timeout < Duration::zero() && now() - start > std::chrono::hours(1)) std::abort();
    }
  }

 private:
  static constexpr Duration kStep = std::chrono::milliseconds(1);
  std::unique_ptr<Village> village_;
  std::size_t waits_ = 0;
};

inline std::unique_ptr<Os> make_village(SysError*) { return std::make_unique<VillageOs>(); }

/// Runs the script whose name is the light userdata on the stack, with modules whose functions `starve` has made short of memory.
template <void (*starve)(lua_State*), int (*relent)(lua_State*)>
int run_script(lua_State* L) {
  const auto* const name = static_cast<const char*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
  lua::HostSettings settings;
  settings.make_os = make_village;
  lua::push_host(L, settings);
  lua::push_socketcore(L);
  starve(L);
  lua_setglobal(L, "socketcore");
  lua::push_rtos(L);
  starve(L);
  lua_setglobal(L, "rtos");
  lua_register(L, "relent", relent);
  if (luaL_loadfile(L, SC_SCENARIOS) != 0) return lua_error(L);
  lua_call(L, 0, 1);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
  return 0;
}

}  // namespace socketcore::test
