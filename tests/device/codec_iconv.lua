-- The module iconv.
local function hex(s) return (s:gsub('.', function(c) return ('%02X'):format(c:byte()) end)) end
local function eq(got, want) assert(got == want, ('got %s, want %s'):format(tostring(got), tostring(want))) end

local chinese = '\228\184\173\230\150\135' -- two characters
local function convert(to, from, text) return iconv.open(to, from):iconv(text) end

eq(hex(convert('ucs2', 'utf8', 'A' .. chinese)), '41002D4E8765')
eq(hex(convert('ucs2be', 'utf8', 'A' .. chinese)), '00414E2D6587')
eq(convert('utf8', 'ucs2', '\65\0\45\78\135\101'), 'A' .. chinese)
eq(convert('utf8', 'ucs2be', '\0\65\78\45\101\135'), 'A' .. chinese)
eq(hex(convert('gb2312', 'utf8', 'A' .. chinese)), '41D6D0CEC4')
eq(convert('utf8', 'gb2312', 'A\214\208\206\196'), 'A' .. chinese)
eq(hex(convert('ucs2', 'gb2312', '\214\208')), '2D4E')
eq(hex(convert('gb2312', 'ucs2be', '\78\45')), 'D6D0')
-- A character of GBK that GB2312 lacks.
eq(convert('utf8', 'gb2312', '\136\154') ~= '', true)
eq(hex(convert('gb2312', 'utf8', '\233\149\149')), 'E946')
-- One beyond the 16 bits is a pair of surrogates.
eq(hex(convert('ucs2be', 'utf8', '\240\159\152\128')), 'D83DDE00')
eq(convert('utf8', 'ucs2be', '\216\61\222\0'), '\240\159\152\128')

eq(convert('UCS2', 'UTF8', ''), '')
eq(convert('utf8', 'utf8', 'a\0b'), 'a\0b')
local big = chinese:rep(100000)
eq(convert('utf8', 'ucs2', convert('ucs2', 'utf8', big)), big)
eq(#convert('ucs2', 'utf8', ('x'):rep(100001)), 200002)

-- What is not such a text: what came before it, and why.
local cd = iconv.open('ucs2be', 'utf8')
local text, err = cd:iconv('A\255B')
eq(hex(text), '0041')
eq(err, iconv.ERROR_INVALID)
text, err = cd:iconv('A\228\184')
eq(hex(text), '0041')
eq(err, iconv.ERROR_INCOMPLETE)
-- The next text begins afresh.
text, err = cd:iconv('B')
eq(hex(text), '0042')
eq(err, nil)
text, err = convert('gb2312', 'utf8', '\240\159\152\128')
eq(text, '')
eq(err, iconv.ERROR_INVALID)
text, err = convert('utf8', 'ucs2', '\65\0\66')
eq(text, 'A')
eq(err, iconv.ERROR_INCOMPLETE)

-- Names that are none, some of which the C library would take.
for _, name in ipairs { '', 'klingon', 'UTF-16', '/etc/passwd', 'utf8//TRANSLIT', 'utf8\0x', ('x'):rep(100000) } do
  local none, code = iconv.open(name, 'utf8')
  eq(none, nil)
  eq(code, iconv.ERROR_UNKNOWN)
  eq((iconv.open('utf8', name)), nil)
end
assert(not pcall(iconv.open, 'utf8'))
assert(not pcall(iconv.open, {}, 'utf8'))
assert(not pcall(cd.iconv, 'x', 'y'))
assert(not pcall(cd.iconv, cd, {}))
assert(not pcall(cd.iconv, io.stdout, 'y'))

-- Collected twice is collected once.
local collect = getmetatable(cd).__gc
collect(cd)
collect(cd)
assert(not pcall(cd.iconv, cd, 'x'))
for _ = 1, 2000 do iconv.open('ucs2', 'utf8') end
cd = nil
collectgarbage()
