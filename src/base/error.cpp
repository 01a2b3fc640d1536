#include "socketcore/error.hpp"

namespace socketcore {

std::string_view name_of(Err err) noexcept {
  switch (err) {
    case Err::unknown:
      return "UNKNOWN";
    case Err::ok:
      return "OK";
    case Err::enomem:
      return "ENOMEM";
    case Err::enobufs:
      return "ENOBUFS";
    case Err::etimeout:
      return "ETIMEOUT";
    case Err::erte:
      return "ERTE";
    case Err::einprogress:
      return "EINPROGRESS";
    case Err::einval:
      return "EINVAL";
    case Err::ewouldblock:
      return "EWOULDBLOCK";
    case Err::eaddrinuse:
      return "EADDRINUSE";
    case Err::ealready:
      return "EALREADY";
    case Err::eisconn:
      return "EISCONN";
    case Err::enotconn:
      return "ENOTCONN";
    case Err::eif:
      return "EIF";
    case Err::eabort:
      return "EABORT";
    case Err::erst:
      return "ERST";
    case Err::eclsd:
      return "ECLSD";
    case Err::earg:
      return "EARG";
    case Err::eio:
      return "EIO";
    case Err::ssl_ehandshake:
      return "SSL_EHANDSHAKE";
    case Err::ssl_einit:
      return "SSL_EINIT";
    case Err::ssl_einvalid:
      return "SSL_EINVALID";
  }
  return "UNKNOWN";
}

std::string_view words_of(Err err) noexcept {
  switch (err) {
    case Err::unknown:
      return "unknown error";
    case Err::ok:
      return "no error";
    case Err::enomem:
      return "out of memory";
    case Err::enobufs:
      return "no buffer space is free";
    case Err::etimeout:
      return "timed out";
    case Err::erte:
      return "no route to host";
    case Err::einprogress:
      return "in progress";
    case Err::einval:
    case Err::earg:
      return "invalid argument";
    case Err::ewouldblock:
      return "would block";
    case Err::eaddrinuse:
      return "address already in use";
    case Err::ealready:
      return "already under way";
    case Err::eisconn:
      return "already connected";
    case Err::enotconn:
      return "not connected";
    case Err::eif:
      return "not permitted, or the interface is down";
    case Err::eabort:
      return "aborted";
    case Err::erst:
      return "reset by peer";
    case Err::eclsd:
      return "the peer has closed the connection";
    case Err::eio:
      return "input or output failed";
    case Err::ssl_ehandshake:
      return "the TLS handshake failed";
    case Err::ssl_einit:
      return "a certificate, key or password is unusable";
    case Err::ssl_einvalid:
      return "the certificate does not verify";
  }
  return "unknown error";
}

}  // namespace socketcore
