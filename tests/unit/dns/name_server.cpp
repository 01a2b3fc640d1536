#include "name_server.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

namespace socketcore::test {
namespace {

void put16(Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::byte>(value >> 8));
  bytes.push_back(static_cast<std::byte>(value));
}

void put_name(Bytes& bytes, std::string_view name) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    bytes.push_back(static_cast<std::byte>(label.size()));
    for (const char c : label) bytes.push_back(static_cast<std::byte>(c));
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  bytes.push_back(std::byte{0});
}

std::uint16_t get16(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<int>(bytes.at(at)) << 8 | std::to_integer<int>(bytes.at(at + 1)));
}

Query parse(Bytes packet, bool stream) {
  Query query;
  query.packet = std::move(packet);
  query.stream = stream;
  query.id = get16(query.packet, 0);
  std::size_t at = 12;
  while (const auto size = std::to_integer<std::size_t>(query.packet.at(at++))) {
    if (!query.name.empty()) query.name += '.';
    for (std::size_t i = 0; i < size; ++i) query.name += std::to_integer<char>(query.packet.at(at++));
  }
  query.type = get16(query.packet, at);
  return query;
}

Bytes address_bytes(std::string_view text) {
  const Address address = Address::parse(text).value();
  const std::size_t size = address.family == Family::v4 ? 4 : 16;
  const auto bytes = std::as_bytes(std::span(address.bytes)).first(size);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Reply::Reply(const Query& query) : query_name_(query.name) {
  put16(bytes_, query.id);
  put16(bytes_, 0x8180);
  put16(bytes_, 1);
  for (int i = 0; i < 3; ++i) put16(bytes_, 0);
  put_name(bytes_, query.name);
  put16(bytes_, query.type);
  put16(bytes_, 1);
}

Reply& Reply::a(std::string_view owner, std::string_view address) {
  return record(owner, kA, address_bytes(address));
}

Reply& Reply::aaaa(std::string_view address) {
  return record(query_name_, kAaaa, address_bytes(address));
}

Reply& Reply::cname(std::string_view owner, std::string_view target) {
  Bytes data;
  put_name(data, target);
  return record(owner, kCname, data);
}

Reply& Reply::record(std::string_view owner, std::uint16_t type, const Bytes& data) {
  put_name(bytes_, owner);
  put16(bytes_, type);
  put16(bytes_, 1);
  put16(bytes_, 0);
  put16(bytes_, 60);
  put16(bytes_, data.size());
  bytes_.insert(bytes_.end(), data.begin(), data.end());
  const auto count = static_cast<std::uint16_t>(get16(bytes_, 6) + 1);
  bytes_[6] = static_cast<std::byte>(count >> 8);
  bytes_[7] = static_cast<std::byte>(count);
  return *this;
}

Reply& Reply::code(int rcode) {
  bytes_[3] = (bytes_[3] & std::byte{0xf0}) | static_cast<std::byte>(rcode);
  return *this;
}

Reply& Reply::truncated() {
  bytes_[2] |= std::byte{0x02};
  return *this;
}

Reply& Reply::id(std::uint16_t id) {
  bytes_[0] = static_cast<std::byte>(id >> 8);
  bytes_[1] = static_cast<std::byte>(id);
  return *this;
}

struct NameServer::Socket final : Handler {
  Socket(NameServer& of, OwnedFd descriptor, void (NameServer::*what)(Socket&))
      : server(of), fd(std::move(descriptor)), act(what), token(of.loop_.attach(*this)) {}
  ~Socket() override { server.loop_.detach(token); }
  void on_ready(Readiness) noexcept override { (server.*act)(*this); }
  void on_turn() noexcept override { server.write_stream(*this); }

  NameServer& server;
  OwnedFd fd;
  void (NameServer::*act)(Socket&);
  Token token;
  Bytes in;
  Bytes out;
  std::size_t held = 0;
};

NameServer::NameServer(Loop& loop, Os& os, std::string_view address, std::uint16_t port) : loop_(loop), os_(os) {
  local_.address = Address::parse(address).value();
  // The kernel picks a port for datagrams; somebody may use it for streams.
  for (int attempt = 0; attempt < 20 && port_ == 0; ++attempt) {
    const OpenResult datagrams = os.open(local_.address.family, SocketKind::datagram, 0);
    const OpenResult streams = os.open(local_.address.family, SocketKind::stream, 0);
    OwnedFd datagram_fd(os, datagrams.fd);
    OwnedFd stream_fd(os, streams.fd);
    if (!datagrams.ok() || !streams.ok()) return;
    (void)os.set_option(datagrams.fd, OsOption::receive_buffer_bytes, 1 << 20);
    (void)os.set_option(streams.fd, OsOption::reuse_address, 1);
    local_.port = port;
    if (!os.bind(datagrams.fd, local_).ok()) return;
    local_ = os.local_endpoint(datagrams.fd).value();
    if (!os.bind(streams.fd, local_).ok() || !os.listen(streams.fd, 16).ok()) continue;
    port_ = local_.port;
    add(datagram_fd.release(), &NameServer::on_datagrams);
    add(stream_fd.release(), &NameServer::on_connections);
  }
}

NameServer::~NameServer() = default;

std::string NameServer::text() const {
  return local_.text();
}

NameServer::Socket& NameServer::add(int fd, void (NameServer::*act)(Socket&)) {
  sockets_.push_back(std::make_unique<Socket>(*this, OwnedFd(os_, fd), act));
  if (!os_.watch(fd, sockets_.back()->token.packed(), Interest::input_and_output).ok()) throw std::runtime_error("watch");
  return *sockets_.back();
}

void NameServer::refuse_streams() {
  std::erase_if(sockets_, [](const auto& socket) { return socket->act == &NameServer::on_connections; });
}

std::vector<Bytes> NameServer::ask_script(Query query) {
  query.number = static_cast<int>(queries_.size() + 1);
  queries_.push_back(query);
  return script ? script(query) : std::vector<Bytes>();
}

void NameServer::on_datagrams(Socket& socket) {
  std::array<std::byte, 2048> buffer;
  Endpoint from;
  for (;;) {
    const IoResult got = os_.receive_from(socket.fd.get(), buffer, &from);
    // An ICMP error from a resolver that is gone says nothing about the others.
    if (!got.ok() && got.error.refused()) continue;
    if (!got.ok()) return;
    Query query = parse({buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.size)}, false);
    query.from = from;
    for (const Bytes& reply : ask_script(query)) {
      (void)os_.send_to(socket.fd.get(), reply, from);
    }
  }
}

