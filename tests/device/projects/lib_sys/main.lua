-- The scheduler on the core's own clock and messages.
PROJECT, VERSION = "LIB_SYS", "1.0.0"
require "sys"
require "pm"

local function same(what, actual, expected)
  print(actual == expected and "ok" or "WRONG", what, actual)
  if actual ~= expected then
    print("expected", expected)
    os.exit(1)
  end
end
sys.timerStart(function()
  print("not done in time")
  os.exit(1)
end, 20000)

local order = {}
local began = os.clockms()
sys.timerStart(function(name) order[#order + 1] = name end, 40, "late")
sys.timerStart(function(name) order[#order + 1] = name end, 10, "early")
local loops = 0
local loop = sys.timerLoopStart(function() loops = loops + 1 end, 10)
sys.subscribe("ORDER", function(name) order[#order + 1] = name end)

sys.taskInit(function()
  sys.wait(60)
  local passed = os.clockms() - began
  same("60 ms are about that", passed >= 59 and passed < 400, true)
  same("timers in order", table.concat(order, " "), "early late")
  same("a loop", loops >= 3, true)
  sys.timerStop(loop)
  local before = loops
  sys.publish("ORDER", "message")
  local good, value = sys.waitUntil("ORDER", 1000)
  same("a message", good, true)
  same("its value", value, "message")
  same("the subscriber was first", order[3], "message")
  same("no message in time", sys.waitUntil("NEVER", 20), false)
  same("the loop has ended", loops, before)
  same("the id", sys.waitUntilExt("NEVER", 20), false)

  local failed = sys.taskInit(function() error "this line in the log is wanted" end)
  same("an error ends its task only", coroutine.status(failed), "dead")

  local lines, real = {}, print
  print = function(...)
    local texts = { ... }
    for i = 1, #texts do texts[i] = tostring(texts[i]) end
    lines[#lines + 1] = table.concat(texts, " ")
  end
  for _, level in ipairs { 0, 1, 2, 3, 4, 5, 6 } do
    LOG_LEVEL = level
    for _, name in ipairs { "trace", "debug", "info", "warn", "error", "fatal" } do log[name]("t", level) end
  end
  LOG_LEVEL = nil
  log.debug("t", "unset")
  log.info("t", "unset", nil)
  print = real
  local wanted = {}
  for level = 1, 6 do
    for i, letter in ipairs { "T", "D", "I", "W", "E", "F" } do
      if i >= level then wanted[#wanted + 1] = ("[%s]-[t] %d"):format(letter, level) end
    end
  end
  wanted[#wanted + 1] = "[I]-[t] unset"
  same("log levels", table.concat(lines, "\n"), table.concat(wanted, "\n"))
  log.openTrace(false)
  print("this is silent")
  log.openTrace(true)

  pm.wake("test")
  same("awake", pm.isSleep("test"), false)
  pm.sleep("test")
  same("asleep", pm.isSleep(), true)
  os.exit(0)
end)

sys.init(0, 0)
sys.run()
