// RAND_set_rand_method is the old way, but the only one that needs no provider of our own.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sim/seeded_tls.hpp"

#include <openssl/rand.h>

#include <random>

namespace socketcore::test {
namespace {

std::mt19937_64 source;

int draw(unsigned char* into, int size) {
  for (int i = 0; i < size; ++i) into[i] = static_cast<unsigned char>(source() & 0xff);
  return 1;
}
int ready() { return 1; }

const RAND_METHOD kSeeded{nullptr, draw, nullptr, nullptr, draw, ready};

}  // namespace

void seed_tls(std::uint64_t seed) {
  source.seed(seed);
  RAND_set_rand_method(&kSeeded);
}

}  // namespace socketcore::test
