-- pmd, and what rtos has for the parts.

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

assert(require "pmd" == pmd)
for _, name in ipairs {"VLCD", "VMMC", "VSIM1", "VCAMA", "VCAMD", "VIBR", "VBACKLIGHT_R", "VBACKLIGHT_G", "VBACKLIGHT_B",
  "VBACKLIGHT_W"} do
  assert(type(pmd["LDO_" .. name]) == "number", name)
end

pmd.ldoset(7, pmd.LDO_VLCD, pmd.LDO_VMMC)
pmd.ldoset(7, pmd.LDO_VLCD)
pmd.ldoset(99, pmd.LDO_VIBR)
for i = 1, 100 do pmd.sleep(0) pmd.sleep(1) end
same(test.trace(), "ldo VLCD 7", "ldo VMMC 7", "ldo VIBR 15")
test.control("sleeps")
same(test.trace(), "sleeps 100 on")
raises("#2 to 'ldoset' (no such LDO)", function() pmd.ldoset(1, 99) end)
raises("#2 to 'ldoset'", function() pmd.ldoset(1) end)
raises("#2 to 'ldoset'", function() pmd.ldoset(1, nil) end)
raises("#1 to 'ldoset'", function() pmd.ldoset(-1, 0) end)
raises("#1 to 'sleep'", function() pmd.sleep() end)

local present, voltage, level, charger, state = pmd.param_get()
assert(present == true and voltage == 3800 and level == 50 and charger == false and state == 0)
assert(pmd.charger() == false and pmd.chrcurrent() == 0)
test.control("battery 3900")
assert(#test.events() == 0)
assert(pmd.init({}) == 1)
raises("#1 to 'init'", function() pmd.init(1) end)
test.control("charger on 250")
present, voltage, level, charger, state = pmd.param_get()
assert(present == true and voltage == 3900 and level == 62 and charger == true and state == 1)
assert(pmd.charger() == true and pmd.chrcurrent() == 250)
local events = test.events()
assert(#events == 1 and events[1][1] == "power")

-- rtos
for i, name in ipairs {"KEY", "CHARGER", "ALARM", "RESTART", "OTHER", "UNKNOWN", "EXCEPTION", "HOST", "WATCHDOG"} do
  assert(rtos["POWERON_" .. name] == i - 1, name)
end
assert(rtos.poweron_reason() == rtos.POWERON_RESTART)

assert(test.control("key 1 2 down") ~= "")
assert(rtos.init_module(rtos.MOD_KEYPAD, 0, 0x3c, 0x0f) == 1)
assert(test.control("key 1 2 down") == "" and test.control("key 255 255 up") == "")
events = test.events()
assert(#events == 1 and events[1][1] == "keypad" and events[1][2] == 1 and events[1][3] == 0x102)
assert(rtos.init_module(99) == 0 and rtos.init_module(0 / 0) == 0)
raises("#1 to 'init_module'", function() rtos.init_module() end)

-- The clock stands at 2026-01-01 08:00, UTC+8.
test.trace()
assert(rtos.init_module(rtos.MOD_ALARM) == 1)
assert(rtos.set_alarm(1, 2026, 1, 1, 8, 0, 30) == 1)
test.advance(29999)
assert(#test.events() == 0)
test.advance(1)
assert(test.events()[1][1] == "alarm")
assert(rtos.set_alarm(1, 2026, 1, 1, 8, 0, 30) == 0)
assert(rtos.set_alarm(true, 2026, 1, 2, 8, 0, 0) == 1)
assert(rtos.set_alarm(0, 0, 0, 0, 0, 0, 0) == 1 and rtos.set_alarm(false) == 1)
test.advance(100000000)
assert(#test.events() == 0)
raises("#2 to 'set_alarm'", function() rtos.set_alarm(1) end)
raises("#7 to 'set_alarm'", function() rtos.set_alarm(1, 2026, 1, 1, 1, 1, 0 / 0) end)
raises("#1 to 'set_alarm'", function() rtos.set_alarm() end)
same(test.trace(), "alarm 2026-01-01 08:00:30", "alarm 2026-01-02 08:00:00", "alarm off")

rtos.set_time(1893456000)
assert(test.clock() == 1893456000)
rtos.set_time(2031, 2, 3, 4, 5, 6)
assert(os.date("%Y-%m-%d %H:%M:%S", test.clock()) == "2031-02-03 04:05:06")
raises("#1 to 'set_time'", function() rtos.set_time(2031, 2, 31, 0, 0, 0) end)
for _, time in ipairs {-1, 1e18, 0 / 0, math.huge} do raises("#1 to 'set_time'", function() rtos.set_time(time) end) end
raises("#1 to 'set_time'", function() rtos.set_time({}) end)
assert(os.date("%Y", test.clock()) == "2031")

test.trace()
rtos.poweron(0)
rtos.poweron()
rtos.sys32k_clk_out(1)
rtos.send_ok("a\0b\n")
rtos.sendevent(7)
rtos.notify_sim_detect(1, 0)
same(test.trace(), "poweron 0", "poweron 1", "sys32k 1", "send_ok a?b?", "sendevent 7", "sim_detect 1 0")
raises("#1 to 'sendevent'", function() rtos.sendevent("x") end)
rtos.send_ok(("x"):rep(100000))
assert(#test.trace()[1] < 4096)