void NameServer::on_connections(Socket& socket) {
  for (;;) {
    const OpenResult accepted = os_.accept(socket.fd.get(), nullptr);
    if (!accepted.ok()) return;
    ++connections_;
    add(accepted.fd, &NameServer::on_stream);
  }
}

void NameServer::on_stream(Socket& socket) {
  std::array<std::byte, 2048> buffer;
  for (;;) {
    const IoResult got = os_.receive(socket.fd.get(), buffer);
    if (!got.ok()) break;
    if (got.size == 0) {
      socket.fd.reset();
      return;
    }
    socket.in.insert(socket.in.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.size));
  }
  while (socket.in.size() >= 2 && socket.in.size() >= 2u + get16(socket.in, 0)) {
    const auto begin = socket.in.begin() + 2;
    const auto end = begin + get16(socket.in, 0);
    const Bytes packet(begin, end);
    socket.in.erase(socket.in.begin(), end);
    if (stream_hangs_up) {
      (void)ask_script(parse(packet, true));
      socket.fd.reset();
      return;
    }
    for (const Bytes& reply : ask_script(parse(packet, true))) {
      put16(socket.out, reply.size());
      socket.out.insert(socket.out.end(), reply.begin(), reply.end());
      ++socket.held;
    }
  }
  if (socket.held >= stream_answers_at_once) write_stream(socket);
}

void NameServer::write_stream(Socket& socket) {
  if (!socket.fd.valid() || socket.out.empty()) return;
  socket.held = 0;
  const std::size_t size = std::min(socket.out.size(), stream_bytes_per_turn);
  const IoResult put = os_.send(socket.fd.get(), std::span(socket.out).first(size));
  socket.out.erase(socket.out.begin(), socket.out.begin() + static_cast<std::ptrdiff_t>(put.size));
  if (put.ok() && !socket.out.empty()) loop_.defer(socket.token);
}

}  // namespace socketcore::test
