#pragma once

#include <cstdint>
#include <string>

#include "socketcore/log.hpp"

namespace runner {

struct EchoOptions {
  std::string bind = "127.0.0.1";
  std::uint16_t tcp_port = 0;  ///< 0: any free one
  std::uint16_t udp_port = 0;
  std::uint16_t tls_port = 0;
  std::string cert_file;  ///< PEM; empty: a throwaway certificate of a throwaway CA
  std::string key_file;
  std::string ca_file;     ///< where to write that CA's PEM; empty: nowhere
  std::string ready_file;  ///< gets a copy of the lines on stdout, complete from the moment it is there
};

/// Sends back what it is sent, over TCP, UDP and TLS, until a stop signal. Prints "tcp 127.0.0.1:PORT" and so on once it
/// listens. Returns the exit status.
[[nodiscard]] int run_echo(const EchoOptions& options, socketcore::Log& log);

}  // namespace runner
