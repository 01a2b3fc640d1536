-- i2c and spi.

local function raises(part, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(message):find(part, 1, true), message)
end
local function same(list, ...)
  local wanted = {...}
  for i = 1, math.max(#list, #wanted) do
    assert(list[i] == wanted[i], "line " .. i .. ": " .. tostring(list[i]) .. ", not " .. tostring(wanted[i]))
  end
end

assert(require "i2c" == i2c and require "spi" == spi)
assert(i2c.SLOW == 100000 and i2c.FAST == 400000)

-- A device answers once there is one.
assert(i2c.send(1, 0x68, 0x75) == 0 and i2c.recv(1, 0x68, 4) == "")
assert(i2c.setup(1, i2c.SLOW) == i2c.SLOW and i2c.setup(2, 409600) == 409600 and i2c.setup(3) == i2c.SLOW)
assert(i2c.send(1, 0x68, 0x75) == 0 and i2c.recv(1, 0x68, 4) == "")
assert(test.control("i2c 1 0x68 75 68690a") == "")
test.trace()
assert(i2c.send(1, 0x68, 0x75) == 1)
assert(i2c.recv(1, 0x68, 3) == "hi\n")
assert(i2c.send(1, 0x68, {0x6b, 0, "ab"}) == 4)
assert(i2c.send(1, 0x68, "\107") == 1)
assert(i2c.recv(1, 0x68, 4) == "\0ab\0")
assert(i2c.recv(1, 0x68, 0) == "")
same(test.trace(), "i2c 1 0x68 write 75", "i2c 1 0x68 read 68690a", "i2c 1 0x68 write 6b006162", "i2c 1 0x68 write 6b",
  "i2c 1 0x68 read 00616200", "i2c 1 0x68 read -")

-- A sensor that wants a command.
test.control("i2c 1 0x44 2c06 0102030405")
assert(i2c.send(1, 0x44, {0x2c, 0x06}) == 2)
assert(i2c.recv(1, 0x44, 6) == "\1\2\3\4\5\255")

-- The address of setup().
assert(i2c.setup(1, i2c.FAST, 0x68) == i2c.FAST)
assert(i2c.write(1, 0x10, "xyz") == 3 and i2c.write(1, 0x13, 65) == 1)
assert(i2c.read(1, 0x10, 4) == "xyzA")
assert(i2c.setup(1, i2c.FAST, 0x69) == i2c.FAST)
assert(i2c.write(1, 0x10, "xyz") == 0 and i2c.read(1, 0x10, 4) == "")
i2c.close(1)
assert(i2c.send(1, 0x68, "x") == 0)

raises("#1 to 'setup' (no such bus)", function() i2c.setup(4, 1) end)
raises("#1 to 'send'", function() i2c.send(-1, 1, "x") end)
raises("#2 to 'send' (no such address)", function() i2c.send(2, 256, "x") end)
raises("#3 to 'send'", function() i2c.send(2, 1) end)
raises("#3 to 'send'", function() i2c.send(2, 1, 256) end)
raises("#3 to 'send'", function() i2c.send(2, 1, 0 / 0) end)
raises("#3 to 'send'", function() i2c.send(2, 1, {1, {}}) end)
raises("#3 to 'send'", function() i2c.send(2, 1, {1, nil, 3, print}) end)
raises("more than 65536 bytes", function() i2c.send(2, 1, ("x"):rep(65537)) end)
local many = {}
for i = 1, 70000 do many[i] = i % 256 end
raises("more than 65536 bytes", function() i2c.send(2, 1, many) end)
assert(i2c.send(2, 1, setmetatable({}, {__index = function() error("asked") end})) == 0)
for _, n in ipairs {-1, 65537, 1e300, 0 / 0, math.huge} do
  raises("#3 to 'recv' (0..65536 expected)", function() i2c.recv(2, 1, n) end)
end
test.control("i2c 2 1 00 00")
assert(#i2c.recv(2, 1, 65536) == 65536)

-- spi
assert(spi.SPI_1 == 0)
assert(spi.send(spi.SPI_1, "x") == 0 and spi.recv(spi.SPI_1, 4) == "" and spi.close(spi.SPI_1) == 0)
assert(spi.setup(spi.SPI_1, 0, 1, 8, 110000, 1, 1) == 1)
test.trace()
assert(test.control("spi 0 00ef40") == "")
assert(spi.send(spi.SPI_1, "\159") == 1)
assert(spi.send_recv(spi.SPI_1, "\159\0") == "\0\239")
assert(spi.recv(spi.SPI_1, 3) == "@\0\0")
assert(spi.send_recv(spi.SPI_1, "") == "")
same(test.trace(), "spi 0 write 9f", "spi 0 write 9f00", "spi 0 read 00ef", "spi 0 read 400000", "spi 0 write -")
assert(spi.close(spi.SPI_1) == 1)
raises("#1 to 'setup' (no such bus)", function() spi.setup(2, 0, 0, 8, 1) end)
raises("#2 to 'setup'", function() spi.setup(0, 2, 0, 8, 1) end)
raises("#4 to 'setup'", function() spi.setup(0, 0, 0, 0, 1) end)
raises("#2 to 'send'", function() spi.send(0, true) end)
raises("#2 to 'recv'", function() spi.recv(0, "x") end)
raises("#1 to 'close'", function() spi.close() end)
