// What crowd.lua does, by the engine alone: crowd PORT COUNT ROUNDS.

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "socketcore/socketcore.hpp"
#include "tell.hpp"

namespace {

using soak::fail;
using socketcore::Err;
using socketcore::Message;
using socketcore::MessageKind;
using socketcore::SocketId;

// An address of the server for each so many sockets: there are 28,000 local ports towards one, and the last are slow to find.
constexpr std::size_t kSocketsPerAddress = 10'000;
// A listener's queue is no longer than 4096.
constexpr std::size_t kConnectingAtOnce = 1'000;

class Crowd {
 public:
  Crowd(std::uint16_t port, std::size_t count) : port_(port) { ids_.reserve(count); }

  void open(std::size_t count) {
    for (std::size_t ready = 0; ready < count; ++ready) {
      while (ids_.size() < count && ids_.size() - ready < kConnectingAtOnce) connect();
      take(MessageKind::connect_cnf);
    }
  }

  void echo() {
    for (const SocketId id : ids_) {
      const std::string line = line_of(id);
      if (device_->send(id, std::as_bytes(std::span(line))) != Err::ok) fail("send");
    }
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      const SocketId id = take(MessageKind::receive_ind);
      const auto echo = device_->peek(id, message_.size);
      if (std::string(reinterpret_cast<const char*>(echo.data()), echo.size()) != line_of(id)) fail("the echo differs");
      device_->consume(id);
    }
  }

  void close() {
    for (const SocketId id : ids_) {
      if (!device_->close(id)) fail("close");
    }
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (!device_->destroy(take(MessageKind::close_cnf))) fail("destroy");
    }
    ids_.clear();
  }

 private:
  static std::string line_of(SocketId id) { return "socket " + std::to_string(id) + "\n"; }

  void connect() {
    const std::string address = "127.0.0." + std::to_string(1 + ids_.size() / kSocketsPerAddress);
    const auto [id, error] = device_->connect({.address = address, .port = port_});
    if (error != Err::ok) fail("connect");
    ids_.push_back(id);
  }

  SocketId take(MessageKind kind) {
    using namespace std::chrono_literals;
    do {
      if (device_->receive(message_, 60s) != socketcore::Waited::message) fail("no message came");
    } while (message_.kind == MessageKind::send_cnf);
    if (message_.kind != kind || message_.error != Err::ok) fail("another message: " + message_.reason);
    return message_.socket;
  }

  std::uint16_t port_;
  std::unique_ptr<socketcore::Os> os_ = socketcore::linux_os();
  socketcore::Reactor reactor_{*os_};
  std::unique_ptr<socketcore::Device> device_ = socketcore::Device::create(reactor_);
  std::vector<SocketId> ids_;
  Message message_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s PORT COUNT ROUNDS\n", argv[0]);
    return 2;
  }
  soak::without_buffers();
  const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
  Crowd crowd(static_cast<std::uint16_t>(std::atoi(argv[1])), count);
  soak::tell_and_wait("start");
  for (int round = std::atoi(argv[3]); round > 0; --round) {
    crowd.open(count);
    soak::tell_and_wait("open");
    crowd.echo();
    soak::tell_and_wait("echoed");
    crowd.close();
    malloc_trim(0);  // what is free shows as free
    soak::tell_and_wait("closed");
  }
  return 0;
}
