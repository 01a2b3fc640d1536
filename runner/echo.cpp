#include "runner/echo.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wiped.hpp"
#include "loop/loop.hpp"
#include "runner/signals.hpp"
#include "socketcore/os.hpp"
#include "transport/tcp_stream.hpp"
#include "transport/tls_context.hpp"
#include "transport/tls_throwaway.hpp"

namespace runner {

namespace {

namespace sc = socketcore;
using namespace std::chrono_literals;

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;
constexpr int kBacklog = 4096;
// How much one handler does before the others get their turn.
constexpr int kStepsPerTurn = 32;

/// What all services use: one turn, one buffer.
struct Bench {
  sc::Os& os;
  sc::Loop& loop;
  sc::Log& log;
  std::vector<std::byte> buffer = std::vector<std::byte>(kBufferBytes);

  void warn(const std::string& line) const {
    if (log.wants(sc::LogLevel::warning)) log.write(sc::LogLevel::warning, line);
  }
};

/// One TCP or TLS connection. It reads only while nothing is left to send back, so a peer that does not read makes itself
/// wait, and at most one buffer's worth is kept for it.
class Connection final : public sc::Handler {
 public:
  Connection(Bench& bench, std::unique_ptr<sc::Transport> transport)
      : bench_(bench), transport_(std::move(transport)), token_(bench.loop.attach(*this)) {}

  /// Throws std::bad_alloc only. `self` belongs to the loop afterwards.
  static void start(Bench& bench, std::unique_ptr<sc::Transport> transport) {
    auto self = std::make_unique<Connection>(bench, std::move(transport));
    const sc::Token token = self->token_;
    if (!bench.loop.watch(self->transport_->fd(), token).ok()) {
      bench.loop.detach(token);
      return;
    }
    bench.loop.adopt(std::move(self), token);
  }

  void on_ready(sc::Readiness) noexcept override { work(); }
  void on_turn() noexcept override { work(); }

 private:
  enum class Step { again, wait, over };

  void work() noexcept {
    for (int i = 0; i < kStepsPerTurn; ++i) {
      const Step step = next_step();
      if (step == Step::over) bench_.loop.release(token_);
      if (step != Step::again) return;
    }
    bench_.loop.defer(token_);
  }

  Step next_step() noexcept {
    if (!ready_) {
      const sc::Flow flow = transport_->handshake();
      ready_ = flow == sc::Flow::done;
      return after(flow);
    }
    if (!unsent_.empty()) {
      const sc::Moved moved = transport_->write(unsent_);
      unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(moved.size));
      if (unsent_.empty()) unsent_.shrink_to_fit();
      return after(moved.flow);
    }
    if (const sc::Flow flow = transport_->flush(); flow != sc::Flow::done) return after(flow);
    if (ended_) return transport_->finish(false) == sc::Flow::blocked ? Step::wait : Step::over;
    return echo();
  }

  Step echo() noexcept {
    const sc::Moved read = transport_->read(bench_.buffer);
    if (read.flow == sc::Flow::end) {
      ended_ = true;
      return Step::again;
    }
    if (read.flow != sc::Flow::done) return after(read.flow);
    const std::span<const std::byte> data = std::span(bench_.buffer).first(read.size);
    const sc::Moved written = transport_->write(data);
    if (written.flow == sc::Flow::failed) return Step::over;
    if (written.flow == sc::Flow::done) return Step::again;
    try {
      unsent_.assign(data.begin() + static_cast<std::ptrdiff_t>(written.size), data.end());
    } catch (const std::bad_alloc&) {
      return Step::over;
    }
    return Step::wait;
  }

  static Step after(sc::Flow flow) noexcept {
    if (flow == sc::Flow::failed) return Step::over;
    return flow == sc::Flow::blocked ? Step::wait : Step::again;
  }

  Bench& bench_;
  std::unique_ptr<sc::Transport> transport_;
  sc::Token token_;
  std::vector<std::byte> unsent_;
  bool ready_ = false;  // the handshake is done
  bool ended_ = false;  // the peer has ended its side
};

/// Accepts connections, with TLS on top where there is a layer.
class Listener final : public sc::Handler {
 public:
  Listener(Bench& bench, sc::OwnedFd fd, std::unique_ptr<const sc::Layer> layer)
      : bench_(bench),
        fd_(std::move(fd)),
        layer_(std::move(layer)),
        token_(bench.loop.attach(*this)),
        retry_(bench.loop.timers().make(token_, 0)) {}

