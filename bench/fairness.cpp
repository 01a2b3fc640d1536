// How long one busy socket keeps all else waiting, for bench/latency.py:
//   fairness LOOP LOAD SECONDS ECHO_PORT BULK_PORT
// 10 sockets of a device echo 64 bytes each, one under way on each. Beside them another socket of it is busy:
//   LOAD none, receive, send, tls_receive or tls_send: as much as the server at BULK_PORT gives or takes
// LOOP says who turns the reactor:
//   receive   DeviceApi::receive, as a script does
//   turn      a host with Reactor::turn, which takes 64 messages at most between two turns
// Prints distributions: of the thread's processor time within Reactor::turn ("turn") and between two waits, all that the
// program does with the messages included ("between"), and of the echoes by the clock ("echo").

#include <array>
#include <csignal>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "client.hpp"
#include "distribution.hpp"
#include "socketcore/socketcore.hpp"
#include "timed_os.hpp"

namespace {

using socketcore::Duration;
using socketcore::Err;
using socketcore::Message;
using socketcore::MessageKind;
using socketcore::SocketId;
using socketcore::SocketType;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kEchoes = 10;
constexpr SocketId kBusy = kEchoes;  // ids count from 0
constexpr int kMessagesPerTurn = 64;
constexpr std::uint64_t kWithoutEnd = 999'999'999'999'999;

[[noreturn]] void give_up(const char* what, std::string_view why) {
  std::fprintf(stderr, "fairness: %s: %.*s\n", what, static_cast<int>(why.size()), why.data());
  std::exit(1);
}

class Trial {
 public:
  Trial(std::string_view load, std::uint16_t echo_port, std::uint16_t bulk_port)
      : load_(load),
        system_(socketcore::linux_os()),
        os_(*system_),
        reactor_(os_),
        device_(socketcore::Device::create(reactor_)) {
    for (std::size_t i = 0; i < kEchoes; ++i) open(SocketType::tcp, echo_port);
    if (load != "none") open(load.starts_with("tls_") ? SocketType::ssl : SocketType::tcp, bulk_port);
  }

  void run(std::string_view loop, std::chrono::seconds time) {
    const auto warm = Clock::now() + std::chrono::milliseconds(300);
    const auto end = warm + time;
    bool measures = false;
    while (Clock::now() < end) {
      if (!measures && Clock::now() >= warm) {
        measures = true;
        os_.start();
        turns_.clear();
        times_.clear();
        moved_ = 0;
      }
      if (loop == "receive") {
        if (device_->receive(message_, std::nullopt) == socketcore::Waited::message) handle();
      } else {
        turn();
      }
    }
    seconds_ = std::chrono::duration<double>(time).count();
  }

  void print() {
    std::printf("{\"mib_per_s\": %.0f, ", static_cast<double>(moved_) / seconds_ / 1048576);
    bench::Distribution(turns_).print("turn");
    std::printf(", ");
    bench::Distribution(os_.stretches()).print("between");
    std::printf(", ");
    bench::Distribution(times_).print("echo");
    std::printf("}\n");
  }

 private:
  void open(SocketType type, std::uint16_t port) {
    socketcore::ConnectRequest request;
    request.type = type;
    request.address = "127.0.0.1";
    request.port = port;
    if (const auto [id, error] = device_->connect(request); error != Err::ok) give_up("connect", name_of(error));
  }

  void turn() {
    const Duration before = bench::thread_time();
    (void)reactor_.turn(more_ ? Duration::zero() : Duration(-1));
    turns_.push_back(bench::thread_time() - before);
    int left = kMessagesPerTurn;
    while (left > 0 && device_->next(message_)) --left, handle();
    more_ = left == 0;
  }

  void handle() {
    if (message_.error != Err::ok) give_up("a message says", message_.reason);
    if (message_.socket == kBusy) return work();
    if (message_.kind == MessageKind::receive_ind) {
      (void)device_->peek(message_.socket, message_.size);
      device_->consume(message_.socket);
      times_.push_back(Clock::now() - sent_[static_cast<std::size_t>(message_.socket)]);
    }
    if (message_.kind != MessageKind::receive_ind && message_.kind != MessageKind::connect_cnf) return;
    sent_[static_cast<std::size_t>(message_.socket)] = Clock::now();
    send(message_.socket, std::span(chunk_).first(bench::kPingBytes));
  }

  void work() {
    if (message_.kind == MessageKind::connect_cnf && load_ != "tls_send") {
      const auto header = bench::header(kWithoutEnd);
      send(kBusy, std::as_bytes(std::span(header)).first(header.size() - 1));
    }
    if (message_.kind == MessageKind::receive_ind) {
      moved_ += device_->peek(kBusy, message_.size).size();
      device_->consume(kBusy);
    } else if (load_.ends_with("send")) {
      // The send buffer is kept as full as it will go.
      for (; device_->send_space(kBusy) >= chunk_.size(); moved_ += chunk_.size()) {
        send(kBusy, chunk_);
        if (device_->send_space(kBusy) == socketcore::host_profile().send_buffer_bytes) break;
      }
    }
  }

  void send(SocketId id, std::span<const std::byte> data) {
    if (const Err error = device_->send(id, data); error != Err::ok) give_up("send", name_of(error));
  }

  const std::string_view load_;
  std::unique_ptr<socketcore::Os> system_;
  bench::TimedOs os_;
  socketcore::Reactor reactor_;
  std::unique_ptr<socketcore::Device> device_;
  Message message_;
  bool more_ = false;
  std::array<Clock::time_point, kEchoes> sent_{};
  std::vector<Duration> turns_;
  std::vector<Duration> times_;
  std::uint64_t moved_ = 0;
  double seconds_ = 0;
  const std::vector<std::byte> chunk_ = std::vector<std::byte>(bench::kChunkBytes);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return std::fputs("usage: fairness LOOP LOAD SECONDS ECHO_PORT BULK_PORT\n", stderr), 2;
  std::signal(SIGPIPE, SIG_IGN);
  Trial trial(argv[2], static_cast<std::uint16_t>(bench::number(argv[4])),
              static_cast<std::uint16_t>(bench::number(argv[5])));
  trial.run(argv[1], std::chrono::seconds(bench::number(argv[3])));
  trial.print();
}
