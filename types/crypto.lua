---@meta crypto

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Digests (upper-case hexadecimal), ciphers, checksums. Lengths may be left out; none may be beyond its string.
---@class cryptolib
crypto = {}

---A digest that is fed piece by piece.
---@class crypto.Md5
local md5 = {}
---@param text string
function md5:update(text) end
---@return string hex
function md5:hexdigest() end

---A digest that is fed piece by piece.
---@class crypto.Sm3
local sm3 = {}
---@param text string
function sm3:sm3update(text) end
---@return string hex
function sm3:sm3finish() end

---@param text string Or a path, with `"file"`
---@param length? integer|"file"
---@return string hex
function crypto.md5(text, length) end

---@param text string
---@param length? integer
---@return string hex
function crypto.sha1(text, length) end

---@param text string
---@param length? integer
---@return string hex
function crypto.sha256(text, length) end

---@param text string
---@param length? integer
---@param key string
---@param key_length? integer
---@return string hex
function crypto.hmac_md5(text, length, key, key_length) end

---@param text string
---@param length? integer
---@param key string
---@param key_length? integer
---@return string hex
function crypto.hmac_sha1(text, length, key, key_length) end

---This one takes no lengths.
---@param text string
---@param key string
---@return string hex
function crypto.hmac_sha256(text, key) end

---@return crypto.Md5
function crypto.flow_md5() end

---@return crypto.Sm3
function crypto.sm3start() end

---@param data string
---@param length? integer
---@return string text Without line breaks
function crypto.base64_encode(data, length) end

---@param text string
---@param length? integer
---@return string data `""` for what is no Base64
function crypto.base64_decode(text, length) end

---@alias crypto.Crc16 "MODBUS"|"IBM"|"X25"|"MAXIM"|"USB"|"CCITT"|"CCITT-FALSE"|"XMODEM"|"DNP"|"USER-DEFINED"

---@param kind crypto.Crc16 What follows `data` is for `"USER-DEFINED"`
---@param data string
---@param polynomial? integer
---@param initial? integer
---@param final? integer
---@param reflect_in? boolean|0|1
---@param reflect_out? boolean|0|1
---@return integer crc
function crypto.crc16(kind, data, polynomial, initial, final, reflect_in, reflect_out) end

---@param data string
---@param length? integer
---@return integer crc
function crypto.crc16_modbus(data, length) end

---@param data string
---@param length? integer
---@return integer crc
function crypto.crc32(data, length) end

---@param data string
---@param length? integer
---@return integer crc
function crypto.crc8(data, length) end

---@alias crypto.Mode "ECB"|"CBC"|"CTR"
---@alias crypto.Padding "NONE"|"ZERO"|"PKCS5"|"PKCS7"

---A wrong length of key, iv or text raises.
---@param mode crypto.Mode
---@param padding crypto.Padding
---@param text string
---@param key string 16, 24 or 32 bytes
---@param iv? string 16 bytes
---@return string data
function crypto.aes_encrypt(mode, padding, text, key, iv) end

---@param mode crypto.Mode
---@param padding crypto.Padding
---@param data string
---@param key string
---@param iv? string
---@return string? text nil: there is no padding, so it is not what this key encrypted
function crypto.aes_decrypt(mode, padding, data, key, iv) end

---@param mode "ECB"|"CBC"
---@param padding crypto.Padding
---@param text string
---@param key string 8 bytes
---@param iv? string 8 bytes
---@return string data
function crypto.des_encrypt(mode, padding, text, key, iv) end

---@param mode "ECB"|"CBC"
---@param padding crypto.Padding
---@param data string
---@param key string
---@param iv? string
---@return string? text
function crypto.des_decrypt(mode, padding, data, key, iv) end

---@param mode "ECB"|"CBC"
---@param padding crypto.Padding
---@param text string
---@param key string 16 or 24 bytes
---@param iv? string 8 bytes
---@return string data
function crypto.des3_encrypt(mode, padding, text, key, iv) end

---@param mode "ECB"|"CBC"
---@param padding crypto.Padding
---@param data string
---@param key string
---@param iv? string
---@return string? text
function crypto.des3_decrypt(mode, padding, data, key, iv) end

---@param mode crypto.Mode
---@param padding crypto.Padding
---@param text string
---@param key string 16 bytes
---@param iv? string 16 bytes
---@return string data
function crypto.sm4_encrypt(mode, padding, text, key, iv) end

---@param mode crypto.Mode
---@param padding crypto.Padding
---@param data string
---@param key string
---@param iv? string
---@return string? text
function crypto.sm4_decrypt(mode, padding, data, key, iv) end

---@param text string
---@param key string
---@return string data
function crypto.xxtea_encrypt(text, key) end

---@param data string
---@param key string
---@return string? text nil: not what that key encrypted
function crypto.xxtea_decrypt(data, key) end

---@alias crypto.KeyMode "PUBLIC_KEY"|"PRIVATE_KEY"
---@alias crypto.CryptMode "PUBLIC_CRYPT"|"PRIVATE_CRYPT"

---@param key_mode crypto.KeyMode What the PEM text is
---@param pem string
---@param bits integer Of the key
---@param crypt_mode crypto.CryptMode Which half of the key is used
---@param text string
---@param password? string
---@return string data
function crypto.rsa_encrypt(key_mode, pem, bits, crypt_mode, text, password) end

---@param key_mode crypto.KeyMode
---@param pem string
---@param bits integer
---@param crypt_mode crypto.CryptMode
---@param data string
---@param password? string
---@return string? text nil: not what the other half encrypted
function crypto.rsa_decrypt(key_mode, pem, bits, crypt_mode, data, password) end

---@param key_mode crypto.KeyMode
---@param pem string
---@param bits integer
---@param crypt_mode crypto.CryptMode
---@param text string
---@param password? string
---@return string signature
function crypto.rsa_sha1_sign(key_mode, pem, bits, crypt_mode, text, password) end

---@param key_mode crypto.KeyMode
---@param pem string
---@param bits integer
---@param crypt_mode crypto.CryptMode
---@param signature string
---@param text string
---@return boolean good
function crypto.rsa_sha1_verify(key_mode, pem, bits, crypt_mode, signature, text) end

---@param key_mode crypto.KeyMode
---@param pem string
---@param bits integer
---@param crypt_mode crypto.CryptMode
---@param text string
---@param password? string
---@return string signature
function crypto.rsa_sha256_sign(key_mode, pem, bits, crypt_mode, text, password) end

---@param key_mode crypto.KeyMode
---@param pem string
---@param bits integer
---@param crypt_mode crypto.CryptMode
---@param signature string
---@param text string
---@return boolean good
function crypto.rsa_sha256_verify(key_mode, pem, bits, crypt_mode, signature, text) end

return crypto
