// Digests, ciphers and RSA against openssl(1), which has its own way to each of them: DES from the legacy provider.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "codec/crypto_cipher.hpp"
#include "codec/crypto_digest.hpp"
#include "codec/crypto_rsa.hpp"

namespace socketcore::codec {
namespace {

class AgainstOpenSsl : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sc_codec_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    // A TLS connection on this thread would take a forgotten error for its own.
    EXPECT_EQ(ERR_peek_error(), 0U);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, std::string_view data) const {
    std::ofstream(path(name), std::ios::binary).write(data.data(), static_cast<std::streamsize>(data.size()));
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Runs it in the folder. Answers whether it succeeded.
  [[nodiscard]] bool openssl(const std::string& arguments) const {
    return std::system(("cd " + folder_.string() + " && openssl " + arguments + " >stdout 2>stderr").c_str()) == 0;
  }

 private:
  std::filesystem::path folder_;
};

std::string hex(std::string_view data) {
  std::string out;
  for (const char c : data) {
    std::array<char, 3> two{};
    std::snprintf(two.data(), two.size(), "%02X", static_cast<unsigned char>(c));
    out += two.data();
  }
  return out;
}

std::string random_bytes(std::size_t size) {
  static std::mt19937 generator(20240229);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(generator());
  return bytes;
}

TEST_F(AgainstOpenSsl, DigestsAgree) {
  const std::pair<Hash, std::string> hashes[] = {
      {Hash::md5, "md5"}, {Hash::sha1, "sha1"}, {Hash::sha256, "sha256"}, {Hash::sm3, "sm3"}};
  for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 10000U}) {
    const std::string data = random_bytes(size);
    write("data", data);
    for (const auto& [hash, name] : hashes) {
      HexDigest ours;
      ASSERT_TRUE(digest(hash, data, ours));
      ASSERT_TRUE(openssl("dgst -" + name + " -binary -out theirs data"));
      EXPECT_EQ(ours.view(), hex(read("theirs"))) << name << ' ' << size;

      const std::string key = random_bytes(size % 100 + 1);
      ASSERT_TRUE(hmac(hash, data, key, ours));
      ASSERT_TRUE(openssl("dgst -" + name + " -binary -mac HMAC -macopt hexkey:" + hex(key) + " -out theirs data"));
      EXPECT_EQ(ours.view(), hex(read("theirs"))) << name << ' ' << size;

      Digest pieces;
      ASSERT_TRUE(pieces.start(hash));
      for (std::size_t at = 0; at < data.size(); at += 777) ASSERT_TRUE(pieces.update(data.substr(at, 777)));
      HexDigest whole;
      ASSERT_TRUE(pieces.value(ours) && digest(hash, data, whole));
      EXPECT_EQ(ours.view(), whole.view());
    }
  }
}

struct Case {
  Algorithm algorithm;
  std::size_t key_size;
  CipherMode mode;
  std::string name;
};

const Case kCiphers[] = {
    {Algorithm::aes, 16, CipherMode::ecb, "aes-128-ecb"},  {Algorithm::aes, 24, CipherMode::ecb, "aes-192-ecb"},
    {Algorithm::aes, 32, CipherMode::ecb, "aes-256-ecb"},  {Algorithm::aes, 16, CipherMode::cbc, "aes-128-cbc"},
    {Algorithm::aes, 24, CipherMode::cbc, "aes-192-cbc"},  {Algorithm::aes, 32, CipherMode::cbc, "aes-256-cbc"},
    {Algorithm::aes, 16, CipherMode::ctr, "aes-128-ctr"},  {Algorithm::aes, 24, CipherMode::ctr, "aes-192-ctr"},
    {Algorithm::aes, 32, CipherMode::ctr, "aes-256-ctr"},  {Algorithm::des, 8, CipherMode::ecb, "des-ecb"},
    {Algorithm::des, 8, CipherMode::cbc, "des-cbc"},       {Algorithm::des, 16, CipherMode::ecb, "des-ede"},
    {Algorithm::des, 16, CipherMode::cbc, "des-ede-cbc"},  {Algorithm::des, 24, CipherMode::ecb, "des-ede3"},
    {Algorithm::des, 24, CipherMode::cbc, "des-ede3-cbc"}, {Algorithm::sm4, 16, CipherMode::ecb, "sm4-ecb"},
    {Algorithm::sm4, 16, CipherMode::cbc, "sm4-cbc"},      {Algorithm::sm4, 16, CipherMode::ctr, "sm4-ctr"},
};

