#include "socketcore/endpoint.hpp"

#include <gtest/gtest.h>

#include "os/sockaddr.hpp"

namespace socketcore::test {
namespace {

TEST(Address, LiteralsAreReadAndWrittenBack) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1", "::ffff:192.0.2.1"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_EQ(address->scope, 0u);
  }
  EXPECT_EQ(Address::parse("2001:DB8:0:0:0:0:0:1")->text(), "2001:db8::1");
  EXPECT_EQ(Address::parse("192.0.2.1")->family, Family::v4);
  EXPECT_EQ(Address::parse("::1")->family, Family::v6);
  EXPECT_EQ(Address::parse("1.2.3.4")->bytes, (std::array<std::uint8_t, 16>{1, 2, 3, 4}));
}

TEST(Address, OtherTextIsNoAddress) {
  for (const char* text : {"",
                           "localhost",
                           "192.0.2",
                           "192.0.2.256",
                           "192.0.2.1.",
                           " 192.0.2.1",
                           "192.0.2.1 ",
                           "0x7f.1",
                           "1",
                           "192.0.2.01",
                           "2001:db8:::1",
                           "::g",
                           "[::1]",
                           "192.0.2.1%lo",
                           "::1%lo",
                           "fe80::1%",
                           "fe80::1%0",
                           "fe80::1%no-such-interface",
                           "fe80::1%a-name-longer-than-any-interface-has",
                           "fe80::1%lo%lo",
                           "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"}) {
    EXPECT_FALSE(Address::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Address::parse(std::string_view("192.0.2.1\0x", 11)).has_value());
  EXPECT_FALSE(Address::parse(std::string_view("::1\0", 4)).has_value());
}

TEST(Address, LinkLocalAddressMayNameItsInterface) {
  const auto by_name = Address::parse("fe80::1%lo");
  ASSERT_TRUE(by_name.has_value());
  EXPECT_EQ(by_name->scope, 1u);
  EXPECT_EQ(by_name->text(), "fe80::1%lo");
  EXPECT_EQ(Address::parse("fe80::1%1"), by_name);
  EXPECT_EQ(Address::parse("ff02::1%lo")->scope, 1u);
  EXPECT_NE(Address::parse("fe80::1"), by_name);
  EXPECT_EQ(Address::parse("fe80::1%4000000")->text(), "fe80::1%4000000") << "an interface may have gone since";
}

TEST(Address, ManyAtOnceAreTold) {
  for (const char* text : {"224.0.0.1", "239.255.255.255", "ff02::1"})
    EXPECT_TRUE(Address::parse(text)->is_multicast()) << text;
  for (const char* text : {"223.255.255.255", "240.0.0.1", "255.255.255.255", "fe80::1", "::ffff:224.0.0.1"}) {
    EXPECT_FALSE(Address::parse(text)->is_multicast()) << text;
  }
  EXPECT_TRUE(Address::parse("255.255.255.255")->is_limited_broadcast());
  EXPECT_FALSE(Address::parse("255.255.255.254")->is_limited_broadcast());
  EXPECT_FALSE(Address::parse("ffff:ffff::")->is_limited_broadcast());
}

TEST(Endpoint, TextNamesAddressAndPort) {
  EXPECT_EQ((Endpoint{*Address::parse("192.0.2.1"), 80}.text()), "192.0.2.1:80");
  EXPECT_EQ((Endpoint{*Address::parse("2001:db8::1"), 65535}.text()), "[2001:db8::1]:65535");
  EXPECT_EQ((Endpoint{*Address::parse("fe80::1%lo"), 1}.text()), "[fe80::1%lo]:1");
}

TEST(Endpoint, KernelsFormHoldsTheSame) {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "fe80::1%lo"}) {
    const Endpoint endpoint{*Address::parse(text), 4711};
    EXPECT_EQ(SocketAddress(endpoint).endpoint(), endpoint);
  }
}

}  // namespace
}  // namespace socketcore::test
