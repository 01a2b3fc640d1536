#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string>

#include "loop/loop.hpp"
#include "os/sockaddr.hpp"

struct ares_channeldata;
struct iovec;

namespace socketcore {

/// One configuration of c-ares, with its sockets and its clock on our loop: c-ares never sees a descriptor that did not
/// come from the Os, never waits, and is called from turns of the loop and from its asker only. It never calls back into
/// code other than the answer function that was handed to ares_getaddrinfo().
class CaresChannel final : public Handler {
 public:
  struct Settings {
    std::string resolv_conf_path;
    std::string servers_csv;  ///< instead of the file's servers, unless empty
    std::uint16_t port = 53;
    int timeout_ms = 0;  ///< of the first try at each server; doubles with every round
    int tries = 0;       ///< at each server
  };

  /// Throws std::bad_alloc only.
  explicit CaresChannel(Loop& loop);
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;
  /// Questions that are still open end with ARES_EDESTRUCTION. Not to be called from an answer function.
  ~CaresChannel() override;

  /// Reads the configuration; to be called once, before anything else. A status of c-ares. A file that cannot be read is no
  /// failure here: c-ares takes this host for the name server then.
  [[nodiscard]] int open(const Settings& settings) noexcept;

  [[nodiscard]] ares_channeldata* get() noexcept { return channel_; }

  /// To be called around each question: a channel with open questions must not be destroyed for want of use.
  void question_begins() noexcept;
  void question_ends() noexcept { --questions_; }
  [[nodiscard]] std::size_t questions() const noexcept { return questions_; }

  /// A truer status than the one that an answer function got: c-ares says "could not contact" where a server did answer,
  /// but with a refusal. Right only within that answer function.
  [[nodiscard]] int refined(int status) const noexcept;
  /// Why the last attempt at a socket failed; ok if it did not.
  [[nodiscard]] SysError open_error() const noexcept { return open_error_; }

  void on_turn() noexcept override { pump(); }
  void on_timer(std::uint32_t) noexcept override;

 private:
  struct Socket;
  struct Functions;

  void pump() noexcept;
  void move_bytes() noexcept;
  void arm() noexcept;

  [[nodiscard]] Socket* find(int fd) noexcept;
  [[nodiscard]] int open_socket(Family family, SocketKind kind) noexcept;
  [[nodiscard]] int connect_socket(int fd, const Endpoint& peer) noexcept;
  [[nodiscard]] std::ptrdiff_t receive(int fd, std::span<std::byte> into, SocketAddress* from) noexcept;
  [[nodiscard]] std::ptrdiff_t send(int fd, std::span<const iovec> parts) noexcept;
  void close_socket(int fd) noexcept;

  Loop& loop_;
  Token token_;
  TimerKey timer_;
  ares_channeldata* channel_ = nullptr;
  std::list<Socket> sockets_;
  std::size_t questions_ = 0;
  std::size_t reads_left_ = 0;
  int response_code_ = 0;  // of the datagram that c-ares is looking at
  SysError open_error_;
};

}  // namespace socketcore
