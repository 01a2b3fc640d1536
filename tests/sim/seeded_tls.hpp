#pragma once

#include <cstdint>

namespace socketcore::test {

/// From now on OpenSSL's random numbers are drawn from a seed: a handshake has the same bytes each time.
void seed_tls(std::uint64_t seed);

}  // namespace socketcore::test
