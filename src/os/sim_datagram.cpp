#include <netinet/in.h>

#include <algorithm>
#include <cerrno>

#include "os/sim_network.hpp"

namespace socketcore::sim {
namespace {

constexpr std::size_t kMaxUdp4 = 65'507;
constexpr std::size_t kMaxUdp6 = 65'527;
constexpr std::size_t kMaxPacket = 65'535;
/// What a waiting datagram costs of the receive buffer beyond its bytes.
constexpr std::size_t kDatagramOverhead = 512;

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kIcmpChecksum = 2;
constexpr std::byte kEchoRequest4{8};
constexpr std::byte kEchoReply4{0};
constexpr std::byte kEchoRequest6{128};
constexpr std::byte kEchoReply6{129};

std::byte high(std::size_t value) noexcept {
  return static_cast<std::byte>(value >> 8 & 0xff);
}
std::byte low(std::size_t value) noexcept {
  return static_cast<std::byte>(value & 0xff);
}

/// RFC 1071, begun with `sum`.
std::uint16_t checksum(std::span<const std::byte> bytes, std::uint32_t sum = 0) noexcept {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

void put_checksum(std::span<std::byte> bytes, std::size_t place, std::uint32_t sum = 0) noexcept {
  bytes[place] = bytes[place + 1] = std::byte{0};
  const std::uint16_t value = checksum(bytes, sum);
  bytes[place] = high(value);
  bytes[place + 1] = low(value);
}

/// ICMPv6 counts the addresses, the length and the protocol in.
std::uint32_t pseudo_header_sum(const Packet& packet) noexcept {
  std::uint32_t sum = static_cast<std::uint32_t>(packet.payload.size()) + IPPROTO_ICMPV6;
  for (const Address& address : {packet.from.address, packet.to.address}) {
    for (std::size_t i = 0; i < address.bytes.size(); i += 2) {
      sum += static_cast<std::uint32_t>(address.bytes[i] << 8 | address.bytes[i + 1]);
    }
  }
  return sum;
}

void put_icmp_checksum(Packet& packet) noexcept {
  if (packet.payload.size() < kIcmpHeader) return;
  put_checksum(packet.payload, kIcmpChecksum, packet.protocol == IPPROTO_ICMPV6 ? pseudo_header_sum(packet) : 0);
}

std::vector<std::byte> with_ip_header(const Packet& packet, std::uint16_t number) {
  std::vector<std::byte> whole(kIpHeader);
  const std::size_t size = kIpHeader + packet.payload.size();
  whole[0] = std::byte{0x45};
  whole[2] = high(size);
  whole[3] = low(size);
  whole[4] = high(number);
  whole[5] = low(number);
  whole[8] = std::byte{64};
  whole[9] = low(static_cast<std::size_t>(packet.protocol));
  for (std::size_t i = 0; i < 4; ++i) {
    whole[12 + i] = std::byte{packet.from.address.bytes[i]};
    whole[16 + i] = std::byte{packet.to.address.bytes[i]};
  }
  put_checksum(whole, 10);
  whole.insert(whole.end(), packet.payload.begin(), packet.payload.end());
  return whole;
}

}  // namespace

int Network::connect_datagram(Socket& socket, const Endpoint& endpoint) {
  Endpoint peer = endpoint;
  if (const int error = resolve(socket, peer)) return error;
  if (is_any(peer.address)) peer.address = loopback_address(peer.address.family);
  if (is_broadcast(peer.address) && socket.option(OsOption::broadcast) == 0) return EACCES;
  if (const int error = bind_any(socket)) return error;
  if (is_any(socket.local->address)) socket.local->address = source_for(peer.address);
  if (socket.kind == SocketKind::raw) peer.port = 0;
  socket.peer = peer;
  return 0;
}

IoResult Network::send_datagram(Socket& socket, std::span<const std::byte> data, const std::optional<Endpoint>& to) {
  const auto failed = [](int error) { return IoResult{0, SysError(error)}; };
  if (data.size() > kMaxPacket) return failed(EMSGSIZE);
  std::optional<Endpoint> destination = socket.peer;
  if (to) {
    destination = to;
    if (const int error = resolve(socket, *destination)) return failed(error);
    if (socket.kind == SocketKind::datagram && destination->port == 0) return failed(EINVAL);
    if (is_any(destination->address)) destination->address = loopback_address(destination->address.family);
  }
  if (!destination) return failed(EDESTADDRREQ);
  if (is_broadcast(destination->address) && socket.option(OsOption::broadcast) == 0) return failed(EACCES);
  if (const int error = take_error(socket)) return failed(error);
  if (const int error = bind_any(socket)) return failed(error);
  Packet packet{.from = *socket.local, .to = *destination, .protocol = IPPROTO_UDP, .payload = {}, .sender = socket.id};
  if (is_any(packet.from.address)) packet.from.address = source_for(destination->address);
  if (socket.kind == SocketKind::raw) return send_raw(socket, data, std::move(packet));
  if (data.size() > (destination->address.family == Family::v4 ? kMaxUdp4 : kMaxUdp6)) return failed(EMSGSIZE);
  packet.payload.assign(data.begin(), data.end());
  send_packet(std::move(packet));
  return {data.size(), SysError()};
}

IoResult Network::send_raw(const Socket& socket, std::span<const std::byte> data, Packet packet) {
  packet.protocol = socket.protocol;
  packet.to.port = 0;
  auto payload = data;
  if (socket.option(OsOption::header_included) != 0) {
    const std::size_t header = data.empty() ? 0 : (std::to_integer<std::size_t>(data[0]) & 0x0f) * 4;
    if (header < kIpHeader || data.size() < header) return {0, SysError(EINVAL)};
    packet.protocol = std::to_integer<int>(data[9]);
    payload = data.subspan(header);
  } else if (data.size() + kIpHeader > kMaxPacket) {
    return {0, SysError(EMSGSIZE)};
  }
  packet.payload.assign(payload.begin(), payload.end());
  if (packet.protocol == IPPROTO_ICMPV6) put_icmp_checksum(packet);
  send_packet(std::move(packet));
  return {data.size(), SysError()};
}

void Network::send_packet(Packet packet) {
  const Instant arrival = now_ + latency(packet.from.address, packet.to.address);
  at(arrival, [this, packet = std::move(packet)] {
    if (cut(packet.from, packet.to)) return;
    if (packet.protocol == IPPROTO_UDP) return deliver_udp(packet);
    if (is_own(packet.to.address)) deliver_raw(packet);
    answer_echo(packet);
  });
}

void Network::deliver_udp(const Packet& packet) {
  const bool to_all = is_broadcast(packet.to.address);
  Socket* best = nullptr;
  int closest = 0;
  const auto [first, last] = ports_.equal_range(packet.to.port);
  for (auto entry = first; entry != last; ++entry) {
    Socket& socket = *find(entry->second);
    if (socket.kind != SocketKind::datagram || (socket.peer && socket.peer != packet.from)) continue;
    if (to_all) {
      if (is_any(socket.local->address)) put(socket, {packet.from, packet.payload});
      continue;
    }
    const int close = closeness(socket, packet.to);
    if (close == 0) continue;
    // Among equals the socket that was bound last, like Linux.
    const int rank = close + (socket.peer ? 4 : 0);
    if (rank < closest) continue;
    closest = rank;
    best = &socket;
  }
  if (best != nullptr) {
    put(*best, {packet.from, packet.payload});
    return;
  }
  if (to_all || packet.to.address.is_multicast()) return;
  at(now_ + latency(packet.to.address, packet.from.address),
     [this, id = packet.sender, from = packet.from, to = packet.to] {
       Socket* sender = find(id);
       if (sender == nullptr || sender->peer != to || cut(from, to)) return;
       sender->error = ECONNREFUSED;
       touch(*sender);
     });
}

void Network::put(Socket& socket, Datagram datagram) {
  const std::size_t cost = datagram.bytes.size() + kDatagramOverhead;
  if (!socket.inbox.empty() && socket.inbox_bytes + cost > socket.receive_capacity) return;
  socket.inbox_bytes += cost;
  socket.inbox.push_back(std::move(datagram));
  touch(socket);
}

IoResult Network::receive_datagram(Socket& socket, std::span<std::byte> into, Endpoint* from) {
  if (const int error = take_error(socket)) return {0, SysError(error)};
  if (socket.inbox.empty()) return {0, SysError(EAGAIN)};
  const Datagram datagram = std::move(socket.inbox.front());
  socket.inbox.pop_front();
  socket.inbox_bytes -= datagram.bytes.size() + kDatagramOverhead;
  const std::size_t size = std::min(into.size(), datagram.bytes.size());
  std::copy_n(datagram.bytes.begin(), size, into.begin());
  if (from != nullptr) *from = socket.shown(datagram.from);
  return {size, SysError()};
}

void Network::deliver_raw(const Packet& packet) {
  for (auto& [id, socket] : sockets_) {
    if (socket.kind != SocketKind::raw || socket.family != packet.to.address.family) continue;
    if (socket.protocol != packet.protocol || (socket.peer && socket.peer->address != packet.from.address)) continue;
    if (socket.local && !is_any(socket.local->address) && socket.local->address != packet.to.address) continue;
    put(socket, {packet.from, socket.family == Family::v4 ? with_ip_header(packet, ++packet_number_) : packet.payload});
  }
}

void Network::answer_echo(const Packet& packet) {
  const bool v4 = packet.protocol == IPPROTO_ICMP;
  const auto& request = packet.payload;
  if (request.size() < kIcmpHeader || request[0] != (v4 ? kEchoRequest4 : kEchoRequest6)) return;
  if (!v4 && packet.protocol != IPPROTO_ICMPV6) return;
  if (checksum(request, v4 ? 0 : pseudo_header_sum(packet)) != 0) return;
  Packet answer{.from = packet.to, .to = packet.from, .protocol = packet.protocol, .payload = request, .sender = 0};
  answer.payload[0] = v4 ? kEchoReply4 : kEchoReply6;
  put_icmp_checksum(answer);
  const Instant arrival = now_ + latency(answer.from.address, answer.to.address);
  at(arrival, [this, answer = std::move(answer)] {
    if (!cut(answer.from, answer.to)) deliver_raw(answer);
  });
}

}  // namespace socketcore::sim
