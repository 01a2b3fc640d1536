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

}  // namespace socketcore
