#include "socketcore/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace socketcore {
namespace {

constexpr int kFirst = -1;
constexpr int kLast = 20;

TEST(ErrorNames, EveryCodeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int code = kFirst; code <= kLast; ++code) {
    const std::string name(name_of(static_cast<Err>(code)));
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string::npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
  }
  EXPECT_EQ(name_of(Err::ok), "OK");
  EXPECT_EQ(name_of(Err::etimeout), "ETIMEOUT");
  EXPECT_EQ(name_of(Err::ssl_einvalid), "SSL_EINVALID");
}

TEST(ErrorNames, EveryCodeHasWords) {
  std::set<std::string> words;
  for (int code = kFirst; code <= kLast; ++code) {
    const std::string text(words_of(static_cast<Err>(code)));
    EXPECT_FALSE(text.empty());
    words.insert(text);
  }
  EXPECT_EQ(words.size(), std::size_t{kLast - kFirst}) << "EINVAL and EARG say the same, all others differ";
}

TEST(ErrorNames, ANumberThatIsNoCode) {
  for (const int number : {-2, kLast + 1, 127}) {
    EXPECT_EQ(name_of(static_cast<Err>(number)), "UNKNOWN");
    EXPECT_EQ(words_of(static_cast<Err>(number)), "unknown error");
  }
}

}  // namespace
}  // namespace socketcore
