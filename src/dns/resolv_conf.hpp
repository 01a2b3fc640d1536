#pragma once

#include <optional>
#include <string_view>

#include "socketcore/os.hpp"

/// The part of resolv.conf(5) that c-ares 1.18 leaves unread: the timing. (It knows "retrans:" and "retry:" instead, which
/// no other program does.)
namespace socketcore {

struct ResolvTiming {
  std::optional<int> timeout_s;  ///< "options timeout:N", 1 to 30
  std::optional<int> attempts;   ///< "options attempts:N", 1 to 5
};

/// A number above the range counts as its end, as in the C library; one that is no number, or below it, as not said. Of
/// two the later holds.
[[nodiscard]] ResolvTiming parse_resolv_timing(std::string_view text) noexcept;
/// Says why if the file is there but out of reach for now (no descriptor, no memory). A file that is missing, or that we
/// may not read, says nothing and is no error, as in the C library. It is local and small: read in place, the first 16 KiB.
[[nodiscard]] SysError read_resolv_timing(const char* path, ResolvTiming& timing) noexcept;

}  // namespace socketcore
