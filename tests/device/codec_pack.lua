-- The module pack: the sizes of the device, on any machine.
local function hex(s) return (s:gsub('.', function(c) return ('%02X'):format(c:byte()) end)) end
local function eq(got, want) assert(got == want, ('got %s, want %s'):format(tostring(got), tostring(want))) end
local function packed(want, ...) eq(hex(pack.pack(...)), want) end
local function unpacked(want, ...)
  local got = { pack.unpack(...) }
  for i = 1, math.max(#got, #want) do eq(got[i], want[i]) end
end

-- Sizes, in the order that is named; that of the machine is the little one.
packed('01', 'b', 1)
packed('01', 'c', 1)
packed('0100', '<h', 1)
packed('0001', '>H', 1)
packed('0100', '=H', 1)
packed('01000000', '<i', 1)
packed('00000001', '>I', 1)
packed('01000000', '<l', 1)
packed('00000001', '>L', 1)
packed('0000803F', '<f', 1)
packed('3FF0000000000000', '>d', 1)
packed('000000000000F03F', 'n', 1)
packed('0100020000000304', '>bHiA', 1, 2, 3, '\4')
packed('01000002', '<H>H', 1, 2)

-- Strings.
packed('616263', 'A', 'abc')
packed('61626300', 'z', 'abc')
packed('03616263', 'p', 'abc')
packed('0003616263', '>P', 'abc')
packed('03000000616263', '<a', 'abc')
packed('00000003616263', '>a', 'abc')
packed('610062', 'A', 'a\0b')
packed('', 'A', '')
packed('', '')

-- Digits repeat; blanks and commas only separate.
packed('010203', 'b3', 1, 2, 3)
packed('00010002', '>H2', 1, 2)
packed('6162', 'A2', 'a', 'b')
packed('', 'b0')
packed('01000200', '<h, h', 1, 2)

-- Out of range wraps, never raises.
packed('FFFF', '<h', 65535)
packed('FFFF', '<H', -1)
packed('0000', '<H', 65536)
packed('00', 'b', 256)
packed('FF', 'c', 255)
packed('FF', 'b', -1)
packed('FFFFFFFF', '<i', 4294967295)
packed('00000000', '<I', 4294967296)
packed('00000000', '<I', 1e300)
packed('00000000', '<i', 0 / 0)
packed('03', 'b', 3.99)
packed('0000807F', '<f', 1e300)
eq(#pack.pack('p', ('x'):rep(300)), 301)
eq(hex(pack.pack('p', ('x'):rep(300)):sub(1, 1)), '2C')
packed('0C00', '<h', '12')

unpacked({ 2, 255 }, '\255', 'b')
unpacked({ 2, -1 }, '\255', 'c')
unpacked({ 3, -2 }, '\254\255', '<h')
unpacked({ 3, 65534 }, '\254\255', '<H')
unpacked({ 5, -1 }, '\255\255\255\255', 'i')
unpacked({ 5, 4294967295 }, '\255\255\255\255', 'I')
unpacked({ 5, -1 }, '\255\255\255\255', 'l')
unpacked({ 5, 4294967295 }, '\255\255\255\255', 'L')
unpacked({ 5, 1.5 }, pack.pack('>f', 1.5), '>f')
unpacked({ 9, -0.1 }, pack.pack('<d', -0.1), '<d')
unpacked({ 9, -0.1 }, pack.pack('>n', -0.1), '>n')
unpacked({ 6, 'abcde' }, 'abcdefg', 'A5')
unpacked({ 2, 'a' }, 'abc', 'A')
unpacked({ 1, '' }, 'abc', 'A0')
unpacked({ 5, 'ab', 'c' }, 'ab\0c', 'zA') -- the zero is taken too
unpacked({ 3, 'ab' }, 'ab', 'z')
unpacked({ 4, 'ab' }, '\2abc', 'p')
unpacked({ 5, 'ab' }, '\0\2abc', '>P')
unpacked({ 7, 'ab' }, '\2\0\0\0abc', '<a')
unpacked({ 4, 1, 2, 3 }, '\1\2\3', 'b3')
unpacked({ 4, 2, 3 }, '\1\2\3', 'b2', 2)
unpacked({ 6, 1, 'hi', 2 }, '\1\2hi\2', 'bpb')

-- It stops where the string ends, in front of what is not whole.
unpacked({ 1 }, '', 'b')
unpacked({ 2, 1 }, '\1\2', 'b>H')
unpacked({ 1 }, 'abc', 'A5')
unpacked({ 1 }, '\5ab', 'p')
unpacked({ 1 }, '\255\255\255\255ab', 'a')
unpacked({ 1 }, 'ab', 'i')
unpacked({ 1 }, '', 'z')
unpacked({ 3, 1, 2 }, '\1\2', 'b9')

-- Positions.
unpacked({ 4 }, 'abc', 'b', 4)
unpacked({ 4 }, 'abc', 'b', 1000)
unpacked({ 4 }, 'abc', 'b', math.huge)
unpacked({ 2, 97 }, 'abc', 'b', 0)
unpacked({ 2, 97 }, 'abc', 'b', -5)
unpacked({ 2, 97 }, 'abc', 'b', 0 / 0)

-- Huge repeats: an argument is missing, or the string ends, or there are too many values; nothing is allocated for them.
local before = collectgarbage('count')
local huge = ('9'):rep(400)
for _, code in ipairs { 'A', 'z', 'p', 'P', 'a', 'b', 'd' } do
  assert(not pcall(pack.pack, code .. '999999999'))
  assert(not pcall(pack.pack, code .. huge, 1, 2, 3))
  unpacked({ 1 }, '', code .. '999999999')
  unpacked({ 1 }, '', code .. huge)
end
unpacked({ 1 }, 'abc', 'A999999999')
unpacked({ 1 }, 'abc', 'A' .. huge)
assert(collectgarbage('count') - before < 4096)
local ok, message = pcall(pack.unpack, ('x'):rep(3e6), 'b' .. huge)
assert(not ok and message:find('too many', 1, true), message)
eq(#{ pack.unpack(('x'):rep(3000), 'b3000') }, 3001)

-- What is no format raises.
for _, format in ipairs { 'y', '3b', 'b-1', '%', '\0' } do
  assert(not pcall(pack.pack, format, 1))
  assert(not pcall(pack.unpack, 'abc', format))
end
assert(not pcall(pack.pack, 'b', {}))
assert(not pcall(pack.pack, 'A'))
ok, message = pcall(pack.pack, 'bb', 1, 'x')
assert(not ok and message:find('#3', 1, true), message)

-- What was packed already is no argument.
for _, format in ipairs { 'A2', 'zz', 'aP', 'Ab' } do
  ok, message = pcall(pack.pack, format, ('7'):rep(20000))
  assert(not ok and message:find('#3', 1, true), message)
end

-- A large string of many pieces.
local parts = {}
for i = 1, 200 do parts[i] = i % 256 end
eq(pack.pack('b200', unpack(parts)), string.char(unpack(parts)))
eq(#pack.pack('A3', ('x'):rep(1e6), ('y'):rep(1e6), ''), 2e6)