  [[nodiscard]] sc::SysError start() { return bench_.loop.watch(fd_.get(), token_); }

  void on_ready(sc::Readiness) noexcept override { work(); }
  void on_turn() noexcept override { work(); }
  void on_timer(std::uint32_t) noexcept override { work(); }

 private:
  void work() noexcept {
    for (int i = 0; i < kStepsPerTurn; ++i) {
      const sc::OpenResult accepted = bench_.os.accept(fd_.get(), nullptr);
      if (accepted.error.would_block()) return;
      if (!accepted.ok()) {
        // Out of descriptors, most likely. No new edge will say when there are some again.
        bench_.loop.timers().arm(retry_, bench_.os.now() + 100ms);
        return;
      }
      serve({bench_.os, accepted.fd});
    }
    bench_.loop.defer(token_);
  }

  void serve(sc::OwnedFd fd) noexcept {
    (void)bench_.os.set_option(fd.get(), sc::OsOption::no_delay, 1);
    try {
      std::unique_ptr<sc::Transport> transport = std::make_unique<sc::TcpStream>(std::move(fd));
      if (layer_) {
        auto wrapped = layer_->wrap(std::move(transport));
        if (!wrapped) return bench_.warn(wrapped.failure().words);
        transport = std::move(wrapped.value());
      }
      Connection::start(bench_, std::move(transport));
    } catch (const std::bad_alloc&) {  // the connection is closed: its peer sees that
    }
  }

  Bench& bench_;
  sc::OwnedFd fd_;
  std::unique_ptr<const sc::Layer> layer_;
  sc::Token token_;
  sc::TimerKey retry_;
};

/// Sends each datagram back to its sender. One that cannot be sent at once is lost, as datagrams are.
class Datagrams final : public sc::Handler {
 public:
  Datagrams(Bench& bench, sc::OwnedFd fd) : bench_(bench), fd_(std::move(fd)), token_(bench.loop.attach(*this)) {}

  [[nodiscard]] sc::SysError start() { return bench_.loop.watch(fd_.get(), token_); }

  void on_ready(sc::Readiness) noexcept override { work(); }
  void on_turn() noexcept override { work(); }

 private:
  void work() noexcept {
    for (int i = 0; i < kStepsPerTurn; ++i) {
      sc::Endpoint from;
      const sc::IoResult got = bench_.os.receive_from(fd_.get(), bench_.buffer, &from);
      if (got.error.would_block()) return;
      // Any other error is the kernel's news about a datagram sent earlier.
      if (got.ok()) (void)bench_.os.send_to(fd_.get(), std::span(bench_.buffer).first(got.size), from);
    }
    bench_.loop.defer(token_);
  }

  Bench& bench_;
  sc::OwnedFd fd_;
  sc::Token token_;
};

/// Empty: it cannot be read.
std::string read_pem(const std::string& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  std::ifstream file;
  file.rdbuf()->pubsetbuf(nullptr, 0);  // which would keep a piece of the key
  file.open(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), kMostBytes);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// A regular file is complete from the moment it is there: a script may be waiting for it. What else is there already (a
/// pipe, a link) is written to.
bool write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::symlink_status(path, error).type();
  const bool in_place = type != std::filesystem::file_type::regular && type != std::filesystem::file_type::not_found;
  const std::string target = in_place ? path : path + ".new";
  std::ofstream file(target, std::ios::binary);
  file << text;
  file.close();
  if (in_place) return !file.fail();
  if (file && std::rename(target.c_str(), path.c_str()) == 0) return true;
  std::filesystem::remove(target, error);
  return false;
}

class EchoServer {
 public:
  EchoServer(sc::Os& os, const EchoOptions& options, sc::Log& log) : options_(options), loop_(os), bench_{os, loop_, log} {}

