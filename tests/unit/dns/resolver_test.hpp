#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "dns/cares_resolver.hpp"
#include "forwarding_os.hpp"
#include "name_server.hpp"

/// What the tests of the resolver have in common.
namespace socketcore::test {

using namespace std::chrono_literals;

/// The Os of these tests: the kernel's, with faults on order.
class TestOs final : public ForwardingOs {
 public:
  using ForwardingOs::ForwardingOs;

  OpenResult open(Family family, SocketKind kind, int protocol) noexcept override {
    if (kind == SocketKind::stream && stream_open_error != 0) return {-1, SysError(stream_open_error)};
    if (open_error != 0) return {-1, SysError(open_error)};
    const OpenResult opened = ForwardingOs::open(family, kind, protocol);
    if (opened.ok() && kind == SocketKind::stream) last_stream_ = opened.fd;
    return opened;
  }
  SysError connect(int fd, const Endpoint& peer) noexcept override {
    ++connects;
    return connect_error != 0 ? SysError(connect_error) : ForwardingOs::connect(fd, peer);
  }
  IoResult send(int fd, std::span<const std::byte> data) noexcept override {
    if (blocked_sends > 0) {
      --blocked_sends;
      return {0, SysError(EAGAIN)};
    }
    return ForwardingOs::send(fd, fd == last_stream_ ? data.first(std::min(data.size(), most_stream_bytes_sent)) : data);
  }
  SysError watch(int fd, std::uint64_t key, Interest interest) noexcept override {
    return watch_error != 0 ? SysError(watch_error) : ForwardingOs::watch(fd, key, interest);
  }

  int open_error = 0;
  int stream_open_error = 0;
  int connect_error = 0;
  int watch_error = 0;
  int blocked_sends = 0;
  std::size_t most_stream_bytes_sent = 1 << 20;
  int connects = 0;

 private:
  int last_stream_ = -1;
};

class Lines final : public Log {
 public:
  bool wants(LogLevel) const noexcept override { return true; }
  void write(LogLevel level, std::string_view line) noexcept override {
    if (level >= LogLevel::warning) warnings.emplace_back(line);
  }
  std::vector<std::string> warnings;
};

/// A text file of its own in the directory for temporary files.
class TempFile {
 public:
  explicit TempFile(std::string_view text = "") {
    std::string name = testing::TempDir() + "socketcore_dns_XXXXXX";
    ::close(::mkstemp(name.data()));
    path_ = name;
    write(text);
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { std::filesystem::remove(path_); }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void write(std::string_view text) const { std::ofstream(path_) << text; }
  /// As the programs do that keep resolv.conf.
  void replace(std::string_view text) const {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }

 private:
  std::string path_;
};

inline std::size_t open_descriptors() {
  const auto begin = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

/// While it lives, this process gets no new descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

struct Asked {
  int calls = 0;
  Resolution resolution;

  [[nodiscard]] bool done() const noexcept { return calls > 0; }
  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> texts;
    for (const Address& address : resolution.addresses) texts.push_back(address.text());
    return texts;
  }
  [[nodiscard]] Err err() const noexcept { return resolution.failure.err; }
  [[nodiscard]] const std::string& words() const noexcept { return resolution.failure.words; }
};
using AskedPtr = std::shared_ptr<Asked>;

inline std::vector<Bytes> reply_with_a(const Query& query) {
  return {Reply(query).a("192.0.2.1").bytes()};
}

/// A hundred addresses, which take a stream.
inline std::vector<Bytes> truncated_unless_stream(const Query& query) {
  if (!query.stream) return {Reply(query).truncated().bytes()};
  Reply reply(query);
  for (int i = 1; i <= 100; ++i) reply.a("10.0.0." + std::to_string(i));
  return {reply.bytes()};
}

class CaresResolverTest : public ::testing::Test {
 protected:
  CaresResolverTest() {
    // c-ares reads them.
    for (const char* name : {"RES_OPTIONS", "LOCALDOMAIN", "HOSTALIASES", "CARES_HOSTS"}) ::unsetenv(name);
  }
  ~CaresResolverTest() override { ::unsetenv("CARES_HOSTS"); }

  /// What a resolver of `server` takes; quick to give up.
  [[nodiscard]] CaresOptions asking(const NameServer& server) const { return asking(server.text()); }
  [[nodiscard]] CaresOptions asking(std::string servers) const {
    CaresOptions options;
    options.resolv_conf_path = resolv_conf.path();
    options.servers_csv = std::move(servers);
    options.timeout_ms = 20;
    options.tries = 3;
    return options;
  }

  AskedPtr ask(Resolver& resolver, std::string_view name, Family family = Family::v4) {
    auto asked = std::make_shared<Asked>();
    asking_ = true;
    resolver.resolve(name, family, [this, asked](const Resolution& resolution) {
      EXPECT_FALSE(asking_) << "answered from within resolve()";
      ++asked->calls;
      asked->resolution = resolution;
      // As a device does that has something for its user: the turn must not go on waiting.
      loop.note_ready(witness_token_);
    });
    asking_ = false;
    return asked;
  }

  template <typename Condition>
  [[nodiscard]] bool run_until(Condition condition) {
    const Instant end = os.now() + 20s;
    while (!condition() && os.now() < end) loop.turn(100ms);
    return condition();
  }
  AskedPtr answer(Resolver& resolver, std::string_view name, Family family = Family::v4) {
    const AskedPtr asked = ask(resolver, name, family);
    EXPECT_TRUE(run_until([&] { return asked->done(); })) << name;
    settle();
    EXPECT_EQ(asked->calls, 1) << name;
    return asked;
  }
  /// A few turns for what ought not to happen.
  void settle() {
    for (int i = 0; i < 5; ++i) loop.turn(0ms);
  }

  std::unique_ptr<Os> kernel = linux_os();
  TestOs os{*kernel};
  Loop loop{os};
  Lines log;
  TempFile resolv_conf;

 private:
  Handler witness_;
  Token witness_token_ = loop.attach(witness_);
  bool asking_ = false;
};

/// What a resolver takes that reads its servers from the file.
inline CaresOptions from_file(const TempFile& file, std::uint16_t port) {
  CaresOptions options;
  options.resolv_conf_path = file.path();
  options.port = port;
  options.timeout_ms = 20;
  options.tries = 3;
  return options;
}

}  // namespace socketcore::test
