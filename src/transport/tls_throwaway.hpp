#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "socketcore/error.hpp"

namespace socketcore {

/// PEM texts: a fresh CA, and a certificate with its key that this CA has signed.
struct Throwaway {
  std::string ca_cert;
  std::string cert;  ///< the certificate; behind it the intermediate, if there is one
  std::string key;
};

struct ThrowawayOptions {
  enum class Key : std::uint8_t {
    p256,
    rsa2048,  ///< takes about a tenth of a second
  };
  enum class Issuer : std::uint8_t {
    ca,
    intermediate,  ///< a CA below the CA, which follows the certificate in `cert`
    itself,        ///< self-signed: `ca_cert` is the certificate
  };

  Key key = Key::p256;
  Issuer issuer = Issuer::ca;
  bool for_client = false;                 ///< its extended key usage: TLS client instead of TLS server
  std::chrono::seconds valid_from{-3600};  ///< from now; the certificate's own, CAs are valid anyway
  std::chrono::seconds valid_until{86400 * 30};
  std::string_view password{};  ///< encrypts the key; empty: it stays in the clear
};

/// Certificates that live in memory, for the built-in echo server and for tests. `names`: DNS names, wildcards and IP
/// literals; the first is the common name too. earg: a name that no certificate can hold, or none. Throws std::bad_alloc
/// only.
[[nodiscard]] Result<Throwaway> make_throwaway(std::span<const std::string_view> names,
                                               const ThrowawayOptions& options = {});

}  // namespace socketcore
