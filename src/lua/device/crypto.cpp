#include <array>
#include <cstdint>
#include <optional>

#include "codec/base64.hpp"
#include "codec/crc.hpp"
#include "codec/crypto_cipher.hpp"
#include "codec/integers.hpp"
#include "codec/xxtea.hpp"
#include "lua/device/crypto_objects.hpp"
#include "lua/device/modules.hpp"
#include "lua/device/text_arguments.hpp"

namespace socketcore::lua {

namespace {

using codec::Algorithm;
using codec::CipherError;
using codec::Hash;

// (s [, len])
template <Hash hash>
int digest(lua_State* L) {
  const std::string_view text = check_text(L, 1, 2);
  codec::HexDigest result;
  return push_digest(L, codec::digest(hash, text, result), result);
}

// (s [, len]) or (path, "file")
int md5(lua_State* L) {
  if (lua_type(L, 2) == LUA_TSTRING && check_text(L, 2) == "file") return md5_of_file(L);
  return digest<Hash::md5>(L);
}

// (s, len, key, keylen)
template <Hash hash>
int hmac(lua_State* L) {
  const std::string_view text = check_text(L, 1, 2);
  const std::string_view key = check_text(L, 3, 4);
  codec::HexDigest result;
  return push_digest(L, codec::hmac(hash, text, key, result), result);
}

// (s, key): this one takes no lengths
int hmac_sha256(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  const std::string_view key = check_text(L, 2);
  codec::HexDigest result;
  return push_digest(L, codec::hmac(Hash::sha256, text, key, result), result);
}

int base64_encode(lua_State* L) {
  const std::string_view data = check_text(L, 1, 2);
  const std::size_t size = codec::base64_encoded_size(data.size());
  char* const out = push_memory(L, size);
  codec::base64_encode(data, {out, size});
  push_bytes(L, {out, size});
  return 1;
}

// A text that is no Base64 is an empty one.
int base64_decode(lua_State* L) {
  const std::string_view text = check_text(L, 1, 2);
  const std::size_t room = codec::base64_decoded_limit(text.size());
  char* const out = push_memory(L, room);
  push_bytes(L, {out, codec::base64_decode(text, {out, room}).value_or(0)});
  return 1;
}

std::uint16_t opt_word(lua_State* L, int place) {
  return static_cast<std::uint16_t>(codec::wrap_uint32(luaL_optnumber(L, place, 0)));
}

// 1 and 0, or true and false.
bool opt_flag(lua_State* L, int place) {
  return lua_isboolean(L, place) ? lua_toboolean(L, place) != 0 : luaL_optnumber(L, place, 0) != 0;
}

// (kind, s), or ("USER-DEFINED", s, polynomial, initial, final, inreverse, outreverse)
int crc16(lua_State* L) {
  const std::string_view name = check_text(L, 1);
  const std::string_view text = check_text(L, 2);
  auto kind = codec::crc16_of(name);
  if (!kind) {
    luaL_argcheck(L, name == "USER-DEFINED", 1, "no such kind of CRC-16");
    kind = codec::Crc16{opt_word(L, 3), opt_word(L, 4), opt_word(L, 5), opt_flag(L, 6), opt_flag(L, 7)};
  }
  lua_pushinteger(L, codec::crc16(*kind, text));
  return 1;
}

int crc16_modbus(lua_State* L) {
  lua_pushinteger(L, codec::crc16(*codec::crc16_of("MODBUS"), check_text(L, 1, 2)));
  return 1;
}

int crc32(lua_State* L) {
  lua_pushnumber(L, codec::crc32(check_text(L, 1, 2)));
  return 1;
}

int crc8(lua_State* L) {
  lua_pushinteger(L, codec::crc8(check_text(L, 1, 2)));
  return 1;
}

// The places of a cipher's arguments.
enum Place : int { kMode = 1, kPadding, kText, kKey, kIv };

void raise_cipher_error(lua_State* L, Algorithm algorithm, CipherError error) {
  const bool des = algorithm == Algorithm::des;
  switch (error) {
    case CipherError::ok:
    case CipherError::padding:
      return;
    case CipherError::mode:
      luaL_argerror(L, kMode, "mode of DES: ECB or CBC expected");
      return;
    case CipherError::size:
      luaL_argerror(L, kText, des ? "text: blocks of 8 bytes expected" : "text: blocks of 16 bytes expected");
      return;
    case CipherError::key_size:
      luaL_argerror(L, kKey,
                    des                           ? "key: 8, 16 or 24 bytes expected"
                    : algorithm == Algorithm::aes ? "key: 16, 24 or 32 bytes expected"
                                                  : "key: 16 bytes expected");
      return;
    case CipherError::iv_size:
      luaL_argerror(L, kIv, des ? "iv: 8 bytes expected" : "iv: 16 bytes expected");
      return;
    case CipherError::no_memory:
      luaL_error(L, "not enough memory");
      return;
  }
}

// (mode, padding, s, key [, iv]). What cannot be unpadded after decryption gives nil: it may be a peer's fault.
template <Algorithm algorithm, auto run>
int cipher(lua_State* L) {
  const auto mode = codec::cipher_mode_of(check_text(L, kMode));
  const auto padding = codec::padding_of(check_text(L, kPadding));
  const std::string_view text = check_text(L, kText);
  codec::Cipher settings;
  settings.algorithm = algorithm;
  settings.key = check_text(L, kKey);
  if (!lua_isnoneornil(L, kIv)) settings.iv = check_text(L, kIv);
  luaL_argcheck(L, mode.has_value(), kMode, "mode: ECB, CBC or CTR expected");
  luaL_argcheck(L, padding.has_value(), kPadding, "padding: NONE, ZERO, PKCS5 or PKCS7 expected");
  settings.mode = *mode;
  settings.padding = *padding;

  const std::size_t room = codec::cipher_room(text.size());
  char* const out = push_memory(L, room);
  const codec::CipherResult result = run(settings, text, {out, room});
  raise_cipher_error(L, algorithm, result.error);
  if (result.error == CipherError::padding) {
    lua_pushnil(L);
  } else {
    push_bytes(L, {out, result.size});
  }
  return 1;
}

// (s, key)
int xxtea_encrypt(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  const std::string_view key = check_text(L, 2);
  const std::size_t size = codec::xxtea_encrypted_size(text.size());
  char* const out = push_memory(L, size);
  luaL_argcheck(L, codec::xxtea_encrypt(text, key, {out, size}), 1, "text: too long");
  push_bytes(L, {out, size});
  return 1;
}

// (s, key). nil: not what that key encrypted.
int xxtea_decrypt(lua_State* L) {
  const std::string_view data = check_text(L, 1);
  const std::string_view key = check_text(L, 2);
  char* const out = push_memory(L, data.size());
  if (const auto size = codec::xxtea_decrypt(data, key, {out, data.size()})) {
    push_bytes(L, {out, *size});
  } else {
    lua_pushnil(L);
  }
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"md5", md5},
    {"sha1", digest<Hash::sha1>},
    {"sha256", digest<Hash::sha256>},
    {"hmac_md5", hmac<Hash::md5>},
    {"hmac_sha1", hmac<Hash::sha1>},
    {"hmac_sha256", hmac_sha256},
    {"base64_encode", base64_encode},
    {"base64_decode", base64_decode},
    {"crc16", crc16},
    {"crc16_modbus", crc16_modbus},
    {"crc32", crc32},
    {"crc8", crc8},
    {"aes_encrypt", cipher<Algorithm::aes, codec::encrypt>},
    {"aes_decrypt", cipher<Algorithm::aes, codec::decrypt>},
    {"des_encrypt", cipher<Algorithm::des, codec::encrypt>},
    {"des_decrypt", cipher<Algorithm::des, codec::decrypt>},
    {"des3_encrypt", cipher<Algorithm::des, codec::encrypt>},
    {"des3_decrypt", cipher<Algorithm::des, codec::decrypt>},
    {"sm4_encrypt", cipher<Algorithm::sm4, codec::encrypt>},
    {"sm4_decrypt", cipher<Algorithm::sm4, codec::decrypt>},
    {"xxtea_encrypt", xxtea_encrypt},
    {"xxtea_decrypt", xxtea_decrypt},
    {nullptr, nullptr},
};

}  // namespace

void push_crypto(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kCalls);
  add_digest_objects(L);
  add_rsa(L);
}

}  // namespace socketcore::lua
