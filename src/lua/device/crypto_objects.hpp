#pragma once

#include "codec/crypto_digest.hpp"
#include "lua/lua_api.hpp"

/// The parts of the module `crypto`.
namespace socketcore::lua {

/// Pushes the digest and answers 1. Raises where it could not be made.
int push_digest(lua_State* L, bool made, const codec::HexDigest& digest);

/// crypto.md5(path, "file"): reads through the script's own io.open. nil and a message where that gives no file.
int md5_of_file(lua_State* L);

/// Adds flow_md5 and sm3start, or the functions on RSA keys, to the table on top of the stack.
void add_digest_objects(lua_State* L);
void add_rsa(lua_State* L);

}  // namespace socketcore::lua
