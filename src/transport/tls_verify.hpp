#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>

#include "socketcore/error.hpp"

namespace socketcore {

/// Makes a connection expect `name`, a DNS name or an IP literal, in the peer's certificate; an empty one: any. earg: no
/// name can look so.
[[nodiscard]] Failure expect_name(SSL* ssl, std::string_view name) noexcept;

/// Makes a client announce `name` to the server (SNI). Nothing happens for an IP literal, which RFC 6066 bans there.
[[nodiscard]] Failure announce_name(SSL* ssl, std::string_view name);

/// Why the peer's certificate does not verify, or "ok".
[[nodiscard]] std::string verification_words(const SSL* ssl);

}  // namespace socketcore
