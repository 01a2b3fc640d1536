-- The module bit: unsigned 32-bit results of any numbers.
local function eq(got, want) assert(got == want, ('got %s, want %s'):format(tostring(got), tostring(want))) end

-- Any number of arguments.
eq(bit.band(0xFF, 0x3C, 0x18), 0x18)
eq(bit.bor(1, 2, 4, 8), 15)
eq(bit.bxor(0xFF, 0x0F, 0xF0), 0)
eq(bit.band(7), 7)
eq(bit.bor(0x80000000, 1), 0x80000001)

-- Results are unsigned.
eq(bit.bnot(0), 0xFFFFFFFF)
eq(bit.bnot(0xFFFFFFFF), 0)
eq(bit.lshift(1, 31), 0x80000000)
eq(bit.arshift(0x80000000, 4), 0xF8000000)
eq(bit.arshift(0x7FFFFFFF, 4), 0x07FFFFFF)
eq(bit.rshift(0x80000000, 4), 0x08000000)
eq(bit.rol(0x12345678, 8), 0x34567812)
eq(bit.ror(0x12345678, 8), 0x78123456)
eq(bit.rol(0x80000000, 1), 1)

-- Any number is one modulo 2^32, without its fraction.
eq(bit.band(-1), 0xFFFFFFFF)
eq(bit.band(-2147483648), 0x80000000)
eq(bit.band(2 ^ 32 + 5), 5)
eq(bit.band(-(2 ^ 32) - 1), 0xFFFFFFFF)
eq(bit.band(2 ^ 53), 0)
eq(bit.band(1e300), 0)
eq(bit.band(3.9), 3)
eq(bit.band(-1.5), 0xFFFFFFFF)
eq(bit.band(0 / 0), 0)
eq(bit.band(math.huge), 0)
eq(bit.band('12', 4), 4)

-- Shifts by what a word does not have.
for _, by in ipairs { 32, 33, 255, 2 ^ 32, -1, -40, math.huge, -math.huge } do
  eq(bit.lshift(0xFFFFFFFF, by), 0)
  eq(bit.rshift(0xFFFFFFFF, by), 0)
  eq(bit.arshift(0xFFFFFFFF, by), 0xFFFFFFFF)
  eq(bit.arshift(0x7FFFFFFF, by), 0)
end
eq(bit.lshift(5, 0), 5)
eq(bit.rol(1, 33), 2)
eq(bit.ror(1, -1), 2)
eq(bit.rol(3, 0), 3)

eq(bit.tohex(255), '000000ff')
eq(bit.tohex(-1), 'ffffffff')
eq(bit.tohex(0xABCD, 4), 'abcd')
eq(bit.tohex(0xABCD, 2), 'cd')
eq(bit.tohex(0xABCD, -6), '00ABCD')
eq(bit.tohex(1, 0), '')
eq(bit.tohex(1, 1e9), '00000001')
eq(bit.tohex(1, 0 / 0), '')

eq(bit.bit(0), 1)
eq(bit.bit(31), 0x80000000)
eq(bit.bit(32), 0)
eq(bit.bit(-1), 0)
eq(bit.isset(5, 0), true)
eq(bit.isset(5, 1), false)
eq(bit.isset(-1, 31), true)
eq(bit.isset(-1, 32), false)
eq(bit.isclear(5, 0), false)
eq(bit.isclear(5, 1), true)
eq(bit.set(0, 0, 1, 31), 0x80000003)
eq(bit.set(1), 1)
eq(bit.clear(0xFF, 0, 7), 0x7E)
eq(bit.clear(-1, 40), 0xFFFFFFFF)

-- A wrong type raises, and says which argument.
local ok, message = pcall(bit.band, 1, {})
assert(not ok and message:find('#2', 1, true), message)
assert(not pcall(bit.band))
assert(not pcall(bit.lshift, 1))
assert(not pcall(bit.isset, 1, nil))