TEST_F(AgainstOpenSsl, CiphersAgree) {
  for (const Case& one : kCiphers) {
    const std::size_t block = one.algorithm == Algorithm::des ? 8 : 16;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, block - 1, block, block + 1, std::size_t{5000}}) {
      SCOPED_TRACE(one.name + ' ' + std::to_string(size));
      const std::string data = random_bytes(size);
      const std::string key = random_bytes(one.key_size);
      const std::string iv = random_bytes(block);
      // Their CTR does not pad; ours does where it is told to.
      const Padding padding = one.mode == CipherMode::ctr ? Padding::none : Padding::pkcs;
      const Cipher cipher{one.algorithm, one.mode, padding, key, iv};
      std::string ours(cipher_room(size), '?');
      const CipherResult result = encrypt(cipher, data, ours);
      ASSERT_EQ(result.error, CipherError::ok);
      ours.resize(result.size);

      write("plain", data);
      const std::string vector = one.mode == CipherMode::ecb ? "" : " -iv " + hex(iv);
      ASSERT_TRUE(openssl("enc -e -provider legacy -provider default -" + one.name + " -K " + hex(key) + vector +
                          " -in plain -out secret"))
          << read("stderr");
      EXPECT_EQ(hex(ours), hex(read("secret")));

      std::string back(cipher_room(ours.size()), '?');
      const CipherResult decrypted = decrypt(cipher, ours, back);
      ASSERT_EQ(decrypted.error, CipherError::ok);
      EXPECT_EQ(back.substr(0, decrypted.size), data);
    }
  }
}

TEST_F(AgainstOpenSsl, WrongCipherArgumentsAreNamed) {
  std::string out(100, '?');
  const auto error = [&out](const Cipher& cipher, std::string_view data, bool decrypting = false) {
    return (decrypting ? decrypt : encrypt)(cipher, data, out).error;
  };
  const std::string key(16, 'k');
  const std::string iv(16, 'i');
  const std::string block(16, 'b');
  const std::string_view short_key = "0123456789";
  EXPECT_EQ(error({Algorithm::aes, CipherMode::ecb, Padding::zero, short_key, {}}, "x"), CipherError::key_size);
  EXPECT_EQ(error({Algorithm::sm4, CipherMode::ecb, Padding::zero, short_key, {}}, "x"), CipherError::key_size);
  EXPECT_EQ(error({Algorithm::aes, CipherMode::cbc, Padding::zero, key, "short"}, "x"), CipherError::iv_size);
  EXPECT_EQ(error({Algorithm::aes, CipherMode::cbc, Padding::none, key, iv}, "x"), CipherError::size);
  EXPECT_EQ(error({Algorithm::aes, CipherMode::cbc, Padding::pkcs, key, iv}, "x", true), CipherError::size);
  EXPECT_EQ(error({Algorithm::aes, CipherMode::ctr, Padding::pkcs, key, iv}, "x", true), CipherError::size);
  EXPECT_EQ(error({Algorithm::des, CipherMode::ctr, Padding::zero, key, iv}, "x"), CipherError::mode);
  EXPECT_EQ(error({Algorithm::aes, CipherMode::ecb, Padding::pkcs, key, {}}, "", true), CipherError::padding);
  EXPECT_EQ(error({Algorithm::aes, CipherMode::ecb, Padding::pkcs, key, {}}, block, true), CipherError::padding);
}

class RsaAgainstOpenSsl : public AgainstOpenSsl {
 protected:
  void SetUp() override {
    AgainstOpenSsl::SetUp();
    ASSERT_TRUE(openssl("genrsa -out private 2048") && openssl("rsa -in private -pubout -out public")) << read("stderr");
    ASSERT_EQ(private_.read(read("private"), Half::private_half, ""), RsaKey::Error::ok);
    ASSERT_EQ(public_.read(read("public"), Half::public_half, ""), RsaKey::Error::ok);
    out_.resize(private_.size());
  }
  using Half = RsaKey::Half;
  RsaKey private_;
  RsaKey public_;
  std::string out_;
};

