#include "lockstep/peers.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "lockstep/window.hpp"

namespace lockstep {
namespace {

// As much as a client finds in one turn, and as a kernel takes from it in one. The second is no multiple of what the
// clients send at once, so that they meet partial writes too.
constexpr std::size_t kBurstBytes = 20 * kPatternPiece;
constexpr std::size_t kSendBufferBytes = 1'000'000;

class Echo final : public Peer {
 public:
  explicit Echo(bool until_close) : until_close_(until_close) {}

  void turn() override {
    if (incoming_.empty()) return;
    answer(incoming_.data(), incoming_.size());
    incoming_.clear();
    if (!until_close_) served(1);
  }
  void closed() override {
    if (until_close_) served(1);
  }

 private:
  bool until_close_;
};

class Source final : public Peer {
 public:
  std::size_t give(char* into, std::size_t size) override {
    size = std::min({size, ready_, kPatternPiece});
    if (into != nullptr) std::memcpy(into, next_of_pattern(), size);
    ready_ -= size;
    return size;
  }
  [[nodiscard]] std::size_t ready() const override { return ready_; }
  void turn() override {
    if (incoming_.size() >= kHeaderBytes) {
      left_ = std::strtoull(incoming_.c_str(), nullptr, 10);
      incoming_.clear();
    }
    if (ready_ > 0 || left_ == 0) return;
    ready_ = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kBurstBytes));
    left_ -= ready_;
    served(ready_);
  }

 private:
  std::uint64_t left_ = 0;
  std::size_t ready_ = 0;
};

class Sink final : public Peer {
 public:
  std::size_t take(const char* data, std::size_t size) override {
    const std::size_t taken = std::min(size, kSendBufferBytes - held_);
    incoming_.append(data, std::min(taken, kHeaderBytes - incoming_.size()));
    held_ += taken;
    return taken;
  }
  [[nodiscard]] bool takes_more() const override { return held_ < kSendBufferBytes; }
  void turn() override {
    if (incoming_.size() < kHeaderBytes) return;
    if (taken_ == 0) wanted_ = kHeaderBytes + std::strtoull(incoming_.c_str(), nullptr, 10);
    if (held_ == 0) return;
    taken_ += held_;
    served(held_);
    held_ = 0;
    if (taken_ == wanted_) answer("!", 1);
  }

 private:
  std::size_t held_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t wanted_ = 0;
};

}  // namespace

std::size_t Peer::take(const char* data, std::size_t size) {
  incoming_.append(data, size);
  return size;
}

std::size_t Peer::give(char* into, std::size_t size) {
  size = std::min(size, ready());
  if (into != nullptr) std::memcpy(into, outgoing_.data() + given_, size);
  given_ += size;
  if (given_ == outgoing_.size()) outgoing_.clear(), given_ = 0;
  return size;
}

void Peer::answer(const char* data, std::size_t size) {
  outgoing_.append(data, size);
}

std::unique_ptr<Peer> make_peer(Service service) {
  switch (service) {
    case Service::echo:
      return std::make_unique<Echo>(false);
    case Service::connects:
      return std::make_unique<Echo>(true);
    case Service::source:
      return std::make_unique<Source>();
    case Service::sink:
      return std::make_unique<Sink>();
    case Service::tls_source:
      return make_tls_source();
  }
  return nullptr;
}

const char* next_of_pattern() {
  constexpr std::size_t kBytes = 8 * kPatternPiece;
  constexpr std::size_t kStep = 4099;
  static const std::vector<char> pattern = [] {
    std::vector<char> bytes(kBytes);
    std::mt19937 random(1);
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  }();
  static std::size_t offset = 0;
  offset = (offset + kStep) % (kBytes - kPatternPiece);
  return &pattern[offset];
}

}  // namespace lockstep
