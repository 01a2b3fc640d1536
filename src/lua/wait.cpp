#include "lua/wait.hpp"

#include <algorithm>

namespace socketcore::lua {

namespace {

Duration until(Host& host, Instant deadline) {
  return std::max(Duration::zero(), deadline - host.os().now());
}

}  // namespace

Waited wait_for_message(lua_State* L, Host& host, std::optional<Duration> timeout) {
  const Instant deadline = timeout ? later(host.os().now(), *timeout) : Instant{};
  for (;;) {
    const Waited waited = host.device().receive(host.message, timeout, host.around().idle != nullptr);
    if (waited == Waited::idle) {
      host.around().idle(L);
    } else if (waited == Waited::interrupted) {
      host.around().interrupted(L);
    } else {
      return waited;
    }
    if (timeout) timeout = until(host, deadline);
  }
}

void wait_for_time(lua_State* L, Host& host, Duration time) {
  const Instant deadline = later(host.os().now(), time);
  while (host.device().sleep(time) == Waited::interrupted) {
    host.around().interrupted(L);
    time = until(host, deadline);
  }
}

}  // namespace socketcore::lua
