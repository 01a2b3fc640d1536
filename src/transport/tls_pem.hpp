#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "socketcore/error.hpp"
#include "transport/tls_openssl.hpp"

namespace socketcore {

/// All certificates of a PEM text, in their order, at least one; what stands between them is skipped. `what` names the text
/// in the words of a failure: "client certificate". Throws std::bad_alloc only.
[[nodiscard]] Result<std::vector<CertPtr>> read_certificates(std::string_view pem, std::string_view what);

/// The private key of a PEM text, of any kind. Never prompts, and copies neither key nor password.
[[nodiscard]] Result<KeyPtr> read_key(std::string_view pem, std::optional<std::string_view> password,
                                      std::string_view what);

}  // namespace socketcore
