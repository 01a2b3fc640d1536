-- The module crypto but for RSA, against published vectors.
local function hex(s) return (s:gsub('.', function(c) return ('%02X'):format(c:byte()) end)) end
local function bytes(s) return (s:gsub('%x%x', function(d) return string.char(tonumber(d, 16)) end)) end
local function eq(got, want) assert(got == want, ('got %s, want %s'):format(tostring(got), tostring(want))) end
local function fails(words, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message:find(words, 1, true), ('"%s" is not in: %s'):format(words, tostring(message)))
end

-- Digests: upper-case. RFC 1321, FIPS 180, GB/T 32905.
eq(crypto.md5('', 0), 'D41D8CD98F00B204E9800998ECF8427E')
eq(crypto.md5('abc', 3), '900150983CD24FB0D6963F7D28E17F72')
eq(crypto.md5('abc'), crypto.md5('abc', 3))
eq(crypto.sha1('abc', 3), 'A9993E364706816ABA3E25717850C26C9CD0D89D')
eq(crypto.sha256('abc'), 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD')
eq(crypto.sha256('abcd', 3), crypto.sha256('abc'))
-- A length that disagrees with the string: the smaller of both.
for _, name in ipairs { 'md5', 'sha1', 'sha256', 'base64_encode', 'base64_decode', 'crc32', 'crc8', 'crc16_modbus' } do
  local f = crypto[name]
  eq(f('abcd', 1e9), f('abcd'))
  eq(f('abcdX', 4), f('abcd'))
  eq(f('abcd', 4.9), f('abcd'))
  eq(f('abcd', '4'), f('abcd'))
  eq(f('abcd', math.huge), f('abcd'))
  for _, none in ipairs { 0, -1, -math.huge, 0 / 0 } do eq(f('abcd', none), f('')) end
  assert(not pcall(f, 'abcd', {}))
  assert(not pcall(f))
end
fails('#1', crypto.sha1, nil, 3)

-- RFC 2202 and 4231.
eq(crypto.hmac_md5('what do ya want for nothing?', 28, 'Jefe', 4), '750C783E6AB0B503EAA86E310A5DB738')
eq(crypto.hmac_sha1('what do ya want for nothing?', 28, 'Jefe', 4), 'EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79')
eq(crypto.hmac_sha256('what do ya want for nothing?', 'Jefe'),
  '5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843')
eq(crypto.hmac_sha1('Test Using Larger Than Block-Size Key - Hash Key First', 54, ('\170'):rep(80), 80),
  'AA4AE5E15272D00E95705637CE8A3B55ED402112')
eq(crypto.hmac_md5('', 0, '', 0), '74E6F7298A9C2D168935F58C001BAD88')
fails('#3', crypto.hmac_sha1, 'x', 1)
fails('#2', crypto.hmac_sha256, 'x')

-- Pieces.
local md5 = crypto.flow_md5()
eq(md5:hexdigest(), crypto.md5(''))
md5:update('a')
md5:update('')
md5:update('bc')
eq(md5:hexdigest(), crypto.md5('abc'))
eq(md5:hexdigest(), crypto.md5('abc'))
md5:update('d')
eq(md5:hexdigest(), crypto.md5('abcd'))
local sm3 = crypto.sm3start()
sm3:sm3update('abc')
eq(sm3:sm3finish(), '66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0')
assert(not pcall(md5.update, sm3, 'x'))
assert(not pcall(md5.update, 'x', 'x'))
assert(not pcall(md5.update, md5))
assert(not pcall(md5.hexdigest, io.stdout))
local collect = getmetatable(md5).__gc
collect(md5)
collect(md5)
assert(not pcall(md5.update, md5, 'x'))
assert(not pcall(md5.hexdigest, md5))
for _ = 1, 2000 do crypto.flow_md5():update('x') end
collectgarbage()

-- A file, through the script's own io.open.
local real_open = io.open
local asked = {}
local function file_of(pieces)
  return { read = function() return table.remove(pieces, 1) end, close = function() asked.closed = true end }
end
io.open = function(path, mode)
  asked.path, asked.mode = path, mode
  if path == '/lua/a.bin' then return file_of { 'ab', 'c' } end
  if path == '/empty' then return file_of {} end
  if path == '/raises' then return { read = function() error('disk') end } end
  return nil, path .. ': no such file'
end
eq(crypto.md5('/lua/a.bin', 'file'), crypto.md5('abc'))
eq(asked.path, '/lua/a.bin')
eq(asked.mode, 'rb')
eq(asked.closed, true)
eq(crypto.md5('/empty', 'file'), crypto.md5(''))
local none, why = crypto.md5('/none', 'file')
eq(none, nil)
eq(why, '/none: no such file')
fails('disk', crypto.md5, '/raises', 'file')
io.open = function() return 5 end
assert(not pcall(crypto.md5, '/x', 'file'))
io.open = nil
assert(not pcall(crypto.md5, '/x', 'file'))
io.open = real_open
local saved = io
io = nil
assert(not pcall(crypto.md5, '/x', 'file'))
io = saved

-- Base64: RFC 4648.
local rfc4648 = { f = 'Zg==', fo = 'Zm8=', foo = 'Zm9v', foob = 'Zm9vYg==', fooba = 'Zm9vYmE=', [''] = '' }
for plain, text in pairs(rfc4648) do
  eq(crypto.base64_encode(plain, #plain), text)
  eq(crypto.base64_decode(text, #text), plain)
end
local every = {}
for i = 0, 255 do every[#every + 1] = string.char(i) end
every = table.concat(every)
eq(crypto.base64_decode(crypto.base64_encode(every)), every)
assert(not crypto.base64_encode(every):find('%s'))
eq(crypto.base64_decode('Zm9v\r\n Yg'), 'foob')
for _, bad in ipairs { '!', 'Zm9v!', 'Z', 'Zg=', 'Zg===', 'Z===', '=Zg=', 'Zg==Zg==', 'Zm9-', 'Zm9\0' } do
  eq(crypto.base64_decode(bad), '')
end

-- CRCs: the check values of the catalogues.
local check = '123456789'
for kind, want in pairs { MODBUS = 0x4B37, IBM = 0xBB3D, X25 = 0x906E, MAXIM = 0x44C2, USB = 0xB4C8, CCITT = 0x2189,
  ['CCITT-FALSE'] = 0x29B1, XMODEM = 0x31C3, DNP = 0xEA82 } do
  eq(crypto.crc16(kind, check), want)
end
eq(crypto.crc16_modbus(check, 9), 0x4B37)
eq(crypto.crc32(check, 9), 0xCBF43926)
eq(crypto.crc8(check, 9), 0xF4)
eq(crypto.crc16('USER-DEFINED', check, 0x8005, 0xFFFF, 0, 1, 1), 0x4B37)
eq(crypto.crc16('USER-DEFINED', check, 0x8005, 0xFFFF, 0, true, true), 0x4B37)
eq(crypto.crc16('USER-DEFINED', check, 0x1021, 0, 0, 0, 0), 0x31C3)
eq(crypto.crc16('USER-DEFINED', check, 0x3D65, 0, 0xFFFF, false, false), 0xC2B7) -- CRC-16/EN-13757
eq(crypto.crc16('USER-DEFINED', check, 0x1021, 0xFFFF, 0xFFFF), 0xD64E) -- CRC-16/GENIBUS
eq(crypto.crc16('USER-DEFINED', check), 0)
fails('#1', crypto.crc16, 'NONE', check)
fails('#1', crypto.crc16, 'modbus', check)
fails('#2', crypto.crc16, 'MODBUS')
fails('#3', crypto.crc16, 'USER-DEFINED', check, {})

-- AES: FIPS 197, SP 800-38A.
local plain = bytes('00112233445566778899AABBCCDDEEFF')
local key = bytes('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F')
eq(hex(crypto.aes_encrypt('ECB', 'NONE', plain, key:sub(1, 16))), '69C4E0D86A7B0430D8CDB78070B4C55A')
eq(hex(crypto.aes_encrypt('ECB', 'NONE', plain, key:sub(1, 24))), 'DDA97CA4864CDFE06EAF70A0EC0D7191')
eq(hex(crypto.aes_encrypt('ECB', 'NONE', plain, key)), '8EA2B7CA516745BFEAFC49904B496089')
local sp_key = bytes('2B7E151628AED2A6ABF7158809CF4F3C')
local sp_plain = bytes('6BC1BEE22E409F96E93D7E117393172A')
eq(hex(crypto.aes_encrypt('CBC', 'NONE', sp_plain, sp_key, key:sub(1, 16))), '7649ABAC8119B246CEE98E9B12E9197D')
local counter = bytes('F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF')
eq(hex(crypto.aes_encrypt('CTR', 'NONE', sp_plain, sp_key, counter)), '874D6191B620E3261BEF6864990DB6CE')
eq(#crypto.aes_encrypt('CTR', 'NONE', 'abc', sp_key, key:sub(1, 16)), 3)

-- DES, SM4.
for _, encrypt in ipairs { crypto.des_encrypt, crypto.des3_encrypt } do
  eq(hex(encrypt('ECB', 'NONE', bytes('0123456789ABCDEF'), bytes('133457799BBCDFF1'))), '85E813540F0AB405')
end
local three = bytes('0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123')
eq(hex(crypto.des3_encrypt('ECB', 'NONE', bytes('6BC1BEE22E409F96'), three)), '714772F339841D34')
local same = bytes('0123456789ABCDEFFEDCBA9876543210')
eq(hex(crypto.sm4_encrypt('ECB', 'NONE', same, same)), '681EDF34D206965E86B3E94F536E4246')

-- Padding, and back.
local kinds = {
  { crypto.aes_encrypt, crypto.aes_decrypt, 16, { 16, 24, 32 }, { 'ECB', 'CBC', 'CTR' } },
  { crypto.des_encrypt, crypto.des_decrypt, 8, { 8 }, { 'ECB', 'CBC' } },
  { crypto.des3_encrypt, crypto.des3_decrypt, 8, { 8, 16, 24 }, { 'ECB', 'CBC' } },
  { crypto.sm4_encrypt, crypto.sm4_decrypt, 16, { 16 }, { 'ECB', 'CBC', 'CTR' } },
}
for _, kind in ipairs(kinds) do
  local encrypt, decrypt, block, sizes, modes = unpack(kind)
  for _, size in ipairs(sizes) do
    for _, mode in ipairs(modes) do
      local k, iv = key:sub(1, size), key:sub(1, block)
      for length = 0, 2 * block do
        local text = ('x'):rep(length)
        for _, padding in ipairs { 'ZERO', 'PKCS5', 'PKCS7' } do
          local secret = encrypt(mode, padding, text, k, iv)
          eq(#secret, length - length % block + block)
          eq(decrypt(mode, padding, secret, k, iv), text)
        end
        if mode == 'CTR' or length % block == 0 then
          local secret = encrypt(mode, 'NONE', text, k, iv)
          eq(#secret, length)
          eq(decrypt(mode, 'NONE', secret, k, iv), text)
        else
          fails('#3', encrypt, mode, 'NONE', text, k, iv)
          fails('#3', decrypt, mode, 'NONE', text, k, iv)
        end
        if length % block ~= 0 then fails('#3', decrypt, mode, 'PKCS7', text, k, iv) end
      end
      if mode ~= 'ECB' then
        fails('#5', encrypt, mode, 'ZERO', 'x', k)
        fails('#5', encrypt, mode, 'ZERO', 'x', k, iv .. 'x')
      else
        eq(encrypt(mode, 'ZERO', 'x', k, 'any iv'), encrypt(mode, 'ZERO', 'x', k))
      end
      fails('#4', encrypt, mode, 'ZERO', 'x', k .. 'x', iv)
      fails('#4', encrypt, mode, 'ZERO', 'x', '', iv)
    end
  end
  fails('#1', encrypt, 'CFB', 'ZERO', 'x', key:sub(1, sizes[1]))
  fails('#2', encrypt, 'ECB', 'PKCS', 'x', key:sub(1, sizes[1]))
  fails('#3', encrypt, 'ECB', 'ZERO', nil, key:sub(1, sizes[1]))
  fails('#4', encrypt, 'ECB', 'ZERO', 'x')
end
fails('#1', crypto.des_encrypt, 'CTR', 'ZERO', 'x', '12345678', '12345678')
-- The padding itself.
local function raw(text, padding)
  return hex(crypto.aes_decrypt('ECB', 'NONE', crypto.aes_encrypt('ECB', padding, text, sp_key), sp_key))
end
eq(raw('abc', 'ZERO'), '616263' .. ('00'):rep(13))
eq(raw('abc', 'PKCS5'), '616263' .. ('0D'):rep(13))
eq(raw(('a'):rep(16), 'PKCS7'), ('61'):rep(16) .. ('10'):rep(16))
eq(crypto.aes_decrypt('ECB', 'ZERO', crypto.aes_encrypt('ECB', 'ZERO', 'a\0\0', sp_key), sp_key), 'a')
-- What is not padded was not encrypted so.
for _, last in ipairs { '\0', '\17', '\255', '\2' } do
  eq(crypto.aes_decrypt('ECB', 'PKCS7', crypto.aes_encrypt('ECB', 'NONE', ('x'):rep(15) .. last, sp_key), sp_key), nil)
end
eq(crypto.aes_decrypt('ECB', 'PKCS7', '', sp_key), nil)
eq(crypto.aes_decrypt('ECB', 'ZERO', '', sp_key), '')
local big = ('0123456789'):rep(200000)
local iv = key:sub(1, 16)
eq(crypto.aes_decrypt('CBC', 'PKCS7', crypto.aes_encrypt('CBC', 'PKCS7', big, key, iv), key, iv), big)

-- XXTEA: the example of its best-known libraries.
local hello = 'Hello World! \228\189\160\229\165\189\239\188\140\228\184\173\229\155\189\239\188\129'
eq(crypto.base64_encode(crypto.xxtea_encrypt(hello, '1234567890')), 'QncB1C0rHQoZ1eRiPM4dsZtRi9pNrp7sqvX76cFXvrrIHXL6')
for length = 0, 40 do
  local text = every:sub(1, length)
  eq(crypto.xxtea_decrypt(crypto.xxtea_encrypt(text, '07946'), '07946'), text)
end
eq(crypto.xxtea_encrypt('x', '0123456789abcdefXYZ'), crypto.xxtea_encrypt('x', '0123456789abcdef'))
eq(crypto.xxtea_decrypt(crypto.xxtea_encrypt('hello', 'a'), 'b'), nil)
for _, bad in ipairs { 'x', 'abcd', 'abcde', 'abcdefgh' } do eq(crypto.xxtea_decrypt(bad, 'key'), nil) end
