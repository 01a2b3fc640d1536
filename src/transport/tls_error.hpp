#pragma once

#include <initializer_list>
#include <string_view>

#include "socketcore/error.hpp"

namespace socketcore {

/// What OpenSSL had to say. The words are its own, of static lifetime, and hold no secret.
struct TlsError {
  int library = 0;         ///< ERR_LIB_...
  int reason = 0;          ///< a reason of that library
  std::string_view words;  ///< empty if it said nothing
  bool no_memory = false;
};

/// Takes the oldest error, which is the cause of the others, from this thread's queue and empties the queue. Many
/// connections share that queue, so it must be empty before each call whose failure is to be explained:
/// forget_tls_errors().
[[nodiscard]] TlsError take_tls_error() noexcept;
void forget_tls_errors() noexcept;

enum class TlsPhase { handshake, data };

/// An error of a connection, as a script sees it.
[[nodiscard]] Failure tls_failure(const TlsError& error, TlsPhase phase) noexcept;

/// The name that RFC 8446 gives to an alert, with spaces: "unknown ca".
[[nodiscard]] std::string_view alert_name(int alert) noexcept;

/// For calls of OpenSSL that, given what they are given, fail only where memory is short: throws std::bad_alloc then.
void must(bool worked);

/// A failure of joined words; without them where memory is short.
[[nodiscard]] Failure make_failure(Err err, std::initializer_list<std::string_view> words) noexcept;

}  // namespace socketcore
