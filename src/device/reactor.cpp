#include "socketcore/reactor.hpp"

#include <utility>

#include "device/core.hpp"
#include "dns/cares_resolver.hpp"

namespace socketcore {

Core::Core(Os& os, Log* log, std::unique_ptr<Resolver> resolver)
    : log_(log), loop_(os), resolver_(resolver ? std::move(resolver) : std::make_unique<CaresResolver>(loop_, log)) {}

std::span<const DeviceKey> Core::turn(Duration timeout) noexcept {
  const std::span<const Token> ready = loop_.turn(timeout);
  answer_.clear();
  for (const Token token : ready) answer_.push_back({token.packed()});
  return answer_;
}

Reactor::Reactor(Os& os, Log* log, std::unique_ptr<Resolver> resolver)
    : core_(std::make_unique<Core>(os, log, std::move(resolver))) {}

Reactor::~Reactor() = default;

std::span<const DeviceKey> Reactor::turn(Duration timeout) { return core_->turn(timeout); }

int Reactor::poll_fd() const noexcept { return core_->os().poll_fd(); }

std::optional<Duration> Reactor::until_due() noexcept { return core_->loop().until_due(); }

void Reactor::wake() noexcept { core_->os().wake(); }

bool Reactor::interrupted() const noexcept { return core_->os().interrupted(); }

bool Reactor::drain() {
  if (core_->os().forked()) return true;
  while (lingering() > 0) {
    core_->loop().step(Duration(-1));
    if (lingering() > 0 && interrupted()) return false;
  }
  return true;
}

std::size_t Reactor::lingering() const noexcept { return core_->loop().adopted(); }

Os& Reactor::os() noexcept { return core_->os(); }

}  // namespace socketcore
