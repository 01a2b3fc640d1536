#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loop/loop.hpp"

/// A name server for tests: it lives on the loop of the resolver that it answers, and does what its script says.
namespace socketcore::test {

using Bytes = std::vector<std::byte>;

constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kCname = 5;
constexpr std::uint16_t kAaaa = 28;

struct Query {
  Bytes packet;
  std::uint16_t id = 0;
  std::string name;
  std::uint16_t type = 0;
  bool stream = false;
  Endpoint from;   ///< of a datagram
  int number = 0;  ///< counts the server's queries, from 1
};

/// Builds an answer to `query`: the question is repeated, records follow in the order of the calls.
class Reply {
 public:
  explicit Reply(const Query& query);
  Reply& a(std::string_view address) { return a(query_name_, address); }
  Reply& a(std::string_view owner, std::string_view address);
  Reply& aaaa(std::string_view address);
  Reply& cname(std::string_view owner, std::string_view target);
  Reply& code(int rcode);
  Reply& truncated();
  Reply& id(std::uint16_t id);
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  Reply& record(std::string_view owner, std::uint16_t type, const Bytes& data);

  std::string query_name_;
  Bytes bytes_;
};

class NameServer {
 public:
  /// Port 0: any. `os` is the kernel below the loop, without the faults that a test gives the resolver.
  NameServer(Loop& loop, Os& os, std::string_view address = "127.0.0.1", std::uint16_t port = 0);
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer();

  [[nodiscard]] bool listening() const noexcept { return port_ != 0; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// "127.0.0.1:40123"
  [[nodiscard]] std::string text() const;

  /// What is sent back for each query, one packet each; nothing to let it wait.
  std::function<std::vector<Bytes>(const Query&)> script;
  /// Streams: at most this many bytes of answers per turn of the loop.
  std::size_t stream_bytes_per_turn = 1 << 20;
  /// Streams: answers are held back until there are so many of them.
  std::size_t stream_answers_at_once = 1;
  /// Streams: closed as soon as a query has come.
  bool stream_hangs_up = false;

  [[nodiscard]] const std::vector<Query>& queries() const noexcept { return queries_; }
  [[nodiscard]] int connections() const noexcept { return connections_; }
  /// No more streams are accepted.
  void refuse_streams();

 private:
  struct Socket;

  void on_datagrams(Socket& socket);
  void on_connections(Socket& socket);
  void on_stream(Socket& socket);
  void write_stream(Socket& socket);
  [[nodiscard]] std::vector<Bytes> ask_script(Query query);
  Socket& add(int fd, void (NameServer::*act)(Socket&));

  Loop& loop_;
  Os& os_;
  Endpoint local_;
  std::uint16_t port_ = 0;
  std::vector<Query> queries_;
  int connections_ = 0;
  std::vector<std::unique_ptr<Socket>> sockets_;
};

}  // namespace socketcore::test
