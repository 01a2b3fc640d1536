#pragma once

#include <openssl/err.h>

namespace socketcore::codec {

/// OpenSSL's queue of errors is the thread's: what is left in it would be taken for the error of a TLS connection.
class ForgetErrors {
 public:
  ForgetErrors() = default;
  ~ForgetErrors() { ERR_clear_error(); }
  ForgetErrors(const ForgetErrors&) = delete;
  ForgetErrors& operator=(const ForgetErrors&) = delete;
};

}  // namespace socketcore::codec
