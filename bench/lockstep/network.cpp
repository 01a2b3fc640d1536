#include "lockstep/network.hpp"

#include <utility>

namespace lockstep {

Network& Network::the() {
  static Network network;
  return network;
}

Socket& Network::open(int fd, bool datagrams) {
  Socket& socket = sockets_[fd];
  socket.fd = fd;
  socket.datagrams = datagrams;
  return socket;
}

Socket* Network::find(int fd) {
  const auto found = sockets_.find(fd);
  return found != sockets_.end() ? &found->second : nullptr;
}

void Network::close(Socket& socket) {
  if (socket.peer) socket.peer->closed();
  sockets_.erase(socket.fd);
}

bool Network::join(Socket& socket, std::uint16_t port) {
  socket.peer = make_peer(static_cast<Service>(port));
  if (!socket.peer) return false;
  socket.asked = true;
  stir(socket);
  return true;
}

void Network::stir(Socket& socket) {
  if (!std::exchange(socket.stirred, true)) stirred_.push_back(socket.fd);
}

void Network::watch(Socket& socket, std::uint32_t interest, std::uint64_t key) {
  socket.interest = interest;
  socket.key = key;
  if ((state(socket) & interest) != 0) edge(socket);
}

int Network::wait(epoll_event* into, int room) {
  for (const int fd : std::exchange(stirred_, {})) {
    Socket* const socket = find(fd);
    if (socket != nullptr && std::exchange(socket->stirred, false)) turn(*socket);
  }
  int count = 0;
  while (count < room && !ready_.empty()) {
    Socket* const socket = find(ready_.front());
    ready_.pop_front();
    if (socket == nullptr || !std::exchange(socket->ready, false)) continue;
    const std::uint32_t events = state(*socket) & (socket->interest | EPOLLHUP);
    if (events == 0) continue;
    into[count].events = events;
    into[count++].data.u64 = socket->key;
  }
  return count;
}

void Network::turn(Socket& socket) {
  const std::size_t before = socket.peer->ready();
  bool changed = std::exchange(socket.asked, false) && !socket.datagrams;
  socket.connected = true;
  socket.peer->turn();
  if (socket.peer->ready() > before) changed = true;
  if (socket.peer->takes_more() && std::exchange(socket.short_of_room, false)) changed = true;
  if (socket.sending_over && !std::exchange(socket.ended, true)) changed = true;
  if (changed) edge(socket);
}

void Network::edge(Socket& socket) {
  if (socket.interest != 0 && !std::exchange(socket.ready, true)) ready_.push_back(socket.fd);
}

std::uint32_t Network::state(const Socket& socket) {
  if (!socket.connected) return socket.datagrams ? std::uint32_t{EPOLLOUT} : std::uint32_t{EPOLLOUT | EPOLLHUP};
  std::uint32_t events = 0;
  if (socket.peer->ready() > 0 || socket.ended) events |= EPOLLIN;
  if (socket.peer->takes_more()) events |= EPOLLOUT;
  if (socket.ended) events |= EPOLLRDHUP | EPOLLHUP;
  return events;
}

}  // namespace lockstep
