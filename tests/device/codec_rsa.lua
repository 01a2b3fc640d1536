-- RSA in the module crypto. The key was made for this test; what openssl(1) made with it stands below it.
local function eq(got, want) assert(got == want, ('got %s, want %s'):format(tostring(got), tostring(want))) end
local function fails(words, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message:find(words, 1, true), ('"%s" is not in: %s'):format(words, tostring(message)))
end

local private = [[
-----BEGIN RSA PRIVATE KEY-----
MIICWwIBAAKBgQCvecXvLvkjz1vLR6lfjfP6j/Bszr21qeQ9H9QhGhVqY4Oi/et5
wS6XBvY5QCvnuEhOwp3NRqhIgPgGa7UoIJEpAPsOtF7etsrBABjaoAiMEFXo0p+5
iDqoZiwEFnYUQ3RpxH34yp3N3iCENCcrA1e1stFpWuoTzKEtJHQxLej9pwIDAQAB
AoGAPp8agA0nZBwwCg985ljmZNjRWEM/eIE0rouZTGbelaUF6Tjsu/qxAby+ShgY
kw004MabQhKhI57C5KezcqqMopoMxSDqOGOMIkC55HcIO7RbxzgLKd++G5Ql59Tq
HyATm5PbVIjLcGJtisNLYiUX2IWM2y3ERE1lsDXTT+3nw4ECQQDcqP7RxiFxotKd
TCA8p9nIuFYbQTISClwzCeHTQ8nZx7Wc8EdRuM9H/5JgAD1sfasUbS4s6KKyxfIi
agIH/LRXAkEAy5Q6NHptWLiolhF0XmwucTcU13rhL29wu+VGhyBiCBiLnf+zRBej
f0C32cbO75QO8B6bpicSmUmL4XhpMPWvMQJAGhgJ+jiZ39xHV76W2VVoFapm1FZD
W4rKGGcEw3zys8RAH8zyQiG+sV7xqlSc7uV1g7bdjQX9p3JtDdDHaLZjhQJASNvY
5PU38zvLYkIG8tAm4vACrofU1eQ9ZZHN5wiI7TrTpQ1hfCo1opJn+jHz17yWiAt8
Sz/KoT+4J06v3wze0QJAM/s71SOzt7/X4vu/CPdnMdQBnSSZ+J9ZZuByGFkQRVcB
9tDgrSXM6SMXgSvHvFcJW9d52vfbKvVRJ5hIlu4H2g==
-----END RSA PRIVATE KEY-----
]]
local private_locked = [[
-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,493AB0C2F62FFDFD7BC37344E7A64D1F

OoXM15GLMcZRg7GZ1FUdJ6DZVKP5YN3evpCaSK2iZlTnq4RZ4FUhPL+JtK5DnsR4
g/LGRkzx0HMy8whOclHmw/mkS5k/7gm85t5XED5gAb6HF69AGIPNqWkAFwtgxjdh
wBHpGaB8tQi1gwSui4N9ViHWoEXfyjph9/gOQgo4+3QzaWPA5tGeCqfioSEXo23d
nus9tmD0K4JIAGoWwj2rP5PLrsJvjT7egkX7BMoNXfXcSy89SN9W9si6TfTOb/jP
DY/JApK7TbiWqoXfT1rEjNPSUvyt/hyDOpPVbGETIRbIB0ji8VxZ314vO9Wh4aXS
/o0/6yNecZJl2jQY501SukzzpmKLshX565MT7eun/ObySVtC1a6izzMsgeOH5tOF
ie7e8rB/ov1RJ92a4xgnCqQde+NABk9BF5tpJMc3f0D3hSMyvWrCHfW3GT7N2vuq
Z8/I3SYZ/RP0jOPlZE5e4yh6ZainV44TPhnYvFNyKpPdRONS7bmog8CMas/ovyas
pxfYJ+dhlvCWr8KCJdLyMSGy3y3anhfBsFpVLf2utSiW5tcmyg22Qk57MjosHGgX
VXMLfOitORu+03gV8lBTsb25XMdvOdthVLQnf+IEKvdAgsqDypVP7HXSuyWHoo+E
PLvIHsZKpHWLWZJRD4RhxX9Vd2eK4ElbD87ssgglXQ9Vv72RZfZo4mwtXNEFfw8L
+DxFU9ybsnFXsxelcMzWuXx5X/8xFhBUDIF0yDP5tgCpsg3n4GN6psJRRqJBDhVu
o3lWYIUh8v/A+ofa6zuoGwdsJovio1M0qHTc2bmAYtQ=
-----END RSA PRIVATE KEY-----
]]
local private_locked_pkcs8 = [[
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIBPLKgeZn5vYCAggA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBCd3KSrctTKMqf5G3Vup0uRBIIC
gHyqCMhGTYSG9XXtcS3qtAzRW5oW9KqMxh/bDt1aA+52bQPmy8qtbQp6gk84AWkp
COtO1kgyjmmjzpv398ZtBRLCg39BVtnN2K9Z6app2Qt0eQKha5TJ/h3/W4oKC+jn
QglZRd9BmBf4MsDNyetkuQY8t9xyv38+H/HZhaaTtZAyF1NmnkPGeACWzOQXPuWJ
1BMSQOSWIbhcba1JVkSk+2CUjsALBqI+c+QJBW78+XbLgyJF1lICuZBMRjVxXzSo
SWNEBMoOt6SQwXR+IRUXqSGn9zHGlLFYvfF7b14b+ikGgaF6j6VU/v85+ZWM1iJ2
S/cVT9bK6t7rwR/e33gjijumevLybibjyTeZzd1jBE42O4zEu2r/gBY3PBqN6lTT
oIG7AW4shi/KvjsHH71bLq2HUoJXpM16tCQQjd5VihAkQgesIcI3bPXC9/aVa7P5
OagwAHzxWxSRyar9Jvq9qOe0T9V8oysKj09oR/boJsuBPHingd+GmKzCYCtSnn9Z
eppkWd0hufOocTZNsijeeaVWEyB6sC4D/GEn0rof9bcREqR6/l8KdHrhIAtzTTLH
sW/qpshApqZD9xXp4vifYxtSwI8LRRq+O219lVJZthqvayrMTTvIxFphjt+hPwXt
T7+/y+cWTaHN35UImyeATJ+bJoj1RHnY50hAq3ezdeB65bx2YnNS/bA3ZdDbc+n3
ImZPDYHQSCBWVgMtPSQeAUYqGJISimsNpeSI2bYWa93HKpjQuv+fCIRGJld0SC1M
OzElUCgxAILK6IkQ6cRS+1c3pcyYoexH24WeoCOf0cMf/Ce+KWwGgWhb4nWMuGhQ
ALkR1ykgfo7ACsiz16lZrwQ=
-----END ENCRYPTED PRIVATE KEY-----
]]
local public = [[
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCvecXvLvkjz1vLR6lfjfP6j/Bs
zr21qeQ9H9QhGhVqY4Oi/et5wS6XBvY5QCvnuEhOwp3NRqhIgPgGa7UoIJEpAPsO
tF7etsrBABjaoAiMEFXo0p+5iDqoZiwEFnYUQ3RpxH34yp3N3iCENCcrA1e1stFp
WuoTzKEtJHQxLej9pwIDAQAB
-----END PUBLIC KEY-----
]]
local public_pkcs1 = [[
-----BEGIN RSA PUBLIC KEY-----
MIGJAoGBAK95xe8u+SPPW8tHqV+N8/qP8GzOvbWp5D0f1CEaFWpjg6L963nBLpcG
9jlAK+e4SE7Cnc1GqEiA+AZrtSggkSkA+w60Xt62ysEAGNqgCIwQVejSn7mIOqhm
LAQWdhRDdGnEffjKnc3eIIQ0JysDV7Wy0Wla6hPMoS0kdDEt6P2nAgMBAAE=
-----END RSA PUBLIC KEY-----
]]
local signature = crypto.base64_decode([[
O+5hpg552J5Y62WNz9kvcm7ZtDt/3mWj6gVffdmsXSXuBjwNC642P4mDisscd1Dz+G4zrhpGoA0ifQITullHO5wX4O8WTdaWxgqp
a02qXapixIOlR4q56ZL7p3p4jshOS0nZgbecgiBlC3Xvm96XPMC5pC7htf8lNZzTYWM+06s=]])
local encrypted = crypto.base64_decode([[
fzz20kTX5atLCJmZU+g1Cc5HtCG8OzCCsgmgc0RmVdhFL+7RM9b01R++GtNjujlKPzxk9GoM1mhfJ793v/FJ3ylHcsyWrAMtar4d
6OWZGHzCeDnvXqmCt3aQck63VQzgbs6CaagfkFcVcxTKkfz5r4IasoKbHWjQ0w5jxIExssg=]])
local encrypted_by_private = crypto.base64_decode([[
JDUxNXGOMaNYV92Bmb+mZEhr/pqN1gfcNMii66tLEN8cZNQp+BYPiZdEMk4qKKkbEelwFq/4S9Z2mNxGmA6MVZrOdWVCBft8M4k5
g6/1oJHgIeD0zRS6Ij1eK3Plp5poEUiryUHiP8g8PKZHFleDxnDO9hlQsfmFmcdtWO6qJy0=]])

