#include "codec/crypto_rsa.hpp"

#include <array>
#include <span>

#include "base/wiped.hpp"
#include "lua/device/crypto_objects.hpp"
#include "lua/device/text_arguments.hpp"

namespace socketcore::lua {

namespace {

using codec::Hash;
using codec::RsaKey;
using Half = RsaKey::Half;

// The places of the arguments: (keymode, pem, bits, cryptmode, s [, password]); of verify: (..., signature, s).
enum Place : int { kKeyMode = 1, kPem, kBits, kCryptMode, kText, kPassword, kSigned = kPassword };

struct Request {
  Half key = Half::public_half;   ///< what the PEM text holds
  Half used = Half::public_half;  ///< the half to work with
  std::string_view pem;
  std::string_view password;
  lua_Number bits = 0;
  std::string_view text;
};

Half check_half(lua_State* L, int place, const char* const (&names)[3]) {
  return luaL_checkoption(L, place, nullptr, names) == 0 ? Half::public_half : Half::private_half;
}

Request check_request(lua_State* L) {
  constexpr const char* kKeys[] = {"PUBLIC_KEY", "PRIVATE_KEY", nullptr};
  constexpr const char* kCrypts[] = {"PUBLIC_CRYPT", "PRIVATE_CRYPT", nullptr};
  Request request;
  request.key = check_half(L, kKeyMode, kKeys);
  request.pem = check_text(L, kPem);
  request.bits = luaL_checknumber(L, kBits);
  request.used = check_half(L, kCryptMode, kCrypts);
  request.text = check_text(L, kText);
  return request;
}

Request check_keyed_request(lua_State* L) {
  Request request = check_request(L);
  if (!lua_isnoneornil(L, kPassword)) request.password = check_text(L, kPassword);
  luaL_argcheck(L, request.key == Half::private_half || request.used == Half::public_half, kCryptMode,
                "a public key has no private half");
  return request;
}

enum class Failure { none, not_a_key, password, bits, text, no_memory };
struct Outcome {
  Failure failure = Failure::none;
  std::size_t size = 0;  ///< of the result
};

// OpenSSL works with keys of up to 16384 bits.
using Buffer = std::array<char, 2048>;

Failure read(RsaKey& key, const Request& request) noexcept {
  switch (key.read(request.pem, request.key, request.password)) {
    case RsaKey::Error::ok:
      break;
    case RsaKey::Error::not_a_key:
      return Failure::not_a_key;
    case RsaKey::Error::password:
      return Failure::password;
    case RsaKey::Error::no_memory:
      return Failure::no_memory;
  }
  if (key.size() > Buffer{}.size()) return Failure::not_a_key;
  return static_cast<lua_Number>(key.bits()) == request.bits ? Failure::none : Failure::bits;
}

// What has destructors lives in here, where nothing raises.
template <typename Operation>
Outcome run(const Request& request, Buffer& out, Operation operation) noexcept {
  RsaKey key;
  if (const Failure failure = read(key, request); failure != Failure::none) return {failure, 0};
  const auto size = operation(key, std::span<char>(out).first(key.size()));
  return size ? Outcome{Failure::none, *size} : Outcome{Failure::text, 0};
}

void raise(lua_State* L, Failure failure) {
  switch (failure) {
    case Failure::none:
    case Failure::text:
      return;
    case Failure::not_a_key:
      luaL_argerror(L, kPem, "key: no PEM text of such an RSA key");
      return;
    case Failure::password:
      luaL_argerror(L, kPassword, "password: the key does not open with it");
      return;
    case Failure::bits:
      luaL_argerror(L, kBits, "bits: the key has another length");
      return;
    case Failure::no_memory:
      luaL_error(L, "not enough memory");
      return;
  }
}

int rsa_encrypt(lua_State* L) {
  const Request request = check_keyed_request(L);
  Buffer out;
  const Outcome outcome = run(request, out, [&request](const RsaKey& key, std::span<char> room) {
    return key.encrypt(request.used, request.text, room);
  });
  raise(L, outcome.failure);
  luaL_argcheck(L, outcome.failure == Failure::none, kText, "text: too long for the key");
  push_bytes(L, {out.data(), outcome.size});
  return 1;
}

// nil: not what the other half encrypted, which may be a peer's fault.
int rsa_decrypt(lua_State* L) {
  const Request request = check_keyed_request(L);
  Buffer out;
  const Outcome outcome = run(request, out, [&request](const RsaKey& key, std::span<char> room) {
    return key.decrypt(request.used, request.text, room);
  });
  raise(L, outcome.failure);
  if (outcome.failure == Failure::text) {
    lua_pushnil(L);
  } else {
    push_bytes(L, {out.data(), outcome.size});
  }
  wipe(out);  // often a key for what comes next
  return 1;
}

template <Hash hash>
int rsa_sign(lua_State* L) {
  const Request request = check_keyed_request(L);
  luaL_argcheck(L, request.key == Half::private_half, kKeyMode, "a private key signs");
  Buffer out;
  const Outcome outcome =
      run(request, out, [&request](const RsaKey& key, std::span<char> room) { return key.sign(hash, request.text, room); });
  raise(L, outcome.failure);
  luaL_argcheck(L, outcome.failure == Failure::none, kPem, "key: too short to sign");
  push_bytes(L, {out.data(), outcome.size});
  return 1;
}

template <Hash hash>
int rsa_verify(lua_State* L) {
  const Request request = check_request(L);
  const std::string_view text = check_text(L, kSigned);
  Buffer unused;
  bool verified = false;
  const Outcome outcome = run(request, unused, [&](const RsaKey& key, std::span<char>) {
    verified = key.verify(hash, text, request.text);
    return std::optional<std::size_t>(0);
  });
  // It takes no password, so no locked key will do.
  raise(L, outcome.failure == Failure::password ? Failure::not_a_key : outcome.failure);
  lua_pushboolean(L, verified ? 1 : 0);
  return 1;
}

constexpr luaL_Reg kCalls[] = {
    {"rsa_encrypt", rsa_encrypt},
    {"rsa_decrypt", rsa_decrypt},
    {"rsa_sha1_sign", rsa_sign<Hash::sha1>},
    {"rsa_sha1_verify", rsa_verify<Hash::sha1>},
    {"rsa_sha256_sign", rsa_sign<Hash::sha256>},
    {"rsa_sha256_verify", rsa_verify<Hash::sha256>},
    {nullptr, nullptr},
};

}  // namespace

void add_rsa(lua_State* L) {
  luaL_register(L, nullptr, kCalls);
}

}  // namespace socketcore::lua
