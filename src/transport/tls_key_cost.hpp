#pragma once

#include <openssl/pem.h>

#include <string_view>

namespace socketcore {

/// Whether a PEM text holds an encrypted private key (PKCS #8) that takes more than some seconds of work to open: the file
/// itself says how much, and the engine's thread would be busy for hours. `ask` gives the password, with `user` as its last
/// argument. Throws std::bad_alloc only.
[[nodiscard]] bool opening_costs_too_much(std::string_view pem, pem_password_cb* ask, void* user);

}  // namespace socketcore
