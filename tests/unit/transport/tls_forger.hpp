#pragma once

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tls_engines.hpp"

namespace socketcore::testing {

/// `size` bytes as the network has them.
inline std::string big_endian(std::uint64_t number, int size) {
  std::string text;
  while (size-- > 0) text += static_cast<char>(number >> (8 * size));
  return text;
}

/// A connection whose server also says what no OpenSSL would: it knows the server's keys and seals records of any content.
/// AES-128-GCM in both versions. Records of the server itself must not come between.
class ForgedServer {
 public:
  explicit ForgedServer(int version) : tls13_(version == kTls13), both(version, SSL_OP_NO_RENEGOTIATION, tweak(this)) {
    tls13_ ? take_keys_13() : take_keys_12();
  }

  /// Puts a sealed record onto the client's wire.
  void say(int type, std::string_view content) { say_raw(sealed(type, content)); }
  /// Puts bytes there as they are.
  void say_raw(std::string_view bytes) { both.client_carrier->end->in().bytes += bytes; }
  void say_alert(int level, int number) { say(21, big_endian(static_cast<unsigned>(level << 8 | number), 2)); }
  void say_data(std::string_view data) { say(23, data); }
  void say_handshake(int message, std::string_view body) {
    say(22, big_endian(static_cast<unsigned>(message), 1) + big_endian(body.size(), 3) + std::string(body));
  }

  [[nodiscard]] std::string sealed(int type, std::string_view content) {
    const std::string kind = big_endian(static_cast<unsigned>(type), 1);
    std::string inner(content);
    std::string nonce = iv_;
    std::string explicit_nonce;
    const std::string number = big_endian(sequence_++, 8);
    if (tls13_) {
      inner += kind;
      for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<char>(nonce[4 + i] ^ number[i]);
    } else {
      explicit_nonce = number;
      nonce += number;
    }
    const std::string header =
        (tls13_ ? "\x17" : kind) + "\x03\x03" + big_endian(explicit_nonce.size() + inner.size() + 16, 2);
    const std::string bound = tls13_ ? header : number + kind + "\x03\x03" + big_endian(inner.size(), 2);
    return header + explicit_nonce + encrypted(nonce, bound, inner);
  }

  /// What the client reads, up to nothing more. `last` tells how it ended.
  std::string client_reads() {
    std::string all;
    do all += both.client_reads();
    while (both.last.flow == Flow::done && !both.last.drained);
    return all;
  }
  [[nodiscard]] Flow flow() const { return both.last.flow; }
  [[nodiscard]] const Failure& failure() const { return both.client->failure(); }

 private:
  static std::function<void(SSL_CTX*)> tweak(ForgedServer* self) {
    return [self](SSL_CTX* ctx) {
      EXPECT_EQ(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"), 1);
      EXPECT_EQ(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256"), 1);
      SSL_CTX_set_app_data(ctx, self);
      SSL_CTX_set_keylog_callback(ctx, [](const SSL* ssl, const char* line) {
        auto* const server = static_cast<ForgedServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        const std::string_view text(line);
        if (text.starts_with("SERVER_TRAFFIC_SECRET_0 ")) server->secret_ = unhex(text.substr(text.rfind(' ') + 1));
      });
    };
  }

  static std::string unhex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
  }

  static std::string derived(const char* kind, std::size_t size, const OSSL_PARAM* params) {
    const std::unique_ptr<EVP_KDF, OpenSslFree<EVP_KDF_free>> kdf(EVP_KDF_fetch(nullptr, kind, nullptr));
    const std::unique_ptr<EVP_KDF_CTX, OpenSslFree<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(kdf.get()));
    std::string bytes(size, '\0');
    EXPECT_EQ(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), size, params), 1);
    return bytes;
  }

  // RFC 8446, 7.1 and 7.3.
  [[nodiscard]] std::string expanded(const std::string& label, std::size_t size) {
    std::string info = big_endian(size, 2) + big_endian(label.size() + 6, 1) + "tls13 " + label + std::string(1, '\0');
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    std::string digest = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                                 OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret_.data(), secret_.size()),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                                 OSSL_PARAM_construct_end()};
    return derived("HKDF", size, params);
  }
  void take_keys_13() {
    key_ = expanded("key", 16);
    iv_ = expanded("iv", 12);
  }

  // RFC 5246, 6.3, and RFC 5288.
  void take_keys_12() {
    std::string master(48, '\0');
    SSL_SESSION_get_master_key(SSL_get_session(both.raw_server), reinterpret_cast<unsigned char*>(master.data()), 48);
    std::string randoms(64, '\0');
    SSL_get_server_random(both.raw_server, reinterpret_cast<unsigned char*>(randoms.data()), 32);
    SSL_get_client_random(both.raw_server, reinterpret_cast<unsigned char*>(randoms.data() + 32), 32);
    std::string seed = "key expansion" + randoms;
    std::string digest = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master.data(), master.size()),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(), seed.size()),
                                 OSSL_PARAM_construct_end()};
    const std::string keys = derived("TLS1-PRF", 40, params);
    key_ = keys.substr(16, 16);
    iv_ = keys.substr(36, 4);
    sequence_ = 1;  // its Finished was the first
  }

  [[nodiscard]] std::string encrypted(const std::string& nonce, const std::string& bound, const std::string& plain) const {
    const std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>> cipher(EVP_CIPHER_CTX_new());
    const auto bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, bytes(key_), bytes(nonce));
    int size = 0;
    EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(bound), static_cast<int>(bound.size()));
    std::string sealed(plain.size() + 16, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(sealed.data());
    // Without content there is nothing to update: OpenSSL would take that for the end.
    if (!plain.empty()) EVP_EncryptUpdate(cipher.get(), out, &size, bytes(plain), static_cast<int>(plain.size()));
    EVP_EncryptFinal_ex(cipher.get(), out, &size);
    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, 16, out + plain.size());
    return sealed;
  }

  bool tls13_;
  std::string secret_;
  std::string key_;
  std::string iv_;
  std::uint64_t sequence_ = 0;

 public:
  TlsEngines both;  // last: its handshake fills in what stands above
};

}  // namespace socketcore::testing
