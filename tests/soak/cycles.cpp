// What cycles.lua does, by the engine alone: cycles KIND PORT STOP...

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "socketcore/socketcore.hpp"
#include "tell.hpp"

namespace {

using soak::fail;
using socketcore::Err;
using socketcore::Message;
using socketcore::MessageKind;
using socketcore::SocketId;
using socketcore::SocketType;

class Cycles {
 public:
  Cycles(std::string_view kind, std::uint16_t port) : refused_(kind == "refused") {
    request_.type = kind == "udp" ? SocketType::udp : kind == "ssl" ? SocketType::ssl : SocketType::tcp;
    request_.address = "127.0.0.1";
    request_.port = port;
  }

  void one(int number) {
    const auto [id, error] = device_->connect(request_);
    if (error != Err::ok) fail("connect");
    expect(MessageKind::connect_cnf, id, refused_ ? Err::erst : Err::ok);
    if (!refused_) {
      const std::string data = "cycle " + std::to_string(number);
      if (device_->send(id, std::as_bytes(std::span(data))) != Err::ok) fail("send");
      expect(MessageKind::receive_ind, id, Err::ok);
      const auto echo = device_->peek(id, message_.size);
      if (echo.size() != data.size() || std::memcmp(echo.data(), data.data(), data.size()) != 0) fail("the echo differs");
      device_->consume(id);
      if (!device_->close(id)) fail("close");
      expect(MessageKind::close_cnf, id, Err::ok);
    }
    if (!device_->destroy(id)) fail("destroy");
  }

 private:
  void expect(MessageKind kind, SocketId id, Err error) {
    using namespace std::chrono_literals;
    do {
      if (device_->receive(message_, 10s) != socketcore::Waited::message) fail("no message came");
      // A send's confirmation may come on either side of the answer.
    } while (message_.kind == MessageKind::send_cnf && kind != MessageKind::send_cnf);
    if (message_.kind != kind || message_.socket != id || message_.error != error)
      fail("another message: " + message_.reason);
  }

  std::unique_ptr<socketcore::Os> os_ = socketcore::linux_os();
  socketcore::Reactor reactor_{*os_};
  std::unique_ptr<socketcore::Device> device_ = socketcore::Device::create(reactor_);
  socketcore::ConnectRequest request_;
  Message message_;
  bool refused_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s tcp|udp|ssl|refused PORT STOP...\n", argv[0]);
    return 2;
  }
  soak::without_buffers();
  Cycles cycles(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])));
  int number = 0;
  for (int i = 3; i < argc; ++i) {
    const int stop = std::atoi(argv[i]);
    while (number < stop) cycles.one(++number);
    soak::tell_and_wait(std::to_string(stop));
  }
  return 0;
}
