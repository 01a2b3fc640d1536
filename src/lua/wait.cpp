#include "lua/wait.hpp"

#include <algorithm>

namespace socketcore::lua {

namespace {

// Script time is the device's, which a replay would give again: ticks.
std::uint64_t ticks_after(Host& host, Duration time) {
  const std::int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return host.device().ticks() + static_cast<std::uint64_t>(ms * kTicksPerSecond / 1000);
}

Duration until(Host& host, std::uint64_t deadline) {
  const std::uint64_t now = host.device().ticks();
  if (now >= deadline) return Duration::zero();
  return std::chrono::milliseconds(static_cast<std::int64_t>(deadline - now) * 1000 / kTicksPerSecond + 1);
}

}  // namespace

Waited wait_for_message(lua_State* L, Host& host, std::optional<Duration> timeout) {
  host.claim();
  const std::uint64_t deadline = timeout ? ticks_after(host, *timeout) : 0;
  for (;;) {
    const bool may_be_idle = host.around().idle != nullptr && (host.peripherals() == nullptr || host.peripherals()->idle());
    const Waited waited = host.device().receive(host.message, timeout, may_be_idle);
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
  host.claim();
  const std::uint64_t deadline = ticks_after(host, time);
  while (host.device().sleep(time) == Waited::interrupted) {
    host.around().interrupted(L);
    time = until(host, deadline);
  }
}

}  // namespace socketcore::lua
