#include "os/sockaddr.hpp"

#include <cstring>

namespace socketcore {

SocketAddress::SocketAddress(const Endpoint& endpoint) noexcept {
  const Address& address = endpoint.address;
  if (address.family == Family::v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, address.bytes.data(), sizeof in.sin_addr);
    std::memcpy(&storage, &in, size = sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    in.sin6_scope_id = address.scope;
    std::memcpy(&in.sin6_addr, address.bytes.data(), sizeof in.sin6_addr);
    std::memcpy(&storage, &in, size = sizeof in);
  }
}

Endpoint SocketAddress::endpoint() const noexcept {
  Endpoint endpoint;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &storage, sizeof in);
    endpoint.address.family = Family::v6;
    endpoint.address.scope = in.sin6_scope_id;
    endpoint.port = ntohs(in.sin6_port);
    std::memcpy(endpoint.address.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
  } else {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    endpoint.port = ntohs(in.sin_port);
    std::memcpy(endpoint.address.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
  }
  return endpoint;
}

}  // namespace socketcore
