#include <random>

#include "unit/os/os_suite.hpp"

/// The same calls on both Oses, drawn from a seed: whatever a connection answers and reports on Linux, SimOs must too.
namespace socketcore::test {
namespace {

class Connection {
 public:
  Connection(std::unique_ptr<Os> os, Duration patience) : os_(std::move(os)), patience_(patience) {
    const int listener = os_->open(Family::v4, SocketKind::stream, 0).fd;
    (void)os_->bind(listener, {*Address::parse("127.0.0.1"), 0});
    (void)os_->listen(listener, 1);
    ends_[0] = os_->open(Family::v4, SocketKind::stream, 0).fd;
    (void)os_->watch(ends_[0], 0, Interest::input_and_output);
    (void)os_->connect(ends_[0], *os_->local_endpoint(listener));
    settle();
    ends_[1] = os_->accept(listener, nullptr).fd;
    (void)os_->watch(ends_[1], 1, Interest::input_and_output);
    settle();
    os_->close(listener);
  }
  ~Connection() {
    for (const int fd : ends_) {
      if (fd >= 0) os_->close(fd);
    }
  }

  /// Makes one call and tells all that can be seen of it: the answer, and what each end's last edge showed.
  std::string act(std::uint32_t choice, std::size_t which, std::size_t size) {
    const int fd = ends_[which];
    edges_ = {};
    std::string answer;
    switch (choice) {
      case 0:
      case 1:
      case 2:
        answer = "send " + told(os_->send(fd, std::vector<std::byte>(size)));
        break;
      case 3:
      case 4: {
        std::vector<std::byte> into(size);
        answer = "receive " + told(os_->receive(fd, into));
        break;
      }
      case 5:
        answer = "discard " + told(os_->discard(fd));
        break;
      case 6:
        answer = "shutdown " + std::to_string(os_->shutdown_send(fd).number());
        break;
      case 7:
        answer = "error " + std::to_string(os_->take_error(fd).number());
        break;
      case 8:
        answer = "notices " + std::to_string(os_->set_option(fd, OsOption::ack_notices, 1).number());
        break;
      case 9:
        answer = "take notices";
        os_->take_ack_notices(fd);
        break;
      case 10:
        answer = "abort " + std::to_string(os_->set_option(fd, OsOption::abort_on_close, 1).number());
        break;
      default:
        answer = "close";
        os_->close(std::exchange(ends_[which], -1));
        break;
    }
    settle();
    answer = "end " + std::to_string(which) + ": " + answer + ", edges";
    for (const std::string& edge : edges_) answer += ' ' + (edge.empty() ? "-" : edge);
    return answer;
  }

  [[nodiscard]] bool open(std::size_t which) const { return ends_[which] >= 0; }

 private:
  static std::string told(IoResult result) {
    return std::to_string(result.size) + '/' + std::to_string(result.error.number());
  }

  void settle() {
    // Acknowledgements may take their time (40 ms), also on loopback.
    const Instant limit = os_->now() + 500ms;
    bool all_acknowledged = false;
    while (!all_acknowledged && os_->now() < limit) {
      std::array<ReadyEvent, 8> events;
      while (const std::size_t count = os_->wait(events, patience_)) {
        for (std::size_t i = 0; i < count; ++i) {
          edges_[events[i].key] = letters(events[i].what);
          over_[events[i].key] = over_[events[i].key] || events[i].what.hangup;
        }
      }
      all_acknowledged = true;
      for (std::size_t i = 0; i < ends_.size(); ++i) {
        // What a stream that was reset has lost is never acknowledged.
        all_acknowledged &= over_[i] || ends_[i] < 0 || os_->unacknowledged(ends_[i]) == 0;
      }
    }
  }

  std::unique_ptr<Os> os_;
  Duration patience_;
  std::array<int, 2> ends_{-1, -1};
  std::array<bool, 2> over_{};
  std::array<std::string, 2> edges_;
};

/// Runs the calls of one seed on both. Answers where they differ; nothing if they never do.
std::string difference(std::uint32_t seed, Duration patience) {
  std::mt19937 random(seed);
  Connection real(linux_os(), patience);
  Connection fake(std::make_unique<SimOs>(seed), patience);
  std::string story = "seed " + std::to_string(seed) + '\n';
  for (int step = 0; step < 25 && (real.open(0) || real.open(1)); ++step) {
    std::size_t which = random() % 2;
    if (!real.open(which)) which = 1 - which;
    const auto choice = static_cast<std::uint32_t>(random() % 12);
    const std::size_t size = 1 + random() % 900;
    const std::string expected = real.act(choice, which, size);
    const std::string found = fake.act(choice, which, size);
    if (found != expected) return story + "Linux: " + expected + "\nSimOs: " + found;
    story += expected + '\n';
  }
  return {};
}

/// 2500 of them were tried when this was written.
constexpr std::uint32_t kSeeds = 40;

TEST(Differential, SimulationAnswersAndReportsWhatLinuxDoes) {
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    // Loopback delivers within the call that sends, unless the machine is busy: only what stays different is a difference.
    if (difference(seed, 1ms).empty()) continue;
    ASSERT_EQ(difference(seed, 100ms), "");
  }
}

}  // namespace
}  // namespace socketcore::test
