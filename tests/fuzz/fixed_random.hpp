#pragma once

#include <openssl/rand.h>

#include <cstdint>

namespace socketcore::fuzz {

inline std::uint32_t& random_state() {
  static std::uint32_t state = 1;
  return state;
}

// A method is the short way; a provider, which is not deprecated, the long one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/// From now on OpenSSL draws the same bytes in each run: every ClientHello is the same, byte for byte, and an input that
/// holds the answer to it gets as far each time.
inline void fix_openssl_random() {
  static const RAND_METHOD method{nullptr,
                                  [](unsigned char* into, int size) {
                                    for (int i = 0; i < size; ++i) {
                                      random_state() = random_state() * 1664525U + 1013904223U;
                                      into[i] = static_cast<unsigned char>(random_state() >> 24);
                                    }
                                    return 1;
                                  },
                                  nullptr,
                                  nullptr,
                                  [](unsigned char* into, int size) { return method.bytes(into, size); },
                                  [] { return 1; }};
  [[maybe_unused]] static const bool once = RAND_set_rand_method(&method) == 1;
  random_state() = 1;
}

#pragma GCC diagnostic pop

}  // namespace socketcore::fuzz
