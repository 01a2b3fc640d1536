#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "socketcore/endpoint.hpp"
#include "socketcore/error.hpp"

namespace socketcore {

/// The answer to one question for one family of addresses.
struct Resolution {
  std::vector<Address> addresses;  ///< in the resolver's order; empty on failure
  Failure failure;                 ///< erte with the resolver's own words; etimeout where no server answered
};

/// Turns names into addresses, without blocking. The engine's own asks DNS and the hosts file; tests script theirs.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Asks for the addresses of one family. `answer` is called once, later, on the reactor's thread: in a turn or between
  /// two, never from within this call; not at all if the resolver is destroyed first. It must stay valid without its asker:
  /// it names sockets by token. Throws std::bad_alloc only.
  virtual void resolve(std::string_view name, Family family, std::function<void(const Resolution&)> answer) = 0;
};

}  // namespace socketcore
