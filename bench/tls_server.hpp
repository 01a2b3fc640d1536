#pragma once

#include <openssl/ssl.h>

/// A server's TLS context with a certificate of its own making: ECDSA P-256, self-signed, valid for a day. Never null: a
/// benchmark without one ends the process. The caller frees it.
[[nodiscard]] SSL_CTX* make_tls_server();
