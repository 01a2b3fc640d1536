#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <span>
#include <string_view>

#include "fake_site.hpp"

namespace socketcore::test {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class PartsTest : public testing::Test {
 protected:
  PartsTest() { site.parts = &parts; }

  void obey(std::string_view line) { EXPECT_EQ(parts.control(line), "") << line; }

  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
  }

  FakeSite site;
  Parts parts{site};
};

}  // namespace socketcore::test
