#include <cerrno>
#include <cstring>

#include "os/failure.hpp"

namespace socketcore {

bool SysError::would_block() const noexcept {
  return number_ == EAGAIN || number_ == EWOULDBLOCK;
}

bool SysError::in_progress() const noexcept {
  return number_ == EINPROGRESS;
}

bool SysError::no_descriptors() const noexcept {
  return number_ == EMFILE || number_ == ENFILE;
}

bool SysError::not_permitted() const noexcept {
  return number_ == EPERM || number_ == EACCES;
}

bool SysError::no_local_address() const noexcept { return number_ == EADDRNOTAVAIL; }

bool SysError::refused() const noexcept {
  return number_ == ECONNREFUSED || number_ == EHOSTUNREACH || number_ == ENETUNREACH;
}

SysError SysError::connection_refused() noexcept {
  return SysError(ECONNREFUSED);
}

SysError SysError::no_memory() noexcept {
  return SysError(ENOMEM);
}

Err SysError::err() const noexcept {
  switch (number_) {
    case 0:
      return Err::ok;
    case ENOMEM:
      return Err::enomem;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
      return Err::enobufs;
    case ETIMEDOUT:
      return Err::etimeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
      return Err::erte;
    case EINPROGRESS:
      return Err::einprogress;
    case EAGAIN:
      return Err::ewouldblock;
    case EADDRINUSE:
      return Err::eaddrinuse;
    case EALREADY:
      return Err::ealready;
    case EISCONN:
      return Err::eisconn;
    case ENOTCONN:
    case EDESTADDRREQ:
      return Err::enotconn;
    // No IPv6 in the kernel, or no address or port of its own to use: as if no interface were there for it.
    case EACCES:
    case EPERM:
    case EADDRNOTAVAIL:
    case ENETDOWN:
    case ENODEV:
    case EAFNOSUPPORT:
      return Err::eif;
    case ECONNABORTED:
      return Err::eabort;
    case ECONNREFUSED:
    case ECONNRESET:
    case ENETRESET:
    case EPIPE:
      return Err::erst;
    case EMSGSIZE:
    case EINVAL:
    case EPROTONOSUPPORT:
    case EPROTOTYPE:
    case ENOPROTOOPT:
      return Err::earg;
    default:
      return Err::eio;
  }
}

std::string_view SysError::words() const noexcept {
  switch (number_) {
    case 0:
      return "no error";
    case ENOMEM:
      return "out of memory";
    case EMFILE:
    case ENFILE:
      return "no descriptor is free";
    case ENOBUFS:
      return "no buffer space is free";
    case ETIMEDOUT:
      return "timed out";
    case EHOSTUNREACH:
      return "no route to host";
    case ENETUNREACH:
      return "network is unreachable";
    case EHOSTDOWN:
      return "host is down";
    case EINPROGRESS:
      return "in progress";
    case EAGAIN:
      return "would block";
    case EADDRINUSE:
      return "address already in use";
    case EADDRNOTAVAIL:
      return "no local address or port to use for it";
    case EISCONN:
      return "already connected";
    case ENOTCONN:
      return "not connected";
    case EACCES:
    case EPERM:
      return "not permitted";
    case ENETDOWN:
      return "network is down";
    case EAFNOSUPPORT:
      return "address family not supported";
    case ECONNABORTED:
      return "aborted";
    case ECONNREFUSED:
      return "refused";
    case ECONNRESET:
    case ENETRESET:
    case EPIPE:
      return "reset by peer";
    case EMSGSIZE:
      return "message too long";
    case EINVAL:
      return "invalid argument";
    default:
      break;
  }
  // The GNU call, unlike strerror(), gives constant storage; no translation, so that words do not depend on the locale.
  const char* known = ::strerrordesc_np(number_);
  return known != nullptr ? known : "unknown error";
}

Failure failure_of(SysError error) noexcept {
  try {
    return {error.err(), std::string(error.words())};
  } catch (...) {
    return {error.err(), {}};
  }
}

}  // namespace socketcore
