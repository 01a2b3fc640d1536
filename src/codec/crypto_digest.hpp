#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's

namespace socketcore::codec {

enum class Hash { md5, sha1, sha256, sm3 };

/// A digest as scripts have it: upper-case hexadecimal.
struct HexDigest {
  std::array<char, 64> text{};
  std::size_t size = 0;
  [[nodiscard]] std::string_view view() const noexcept { return {text.data(), size}; }
};

/// Both answer false only where memory is short.
[[nodiscard]] bool digest(Hash hash, std::string_view data, HexDigest& out) noexcept;
[[nodiscard]] bool hmac(Hash hash, std::string_view data, std::string_view key, HexDigest& out) noexcept;

/// A digest of bytes that come in pieces.
class Digest {
 public:
  /// Begins, or begins again. The others want it to have answered true. False, here too: memory is short.
  [[nodiscard]] bool start(Hash hash) noexcept;
  [[nodiscard]] bool update(std::string_view data) noexcept;
  /// Of all bytes up to now; more may follow.
  [[nodiscard]] bool value(HexDigest& out) const noexcept;

  [[nodiscard]] bool started() const noexcept { return context_ != nullptr; }
  void end() noexcept { context_.reset(); }

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_md_ctx_st, Free>;
  Context context_;
};

}  // namespace socketcore::codec