TEST_F(RsaAgainstOpenSsl, EncryptionAgrees) {
  EXPECT_EQ(private_.bits(), 2048U);
  const std::string text = random_bytes(245);
  ASSERT_EQ(public_.encrypt(Half::public_half, text, out_), 256U);
  write("secret", out_);
  ASSERT_TRUE(openssl("pkeyutl -decrypt -inkey private -in secret -out plain"));
  EXPECT_EQ(read("plain"), text);

  ASSERT_TRUE(openssl("pkeyutl -encrypt -pubin -inkey public -in plain -out secret"));
  const auto size = private_.decrypt(Half::private_half, read("secret"), out_);
  ASSERT_TRUE(size);
  EXPECT_EQ(out_.substr(0, *size), text);

  EXPECT_FALSE(public_.encrypt(Half::public_half, text + "x", out_));
  EXPECT_FALSE(private_.decrypt(Half::private_half, "short", out_));
}

TEST_F(RsaAgainstOpenSsl, ThePrivateHalfEncryptsAsItSigns) {
  write("plain", "text");
  ASSERT_TRUE(openssl("pkeyutl -sign -inkey private -pkeyopt rsa_padding_mode:pkcs1 -in plain -out theirs"));
  ASSERT_EQ(private_.encrypt(Half::private_half, "text", out_), 256U);
  EXPECT_EQ(hex(out_), hex(read("theirs")));
  const auto size = public_.decrypt(Half::public_half, read("theirs"), out_);
  ASSERT_TRUE(size);
  EXPECT_EQ(out_.substr(0, *size), "text");
}

TEST_F(RsaAgainstOpenSsl, SignaturesAgree) {
  const std::string text = random_bytes(1000);
  write("text", text);
  for (const auto& [hash, name] : {std::pair{Hash::sha1, "sha1"}, std::pair{Hash::sha256, "sha256"}}) {
    ASSERT_TRUE(openssl("dgst -" + std::string(name) + " -sign private -out theirs text"));
    ASSERT_EQ(private_.sign(hash, text, out_), 256U);
    EXPECT_EQ(hex(out_), hex(read("theirs")));
    EXPECT_TRUE(public_.verify(hash, text, out_));
    EXPECT_FALSE(public_.verify(hash, text + "x", out_));
    EXPECT_FALSE(public_.verify(hash, text, "no signature"));
  }
}

TEST_F(RsaAgainstOpenSsl, LockedKeysOpenWithTheirPassword) {
  ASSERT_TRUE(openssl("rsa -in private -aes128 -traditional -passout pass:secret -out locked_old"));
  ASSERT_TRUE(openssl("pkcs8 -topk8 -in private -passout pass:secret -out locked_new"));
  for (const char* name : {"locked_old", "locked_new"}) {
    RsaKey key;
    EXPECT_EQ(key.read(read(name), Half::private_half, "secret"), RsaKey::Error::ok) << name;
    EXPECT_EQ(key.read(read(name), Half::private_half, ""), RsaKey::Error::password) << name;
    EXPECT_EQ(key.read(read(name), Half::private_half, "wrong"), RsaKey::Error::password) << name;
  }
}

TEST_F(RsaAgainstOpenSsl, OtherTextsAreNoKeys) {
  ASSERT_TRUE(openssl("ecparam -name prime256v1 -genkey -noout -out curve"));
  RsaKey key;
  for (const Half half : {Half::public_half, Half::private_half}) {
    EXPECT_EQ(key.read("", half, ""), RsaKey::Error::not_a_key);
    EXPECT_EQ(key.read("no key", half, ""), RsaKey::Error::not_a_key);
    EXPECT_EQ(key.read(read("curve"), half, ""), RsaKey::Error::not_a_key);
    EXPECT_EQ(key.read(read("private").substr(0, 900), half, ""), RsaKey::Error::not_a_key);
  }
  EXPECT_EQ(key.read(read("public"), Half::private_half, ""), RsaKey::Error::not_a_key);
  // A private key has a public half.
  EXPECT_EQ(key.read(read("private"), Half::public_half, ""), RsaKey::Error::ok);
}

}  // namespace
}  // namespace socketcore::codec
