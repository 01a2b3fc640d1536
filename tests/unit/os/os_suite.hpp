#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "os/sim.hpp"
#include "socketcore/os.hpp"

/// One suite for every Os: what it shows of Linux over loopback holds for SimOs too, or the fake has drifted.
namespace socketcore::test {

using namespace std::chrono_literals;

/// A readiness in letters: R readable, W writable, D ended, H hangup, E error.
std::string letters(Readiness what);

std::span<const std::byte> bytes_of(std::string_view text);
std::string text_of(std::span<const std::byte> bytes);

enum class Kind { linux_kernel, simulated };

inline std::string kind_name(const ::testing::TestParamInfo<Kind>& kind) {
  return kind.param == Kind::simulated ? "sim" : "linux";
}

class OsSuite : public ::testing::TestWithParam<Kind> {
 protected:
  OsSuite();
  ~OsSuite() override;

  [[nodiscard]] Os& os() { return *os_; }
  [[nodiscard]] SimOs* sim() { return sim_; }

  /// Containers often have none.
  [[nodiscard]] bool has_ipv6();
  int open(Family family, SocketKind kind);
  /// Open and bound to a port of the kernel's choice on the loopback address.
  int open_bound(Family family, SocketKind kind);
  int open_listener(Family family = Family::v4, int backlog = 8);
  Endpoint local(int fd);
  void close(int fd);

  /// A connection, not yet watched. `prepare` may set options before it is made.
  struct Pair {
    int client = -1;
    int server = -1;
  };
  using Prepare = std::function<void(int listener, int client)>;
  Pair connected(Family family = Family::v4, const Prepare& prepare = {});
  /// Both ends watched, as keys kClient and kServer, and the first edges taken.
  Pair watched(const Prepare& prepare = {});
  static constexpr std::uint64_t kClient = 1;
  static constexpr std::uint64_t kServer = 2;

  void watch(int fd, std::uint64_t key, Interest interest = Interest::input_and_output);
  /// One wait(); notes its events.
  void pump(Duration limit);
  /// Waits for an edge that shows exactly `expected`; answers what the last one before the limit showed.
  std::string await(std::uint64_t key, std::string_view expected);
  /// Waits until it holds, at most for kLimit.
  bool until(const std::function<bool()>& holds);
  /// Forgets the edges of the key so far.
  void forget(std::uint64_t key) { last_.erase(key); }
  /// No edge of the key for a short while.
  bool quiet(std::uint64_t key);

  /// Sends until the kernel takes no more and the peer's window is full. Answers how much was taken.
  std::size_t fill(int from);
  /// Receives until `size` bytes have come, the stream ends, or it fails.
  std::string receive(int fd, std::size_t size);
  IoResult receive_once(int fd, std::size_t room = 65536);
  std::string receive_datagram(int fd, std::size_t room = 65536);

  static constexpr Duration kLimit = 10s;

 private:
  std::unique_ptr<Os> os_;
  SimOs* sim_ = nullptr;
  std::vector<int> open_;
  std::map<std::uint64_t, std::string> last_;
  std::map<std::uint64_t, int> edges_;
};

}  // namespace socketcore::test

#define SC_OS_SUITE(name) \
  INSTANTIATE_TEST_SUITE_P(Every, name, ::testing::Values(Kind::linux_kernel, Kind::simulated), kind_name)
