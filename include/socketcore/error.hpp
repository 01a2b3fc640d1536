#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace socketcore {

/// Result codes. The numbers are the device's; a script sees them as `socketcore.ERR_...`.
enum class Err : std::int8_t {
  unknown = -1,
  ok = 0,
  enomem = 1,
  enobufs = 2,         ///< no free socket, descriptor or buffer space
  etimeout = 3,        ///< a limit ran out: resolve, connect, handshake, linger, keepalive
  erte = 4,            ///< no route, or a name that does not resolve
  einprogress = 5,
  einval = 6,
  ewouldblock = 7,
  eaddrinuse = 8,
  ealready = 9,
  eisconn = 10,
  enotconn = 11,       ///< not connected yet, or broken
  eif = 12,            ///< interface down, or a privilege is missing
  eabort = 13,
  erst = 14,           ///< reset by the peer, or refused
  eclsd = 15,          ///< the peer has closed
  earg = 16,           ///< an argument's value is out of range
  eio = 17,
  ssl_ehandshake = 18,
  ssl_einit = 19,      ///< certificate, key or password unusable
  ssl_einvalid = 20,   ///< the server's certificate does not verify
};

/// The name of a code without its prefix, spelt right where the device misspells: "ETIMEOUT", "SSL_EHANDSHAKE". "UNKNOWN"
/// for a number that is no code.
[[nodiscard]] std::string_view name_of(Err err) noexcept;

/// Words for people, where nobody knows more than the code: "timed out".
[[nodiscard]] std::string_view words_of(Err err) noexcept;

/// What went wrong: a code for programs and words for people.
struct Failure {
  Err err = Err::ok;
  std::string words;  ///< English, names the peer and the cause: "connect to 127.0.0.1:9 refused"
};

/// A value or the failure that stands in its place.
template <typename T>
class Result {
 public:
  Result(T value) : value_(std::move(value)) {}                      // NOLINT(google-explicit-constructor)
  Result(Failure failure) : failure_(std::move(failure)) {}          // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return failure_.err == Err::ok; }
  explicit operator bool() const noexcept { return ok(); }
  /// Only where ok().
  [[nodiscard]] T& value() noexcept { return value_; }
  [[nodiscard]] const T& value() const noexcept { return value_; }
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

 private:
  T value_{};
  Failure failure_;
};

}  // namespace socketcore
