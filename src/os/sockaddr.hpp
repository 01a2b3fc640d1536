#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "socketcore/endpoint.hpp"

/// Between our endpoints and the kernel's.
namespace socketcore {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t size = sizeof(sockaddr_storage);

  SocketAddress() noexcept = default;
  explicit SocketAddress(const Endpoint& endpoint) noexcept;

  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] Endpoint endpoint() const noexcept;
};

}  // namespace socketcore
