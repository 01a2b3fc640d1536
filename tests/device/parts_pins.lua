-- pio, cpu, adc, pwm: pins and what is like them.

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
local pin = pio.pin

-- Names and numbers.
assert(pio.INPUT == 1 and pio.OUTPUT == 0 and pio.OUTPUT1 == 2)
assert(pio.INT ~= pio.INPUT and pio.INT ~= pio.OUTPUT and pio.INT ~= pio.OUTPUT1)
assert(pio.PULLUP ~= pio.PULLDOWN and pio.PULLUP ~= pio.NOPULL and pio.PULLDOWN ~= pio.NOPULL)
assert(cpu.INT_GPIO_POSEDGE and cpu.INT_GPIO_NEGEDGE and cpu.INT_GPIO_POSEDGE ~= cpu.INT_GPIO_NEGEDGE)
assert(pio.P0_4 == 4 and pio.P0_31 == 31 and pio.P1_0 == 32 and pio.P1_4 == 36 and pio.P2_31 == 95)
for _, name in ipairs {"P3_0", "P0_32", "P0_", "P_1", "P0_1x", "P0_001", "p0_1", "", "P", "P0-1", "pins", "P0_1\0"} do
  assert(pio[name] == nil, name)
end
assert(pio[1] == nil and pio[true] == nil)
assert(rawget(pio, "pin") == pin and rawget(pio, "P0_4") == nil)
pio.mine = 1
pin.setval_was = pin.setval
assert(pio.mine == 1)
for name, module in pairs {pio = pio, cpu = cpu, adc = adc, pwm = pwm} do assert(require(name) == module) end

-- Outputs.
test.trace()
pin.setdir(pio.OUTPUT, pio.P0_13)
assert(pin.getval(pio.P0_13) == 0)
pin.setval(1, pio.P0_13)
assert(pin.getval(pio.P0_13) == 1)
pin.setdir(pio.OUTPUT1, 40, 41)
pin.setval(0, 40, 41)
pin.sethigh(41)
pin.setlow(13)
local a, b, c = pin.getval(13, 40, 41)
assert(a == 0 and b == 0 and c == 1)
same(test.trace(), "pin 13 output", "pin 13 0", "pin 13 1", "pin 40 output", "pin 40 1", "pin 41 output", "pin 41 1",
  "pin 40 0", "pin 41 0", "pin 41 1", "pin 13 0")

-- Inputs and edges.
pin.setdebounce(0)
pin.setdir(pio.INT, pio.P0_5)
pin.setpull(pio.PULLUP, pio.P0_5)
assert(pin.getval(pio.P0_5) == 1 and #test.events() == 0)
assert(test.control("pin 5 0") == "")
assert(pin.getval(pio.P0_5) == 0)
local event = test.events()
assert(#event == 1 and event[1][1] == "pin_edge" and event[1][2] == 5 and event[1][3] == 0)
pin.setdebounce(50)
test.control("pin 5 1")
test.advance(49)
assert(#test.events() == 0)
test.advance(1)
assert(test.events()[1][3] == 1)
pin.close(pio.P0_5)
test.control("pin 5 0")
test.advance(100)
assert(#test.events() == 0)
pin.setdir(pio.INPUT, 5, nil)
pin.setpull(pio.PULLDOWN, 5)
pin.setpull(pio.NOPULL, 5)
test.trace()
pin.plus(13, 10, 20, 15, 1)
pin.pwm(13, 100, 200, -1)
assert(pin.getval(13) == 1)
same(test.trace(), "pin 13 plus 10 20 15 1", "pin 13 pwm 100 200 -1")

-- What is wrong says where.
raises("#2 to 'setdir' (no such pin)", function() pin.setdir(pio.OUTPUT, 96) end)
raises("#2 to 'setdir' (number expected, got no value)", function() pin.setdir(pio.OUTPUT) end)
raises("#1 to 'setdir' (no such direction)", function() pin.setdir(9, 1) end)
raises("#1 to 'getval' (no such pin)", function() pin.getval(-1) end)
raises("#3 to 'setval' (no such pin)", function() pin.setval(1, 13, 0 / 0) end)
raises("#1 to 'setval'", function() pin.setval("high", 13) end)
raises("#1 to 'setpull' (no such pull)", function() pin.setpull(7, 13) end)
raises("#2 to 'setpull'", function() pin.setpull(pio.PULLUP, {}) end)
raises("#1 to 'setdebounce'", function() pin.setdebounce(-1) end)
raises("#1 to 'sethigh'", function() pin.sethigh(1e300) end)
raises("#1 to 'close'", function() pin.close(math.huge) end)
raises("#4 to 'plus'", function() pin.plus(13, 1, 1, -1) end)
raises("#1 to 'pwm'", function() pin.pwm(nil) end)
assert(#test.trace() == 0)

-- adc
assert(adc.open(2) == 1 and adc.open(8) == 0 and adc.open(-1) == 0 and adc.open(0 / 0) == 0)
test.control("adc 2 2500")
local raw, millivolt = adc.read(2)
assert(raw == 2047 and millivolt == 2500)
assert(adc.open(2, adc.SCALE_1V250) == 1)
raw, millivolt = adc.read(2)
assert(raw == 4095 and millivolt == 1250)
assert(adc.close(2) == 1 and adc.close(99) == 0)
raw, millivolt = adc.read(2)
assert(raw == 0xffff and millivolt == 0xffff)
raw, millivolt = adc.read(-5)
assert(raw == 0xffff and millivolt == 0xffff)
raises("#1 to 'open'", function() adc.open("x") end)
raises("#2 to 'open' (no such scale)", function() adc.open(2, 4) end)
raises("#1 to 'read'", function() adc.read() end)
same(test.trace(), "adc 2 open 5000", "adc 2 open 1250", "adc 2 close")

-- pwm
assert(pwm.set(0, 500, 100) == 0)
assert(pwm.open(0) == 1 and pwm.open(4) == 0)
assert(pwm.set(0, 500.7, 100) == 1)
assert(pwm.set(0, 500, 100, 2) == 1 and pwm.set(9, 1, 1) == 0)
assert(pwm.close(0) == 1 and pwm.close(77) == 0)
raises("#2 to 'set'", function() pwm.set(0, 0 / 0, 1) end)
raises("#3 to 'set'", function() pwm.set(0, 1) end)
same(test.trace(), "pwm 0 open", "pwm 0 500 100", "pwm 0 500 100 2", "pwm 0 close")