-- What openssl made.
eq(crypto.rsa_decrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', encrypted), 'hello device')
eq(crypto.rsa_decrypt('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', encrypted_by_private), 'from the private half')
eq(crypto.rsa_encrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', 'from the private half'), encrypted_by_private)
eq(crypto.rsa_sha256_sign('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', 'signed text'), signature)
eq(crypto.rsa_sha256_verify('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', signature, 'signed text'), true)
eq(crypto.rsa_sha256_verify('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', signature, 'signed texts'), false)
eq(crypto.rsa_sha256_verify('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', 'short', 'signed text'), false)
eq(crypto.rsa_sha256_verify('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', '', ''), false)
eq(crypto.rsa_sha1_verify('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', signature, 'signed text'), false)
local sha1 = crypto.rsa_sha1_sign('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', 'x')
eq(crypto.rsa_sha1_verify('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', sha1, 'x'), true)

-- There and back, through every kind of key text.
for _, pem in ipairs { public, public_pkcs1 } do
  local secret = crypto.rsa_encrypt('PUBLIC_KEY', pem, 1024, 'PUBLIC_CRYPT', 'a\0b')
  eq(#secret, 128)
  eq(crypto.rsa_decrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', secret), 'a\0b')
  eq(crypto.rsa_decrypt('PRIVATE_KEY', private_locked, 1024, 'PRIVATE_CRYPT', secret, 'secret'), 'a\0b')
  eq(crypto.rsa_decrypt('PRIVATE_KEY', private_locked_pkcs8, 1024, 'PRIVATE_CRYPT', secret, 'secret'), 'a\0b')
end
local secret = crypto.rsa_encrypt('PRIVATE_KEY', private, 1024, 'PUBLIC_CRYPT', '')
eq(crypto.rsa_decrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', secret), '')
eq(#crypto.rsa_encrypt('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', ('x'):rep(117)), 128)

-- What was not encrypted for the key may be a peer's fault.
eq(crypto.rsa_decrypt('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', ('\1'):rep(128)), nil)
eq(crypto.rsa_decrypt('PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', 'short'), nil)
eq(crypto.rsa_decrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', ''), nil)
eq(crypto.rsa_decrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', ('\255'):rep(128)), nil)
eq(crypto.rsa_decrypt('PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', ('x'):rep(1e6)), nil)

-- What is the script's own fault raises, and says which argument.
local enc, dec, sign, verify = crypto.rsa_encrypt, crypto.rsa_decrypt, crypto.rsa_sha256_sign, crypto.rsa_sha256_verify
fails('#1', enc, 'PUBLIC', public, 1024, 'PUBLIC_CRYPT', 'x')
fails('#2', enc, 'PUBLIC_KEY', 'no key', 1024, 'PUBLIC_CRYPT', 'x')
fails('#2', enc, 'PUBLIC_KEY', '', 1024, 'PUBLIC_CRYPT', 'x')
fails('#2', enc, 'PUBLIC_KEY', public:sub(1, 150), 1024, 'PUBLIC_CRYPT', 'x')
fails('#2', dec, 'PRIVATE_KEY', public, 1024, 'PRIVATE_CRYPT', encrypted)
fails('#2', enc, 'PUBLIC_KEY', nil, 1024, 'PUBLIC_CRYPT', 'x')
fails('#3', enc, 'PUBLIC_KEY', public, 2048, 'PUBLIC_CRYPT', 'x')
fails('#3', enc, 'PUBLIC_KEY', public, 0 / 0, 'PUBLIC_CRYPT', 'x')
fails('#4', enc, 'PUBLIC_KEY', public, 1024, 'CRYPT', 'x')
fails('#4', enc, 'PUBLIC_KEY', public, 1024, 'PRIVATE_CRYPT', 'x')
fails('#5', enc, 'PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', ('x'):rep(118))
fails('#5', enc, 'PRIVATE_KEY', private, 1024, 'PRIVATE_CRYPT', ('x'):rep(118))
fails('#5', enc, 'PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT')
for _, pem in ipairs { private_locked, private_locked_pkcs8 } do
  fails('#6', dec, 'PRIVATE_KEY', pem, 1024, 'PRIVATE_CRYPT', encrypted)
  fails('#6', dec, 'PRIVATE_KEY', pem, 1024, 'PRIVATE_CRYPT', encrypted, 'wrong')
  fails('#6', dec, 'PRIVATE_KEY', pem, 1024, 'PRIVATE_CRYPT', encrypted, ('x'):rep(1e6))
end
fails('#1', sign, 'PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', 'x')
fails('#2', verify, 'PRIVATE_KEY', private_locked, 1024, 'PUBLIC_CRYPT', signature, 'signed text')
fails('#6', verify, 'PUBLIC_KEY', public, 1024, 'PUBLIC_CRYPT', signature)
