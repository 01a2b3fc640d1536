#include "dns/resolv_conf.hpp"

#include <gtest/gtest.h>

#include <string>

namespace socketcore {
namespace {

TEST(ResolvConf, says_nothing_of_timing) {
  for (const char* text : {"", "nameserver 127.0.0.1\n", "options ndots:2 rotate\n", "# options timeout:3\n",
                           "; options timeout:3\n", "options # timeout:3\n", "search options timeout:3\n"}) {
    const ResolvTiming timing = parse_resolv_timing(text);
    EXPECT_FALSE(timing.timeout_s) << text;
    EXPECT_FALSE(timing.attempts) << text;
  }
}

TEST(ResolvConf, timeout_and_attempts) {
  const ResolvTiming timing = parse_resolv_timing("nameserver ::1\noptions ndots:2 timeout:3\tattempts:2\r\n");
  EXPECT_EQ(timing.timeout_s, 3);
  EXPECT_EQ(timing.attempts, 2);
}

TEST(ResolvConf, later_one_holds) {
  const ResolvTiming timing = parse_resolv_timing("options timeout:3 timeout:4\n  options timeout:5");
  EXPECT_EQ(timing.timeout_s, 5);
}

TEST(ResolvConf, numbers_out_of_range) {
  EXPECT_EQ(parse_resolv_timing("options timeout:31 attempts:6").timeout_s, 30);
  EXPECT_EQ(parse_resolv_timing("options timeout:31 attempts:6").attempts, 5);
  EXPECT_EQ(parse_resolv_timing("options timeout:99999999999999999999").timeout_s, 30);
  for (const char* text : {"options timeout:0", "options timeout:-1", "options timeout:", "options timeout",
                           "options timeout:2s", "options timeout:-99999999999999999999", "options xtimeout:2"}) {
    EXPECT_FALSE(parse_resolv_timing(text).timeout_s) << text;
  }
}

TEST(ResolvConf, any_bytes) {
  std::string text = "options timeout:7\n";
  for (int c = 0; c < 256; ++c) text += static_cast<char>(c);
  EXPECT_EQ(parse_resolv_timing(text).timeout_s, 7);
}

TEST(ResolvConf, file_that_says_nothing) {
  for (const char* path : {"/nonexistent/resolv.conf", "/etc/passwd/resolv.conf", "/", "/dev/null"}) {
    ResolvTiming timing{.timeout_s = 1, .attempts = 1};
    EXPECT_TRUE(read_resolv_timing(path, timing).ok()) << path;
    EXPECT_FALSE(timing.timeout_s) << path;
    EXPECT_FALSE(timing.attempts) << path;
  }
}

}  // namespace
}  // namespace socketcore
