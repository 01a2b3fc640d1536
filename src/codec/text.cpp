#include "codec/text.hpp"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace socketcore::codec {

namespace {

struct Name {
  std::string_view script;
  const char* system;
};
// Not the C library's "UCS-2", which knows no surrogates, and not its "GB2312", which lacks most of GBK.
constexpr Name kNames[] = {
    {"utf8", "UTF-8"},       {"utf-8", "UTF-8"}, {"ucs2", "UTF-16LE"}, {"ucs-2", "UTF-16LE"}, {"ucs2be", "UTF-16BE"},
    {"ucs-2be", "UTF-16BE"}, {"gb2312", "GBK"},  {"gbk", "GBK"},       {"ascii", "ASCII"},
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

const char* system_name(std::string_view script) {
  for (const Name& name : kNames) {
    if (std::equal(script.begin(), script.end(), name.script.begin(), name.script.end(),
                   [](char a, char b) { return lower(a) == b; })) {
      return name.system;
    }
  }
  return nullptr;
}

const iconv_t kRefused = reinterpret_cast<iconv_t>(std::intptr_t{-1});

}  // namespace

bool TextConverter::open(std::string_view to, std::string_view from) noexcept {
  const char* const target = system_name(to);
  const char* const source = system_name(from);
  if (target == nullptr || source == nullptr) return false;
  const iconv_t handle = iconv_open(target, source);
  if (handle == kRefused) return false;
  close();
  handle_ = handle;
  return true;
}

void TextConverter::close() noexcept {
  if (handle_ != nullptr) iconv_close(handle_);
  handle_ = nullptr;
}

TextConverter::Result TextConverter::convert(std::string_view text, std::span<char> out) noexcept {
  iconv(handle_, nullptr, nullptr, nullptr, nullptr);  // forgets what an earlier text left behind
  char* from = const_cast<char*>(text.data());         // iconv(3) only reads it
  std::size_t from_left = text.size();
  char* to = out.data();
  std::size_t to_left = out.size();
  const bool worked = iconv(handle_, &from, &from_left, &to, &to_left) != static_cast<std::size_t>(-1);
  const int error = worked ? 0 : errno;
  const std::size_t size = out.size() - to_left;
  if (worked) return {End::done, size};
  return {error == EINVAL ? End::incomplete : End::invalid, size};
}

}  // namespace socketcore::codec
