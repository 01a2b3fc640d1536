#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "loop/loop.hpp"
#include "socketcore/log.hpp"
#include "socketcore/resolver.hpp"

namespace socketcore {

/// The defaults are what a device gets; the rest is for tests.
struct CaresOptions {
  std::string resolv_conf_path = "/etc/resolv.conf";
  std::string servers_csv;              ///< "127.0.0.1:5353,[::1]:53": asked instead of the file's servers, unless empty
  std::uint16_t port = 53;              ///< of the servers that the file names
  int timeout_ms = 0;                   ///< 0: what the file says, else 2 s
  int tries = 0;                        ///< 0: what the file says, else 4
  bool hosts_from_environment = false;  ///< the variable CARES_HOSTS, where there is one, names the hosts file
};

/// The engine's own resolver: c-ares on the engine's loop. Asks the hosts file and DNS, in the order of /etc/nsswitch.conf,
/// and honours resolv.conf(5) with its search list and `options` ndots, rotate, timeout and attempts. Both files are seen
/// afresh by every lookup; lookups under way go on with the servers that they began with. "localhost" and what ends in
/// ".localhost" is the loopback address, whatever the files say.
///
/// Nothing waits, except that the hosts file is read in place. No thread. Where resolv.conf says nothing, a server gets
/// 2 s to answer the first try, twice that the second, and so on, four tries in all: the 5 s that are usual elsewhere would
/// make every lost datagram cost a quarter of the 20 s that a socket grants its lookup.
class CaresResolver final : public Resolver {
 public:
  /// `loop` and `log` (may be null) must outlive it. Throws std::bad_alloc only.
  CaresResolver(Loop& loop, Log* log, CaresOptions options = {});
  CaresResolver(const CaresResolver&) = delete;
  CaresResolver& operator=(const CaresResolver&) = delete;
  /// Open questions get no answer. Allowed from within an answer.
  ~CaresResolver() override;

  /// Failures: etimeout (no server answered), enobufs (no descriptor is free, or too many names at once), enomem, and erte
  /// for the rest, with the words of c-ares. Addresses come in the server's order, each once.
  void resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The only place where a status of c-ares becomes a failure of ours. `open_error` says why c-ares got no socket or could
/// not read its configuration, where that was the cause.
[[nodiscard]] Failure failure_of_cares(int status, SysError open_error, std::string_view name);

}  // namespace socketcore