  /// Empty: it listens. Else what is wrong.
  [[nodiscard]] std::string start() {
    const auto address = sc::Address::parse(options_.bind);
    if (!address) return options_.bind + " is no IP address";
    auto layer = make_tls();
    if (!layer) return layer.failure().words;

    const auto listen = [&](const char* name, std::uint16_t port, std::unique_ptr<const sc::Layer> on_top) {
      const auto stream = name != std::string_view("udp");
      sc::OwnedFd fd = open({*address, port}, stream ? sc::SocketKind::stream : sc::SocketKind::datagram);
      if (!fd.valid()) return false;
      const auto local = bench_.os.local_endpoint(fd.get());
      lines_ += std::string(name) + " " + (local ? local->text() : std::string()) + "\n";
      if (!stream) {
        datagrams_.emplace(bench_, std::move(fd));
        error_ = datagrams_->start();
      } else {
        listeners_.push_back(std::make_unique<Listener>(bench_, std::move(fd), std::move(on_top)));
        error_ = listeners_.back()->start();
      }
      return error_.ok();
    };
    if (!listen("tcp", options_.tcp_port, nullptr) || !listen("udp", options_.udp_port, nullptr) ||
        !listen("tls", options_.tls_port, std::move(layer.value()))) {
      return failed_ + ": " + std::string(error_.words());
    }
    return {};
  }

  [[nodiscard]] const std::string& lines() const { return lines_; }

  void serve() {
    while (stop_signal() == 0) loop_.turn(sc::Duration(-1));
  }

 private:
  using MaybeLayer = sc::Result<std::unique_ptr<const sc::Layer>>;

  MaybeLayer make_tls() {
    sc::Throwaway pem;
    if (options_.cert_file.empty()) {
      std::vector<std::string_view> names = {"localhost", "127.0.0.1", "::1"};
      if (options_.bind != "127.0.0.1" && options_.bind != "::1") names.emplace_back(options_.bind);
      auto made = sc::make_throwaway(names);
      if (!made) return made.failure();
      pem = std::move(made.value());
      if (!options_.ca_file.empty() && !write_file(options_.ca_file, pem.ca_cert)) {
        return sc::Failure{sc::Err::eio, "cannot write " + options_.ca_file};
      }
    } else {
      pem.cert = read_pem(options_.cert_file);
      pem.key = read_pem(options_.key_file);
      if (pem.cert.empty()) return sc::Failure{sc::Err::eio, "cannot read a certificate from " + options_.cert_file};
      if (pem.key.empty()) return sc::Failure{sc::Err::eio, "cannot read a key from " + options_.key_file};
    }
    auto context = contexts_.server({.ca_cert = {}, .cert = pem.cert, .key = pem.key, .key_password = {}});
    sc::wipe(pem.key);
    if (!context) return context.failure();
    return sc::tls_server_layer(std::move(context.value()));
  }

  sc::OwnedFd open(const sc::Endpoint& local, sc::SocketKind kind) {
    failed_ = "listen on " + local.text();
    const sc::OpenResult opened = bench_.os.open(local.address.family, kind, 0);
    error_ = opened.error;
    if (!opened.ok()) return {};
    sc::OwnedFd fd(bench_.os, opened.fd);
    if (kind == sc::SocketKind::stream) (void)bench_.os.set_option(fd.get(), sc::OsOption::reuse_address, 1);
    error_ = bench_.os.bind(fd.get(), local);
    if (error_.ok() && kind == sc::SocketKind::stream) error_ = bench_.os.listen(fd.get(), kBacklog);
    if (!error_.ok()) fd.reset();
    return fd;
  }

  const EchoOptions& options_;
  sc::TlsContexts contexts_;
  sc::Loop loop_;
  Bench bench_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::optional<Datagrams> datagrams_;
  std::string lines_;
  std::string failed_;
  sc::SysError error_;
};

}  // namespace

int run_echo(const EchoOptions& options, sc::Log& log) {
  sc::SysError error;
  const std::unique_ptr<sc::Os> os = sc::linux_os(&error);
  if (!os) {
    std::fprintf(stderr, "socketcore: epoll: %s\n", std::string(error.words()).c_str());
    return EXIT_FAILURE;
  }
  EchoServer server(*os, options, log);
  std::string problem = server.start();
  if (problem.empty() && !options.ready_file.empty() && !write_file(options.ready_file, server.lines())) {
    problem = "cannot write " + options.ready_file;
  }
  if (!problem.empty()) {
    std::fprintf(stderr, "socketcore: %s\n", problem.c_str());
    return EXIT_FAILURE;
  }
  std::fputs(server.lines().c_str(), stdout);
  std::fflush(stdout);

  wake_on_stop(os.get());
  server.serve();
  wake_on_stop(nullptr);
  return EXIT_SUCCESS;
}

}  // namespace runner
