#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sim/peers.hpp"
#include "socketcore/socketcore.hpp"

namespace socketcore::test {

/// A thread of its own that sends back what it gets, over TLS. Its Os is its own, too.
class TlsEchoThread {
 public:
  /// `layer` must outlive it.
  explicit TlsEchoThread(const Layer& layer = tls_server()) : layer_(layer), thread_([this] { serve(); }) {}
  ~TlsEchoThread() {
    done_ = true;
    thread_.join();
  }
  TlsEchoThread(const TlsEchoThread&) = delete;
  TlsEchoThread& operator=(const TlsEchoThread&) = delete;

  [[nodiscard]] std::uint16_t port() { return os_->local_endpoint(listener_.fd())->port; }

 private:
  void serve() {
    std::vector<TlsPeer> peers;
    while (!done_) {
      if (Peer accepted = listener_.try_accept(); accepted.valid()) peers.emplace_back(std::move(accepted), layer_);
      for (TlsPeer& peer : peers) {
        if (!peer.pump()) continue;
        if (const std::string text = peer.read(); !text.empty()) peer.send(text);
      }
      std::erase_if(peers, [](const TlsPeer& peer) { return peer.ended(); });
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  const Layer& layer_;
  std::unique_ptr<Os> os_ = linux_os();
  Listener listener_{*os_, at("127.0.0.1", 0), 64};
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace socketcore::test
