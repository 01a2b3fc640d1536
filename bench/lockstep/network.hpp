#pragma once

#include <netinet/in.h>
#include <sys/epoll.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "lockstep/peers.hpp"

namespace lockstep {

/// One socket of the client, as the kernel would keep it.
struct Socket {
  int fd = -1;
  bool datagrams = false;
  bool asked = false;  ///< connect() is under way
  bool connected = false;
  bool sending_over = false;
  bool ended = false;  ///< the peer has seen that, and ended as well
  bool short_of_room = false;
  bool ready = false;    ///< in the list of edges
  bool stirred = false;  ///< its peer has something to do
  std::uint32_t interest = 0;
  std::uint64_t key = 0;
  std::unique_ptr<Peer> peer{};
};

/// All sockets of the client, and the one epoll instance that watches them. What the peers do, they do when the client
/// waits: the same client does the same in every run.
class Network {
 public:
  static Network& the();

  Socket& open(int fd, bool datagrams);
  /// Null: not one of ours.
  [[nodiscard]] Socket* find(int fd);
  void close(Socket& socket);

  /// Gives the socket the peer that listens on this port. False: nobody does.
  bool join(Socket& socket, std::uint16_t port);
  /// Its peer has something to do in its next turn.
  void stir(Socket& socket);
  void watch(Socket& socket, std::uint32_t interest, std::uint64_t key);
  /// Every peer that was stirred has a turn; then the client gets the edges.
  int wait(epoll_event* into, int room);

 private:
  void turn(Socket& socket);
  void edge(Socket& socket);
  [[nodiscard]] static std::uint32_t state(const Socket& socket);

  std::map<int, Socket> sockets_;
  std::vector<int> stirred_;
  std::deque<int> ready_;
};

}  // namespace lockstep
