#include <gtest/gtest.h>

#include <cerrno>

#include "socketcore/os.hpp"

namespace socketcore::test {
namespace {

struct Expected {
  int number;
  Err err;
  const char* words;
};

TEST(SysError, NumbersBecomeCodesAndWords) {
  for (const Expected& expected : {
           Expected{0, Err::ok, "no error"},
           Expected{ENOMEM, Err::enomem, "out of memory"},
           Expected{EMFILE, Err::enobufs, "no descriptor is free"},
           Expected{ENFILE, Err::enobufs, "no descriptor is free"},
           Expected{ENOBUFS, Err::enobufs, "no buffer space is free"},
           Expected{ETIMEDOUT, Err::etimeout, "timed out"},
           Expected{EHOSTUNREACH, Err::erte, "no route to host"},
           Expected{ENETUNREACH, Err::erte, "network is unreachable"},
           Expected{EHOSTDOWN, Err::erte, "host is down"},
           Expected{EINPROGRESS, Err::einprogress, "in progress"},
           Expected{EAGAIN, Err::ewouldblock, "would block"},
           Expected{EWOULDBLOCK, Err::ewouldblock, "would block"},
           Expected{EADDRINUSE, Err::eaddrinuse, "address already in use"},
           Expected{EADDRNOTAVAIL, Err::eif, "no local address or port to use for it"},
           Expected{EALREADY, Err::ealready, "Operation already in progress"},
           Expected{EISCONN, Err::eisconn, "already connected"},
           Expected{ENOTCONN, Err::enotconn, "not connected"},
           Expected{EACCES, Err::eif, "not permitted"},
           Expected{EPERM, Err::eif, "not permitted"},
           Expected{ENETDOWN, Err::eif, "network is down"},
           Expected{EAFNOSUPPORT, Err::eif, "address family not supported"},
           Expected{ECONNABORTED, Err::eabort, "aborted"},
           Expected{ECONNREFUSED, Err::erst, "refused"},
           Expected{ECONNRESET, Err::erst, "reset by peer"},
           Expected{EPIPE, Err::erst, "reset by peer"},
           Expected{EMSGSIZE, Err::earg, "message too long"},
           Expected{EINVAL, Err::earg, "invalid argument"},
           Expected{EIO, Err::eio, "Input/output error"},
           Expected{EPROTO, Err::eio, "Protocol error"},
           Expected{123456, Err::eio, "unknown error"},
       }) {
    const SysError error(expected.number);
    EXPECT_EQ(error.err(), expected.err) << expected.number;
    EXPECT_EQ(error.words(), expected.words) << expected.number;
    EXPECT_EQ(error.ok(), expected.number == 0);
    EXPECT_EQ(error.would_block(), expected.number == EAGAIN);
    EXPECT_EQ(error.in_progress(), expected.number == EINPROGRESS);
    EXPECT_EQ(error.no_descriptors(), expected.number == EMFILE || expected.number == ENFILE);
    EXPECT_EQ(error.not_permitted(), expected.number == EPERM || expected.number == EACCES);
    EXPECT_EQ(error.refused(),
              expected.number == ECONNREFUSED || expected.number == EHOSTUNREACH || expected.number == ENETUNREACH);
  }
}

TEST(SysError, NoNumberIsTakenForSuccess) {
  for (int number = 1; number < 200; ++number) {
    EXPECT_NE(SysError(number).err(), Err::ok) << number;
    EXPECT_FALSE(SysError(number).words().empty()) << number;
  }
}

}  // namespace
}  // namespace socketcore::test
