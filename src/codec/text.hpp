#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace socketcore::codec {

/// From one encoding of text to another.
class TextConverter {
 public:
  TextConverter() = default;
  ~TextConverter() { close(); }
  TextConverter(const TextConverter&) = delete;
  TextConverter& operator=(const TextConverter&) = delete;

  /// Names, in either case: utf8, ucs2 (little-endian), ucs2be, gb2312 (all of GBK), gbk, ascii. Surrogate pairs count as
  /// one character in both ucs2. False: no such name, or the system does not have it. Opens once.
  [[nodiscard]] bool open(std::string_view to, std::string_view from) noexcept;
  [[nodiscard]] bool is_open() const noexcept { return handle_ != nullptr; }
  void close() noexcept;

  enum class End {
    done,
    invalid,     ///< the input is not text of that encoding, or has a character that the other one lacks
    incomplete,  ///< the input ends inside of a character
  };
  struct Result {
    End end = End::done;
    std::size_t size = 0;  ///< how many bytes of `out` hold what was converted up to there
  };
  /// Room that `out` needs for `bytes` of input: nothing grows more than ASCII that becomes ucs2.
  [[nodiscard]] static constexpr std::size_t room(std::size_t bytes) noexcept { return bytes * 2 + 4; }
  /// One whole text, each time afresh. Wants is_open().
  [[nodiscard]] Result convert(std::string_view text, std::span<char> out) noexcept;

 private:
  void* handle_ = nullptr;
};

}  // namespace socketcore::codec
