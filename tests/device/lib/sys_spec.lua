-- Tasks, timers and messages over a virtual clock: order, ends, and a day without anything that piles up.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local harness = require "harness"
local mock, same, raises = harness.mock, harness.same, harness.raises
require "sys"

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function run_for(ms) mock.run(mock.now + ms) end

-- A task runs at once up to its first wait; its arguments and results, nils included.
local log = {}
local function note(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  log[#log + 1] = table.concat(texts, " ")
end
local function noted(what, expected)
  same(what, table.concat(log, "|"), expected)
  log = {}
end
local co = sys.taskInit(function(a, b, c)
  note(a, b, c)
  sys.wait(1000)
  note(mock.now)
end, 1, nil, 3)
same("taskInit gives the coroutine", type(co), "thread")
noted("a task begins at once", "1 nil 3")
run_for(2000)
noted("wait", "1000")
same("a task that has ended is dead", coroutine.status(co), "dead")

-- Timers: once, in a loop, replaced, stopped, active; 5 ms at least.
local id = sys.timerStart(note, 100, "once", nil)
same("callback timers begin here", id >= 0x20000000, true)
same("active by id", sys.timerIsActive(id), true)
same("active by function and arguments", sys.timerIsActive(note, "once", nil), true)
same("other arguments are another timer", sys.timerIsActive(note, "once"), false)
sys.timerStart(note, 50, "once", nil)
same("replaced", sys.timerIsActive(id), false)
sys.timerStart(note, 20, "other")
run_for(200)
noted("timers in their order, the replaced one not", "other|once nil")
local loop = sys.timerLoopStart(note, 10, "loop")
sys.timerStart(sys.timerStop, 35, loop)
run_for(100)
noted("a loop until it is stopped", "loop|loop|loop")
sys.timerStart(note, 10, 1)
sys.timerStart(note, 10, 2)
sys.timerStop(note, 1)
run_for(20)
noted("stopped by arguments", "2")
sys.timerLoopStart(note, 10, 1)
sys.timerLoopStart(note, 10, 2)
sys.timerStopAll(note)
run_for(20)
noted("stopped all", "")
local started = mock.now
sys.timerStart(function() note(mock.now - started) end, 0)
run_for(20)
noted("5 ms at least", "5")
sys.timerStop(note, "unknown")
sys.timerStop(nil)
sys.timerStopAll(note)
same("no function, no timer", sys.timerIsActive(nil), false)
local self_stopping
self_stopping = sys.timerLoopStart(function()
  note("tick")
  sys.timerStop(self_stopping)
end, 10)
run_for(100)
noted("a loop that stops itself", "tick")
raises("no function", "function expected", sys.timerStart, nil, 10)
raises("no time", "milliseconds expected", sys.timerStart, note, "soon")
raises("NaN", "milliseconds expected", sys.timerStart, note, 0 / 0)

-- Messages: order, arguments, twice the same subscriber, ends during the delivery.
local function first(...) note("first", ...) end
local function second(...) note("second", ...) end
sys.subscribe("A", first)
sys.subscribe("A", first)
sys.subscribe("A", second)
sys.publish("A", 1, nil)
sys.publish("A", 2)
noted("publish only queues", "")
run_for(10)
noted("in order", "first 1 nil|second 1 nil|first 2|second 2")
local function ends()
  note("ends")
  sys.unsubscribe("A", second)
  sys.subscribe("A", note)
end
sys.unsubscribe("A", first)
sys.unsubscribe("A", second)
sys.subscribe("A", ends)
sys.subscribe("A", second)
sys.publish("A", "x")
run_for(10)
noted("no message after unsubscribe, a new subscriber waits for the next", "ends")
sys.unsubscribe("A", ends)
sys.publish("A", "y")
run_for(10)
noted("the next", "y")
sys.unsubscribe("A", note)
sys.unsubscribe("A", note)
sys.subscribe(7, first)
sys.publish(7)
run_for(10)
noted("any id", "first")
raises("no id", "message id", sys.publish, nil)
raises("no id", "message id", sys.subscribe, nil, print)
raises("no function", "function expected", sys.subscribe, "A", "text")

-- A message that always causes the next does not keep timers from running.
local function again() sys.publish("AGAIN") end
sys.subscribe("AGAIN", again)
sys.publish("AGAIN")
sys.timerStart(function()
  note("timer")
  sys.unsubscribe("AGAIN", again)
end, 5)
mock.busy_ms = 1
run_for(100)
mock.busy_ms = 0
noted("timers run beside endless messages", "timer")

-- Waits for messages.
sys.taskInit(function()
  note(sys.waitUntil("GO"))
  note(sys.waitUntil("GO", 100))
  note(sys.waitUntil("GO", 100))
  note(sys.waitUntilExt("GO", 100))
  note(sys.waitUntilExt("GO", 100))
end)
sys.publish("GO", "a", nil, "c")
run_for(10)
noted("with arguments", "true a nil c")
sys.publish("GO")
run_for(10)
noted("without", "true")
run_for(150)
noted("too late", "false")
sys.publish("GO", "x")
run_for(10)
noted("waitUntilExt tells the id", "GO x")
run_for(200)
noted("waitUntilExt too late", "false")

-- A task that something else resumes leaves no timer and no subscription behind.
local woken = sys.taskInit(function()
  note(sys.wait(1000))
  note(sys.waitUntilExt("GO", 1000))
  note(sys.waitUntil("STAY"))
end)
coroutine.resume(woken, "by hand")
coroutine.resume(woken, "again", 2)
noted("resumed by hand", "by hand|again 2")
local before = count(mock.timers)
sys.publish("GO", "not for it")
run_for(3000)
noted("nothing is left of those waits", "")
same("no timer is left", count(mock.timers) <= before, true)
sys.publish("STAY")
run_for(10)
noted("it goes on", "true")

raises("wait in the main script", "in a task only", sys.wait, 10)
raises("waitUntil in the main script", "in a task only", sys.waitUntil, "A", 10)

-- An error in a task is logged with its place, and nothing else happens; in a callback it ends sys.run.
local lines = harness.printed(function()
  sys.taskInit(function() error "oh dear" end)
  sys.taskInit(function()
    sys.wait(10)
    local nothing
    return nothing.field
  end)
  sys.timerStart(note, 50, "goes on")
  run_for(100)
end)
same("the error", lines[1]:match("oh dear") ~= nil and lines[1]:match("sys_spec") ~= nil, true)
same("the traceback", lines[1]:match("traceback") ~= nil, true)
same("the later error", lines[2]:match("nothing") ~= nil, true)
noted("the rest goes on", "goes on")
COROUTINE_ERROR_RESTART = true
harness.printed(function()
  raises("an error that restarts", "^restart$", sys.taskInit, function() error "oh dear" end)
end)
COROUTINE_ERROR_RESTART = nil
local inner = coroutine.create(function() error "mine" end)
same("errors of quiet coroutines are the caller's", (coroutine.resumeQuietly(inner)), false)
sys.timerStart(error, 10, "in a callback")
raises("a callback", "in a callback", mock.run, mock.now + 100)

-- Messages of the core: numbers, tables, without a handler.
rtos.on(rtos.MSG_ALARM, function(...) note("alarm", ...) end)
rtos.on(rtos.MSG_INT, function(message) note(message.int_resnum) end)
mock.messages[1] = { rtos.MSG_ALARM, 5 }
mock.messages[2] = { { id = rtos.MSG_INT, int_resnum = 12 } }
mock.messages[3] = { { id = 4711 } }
mock.messages[4] = { 4712, 1 }
run_for(10)
noted("the core's messages", "alarm 5|12")
rtos.on(rtos.MSG_ALARM, nil)
mock.messages[1] = { rtos.MSG_ALARM, 5 }
run_for(10)
noted("no handler any more", "")
raises("a message that does not exist", "message of rtos", rtos.on, nil, print)
uart.on(1, "receive", function(port) note("received", port) end)
uart.on(1, "sent", function(port) note("sent", port) end)
mock.messages[1] = { rtos.MSG_UART_RXDATA, 1 }
mock.messages[2] = { rtos.MSG_UART_TX_DONE, 1 }
mock.messages[3] = { rtos.MSG_UART_RXDATA, 2 }
run_for(10)
noted("the ports' messages", "received 1|sent 1")
raises("no such event", "receive", uart.on, 1, "gone", print)

-- The start.
raises("no reason", "reason", sys.restart)
harness.printed(function()
  raises("restart", "^restart$", sys.restart, "why not")
  sys.init(0, 0)
  PROJECT = nil
  raises("no PROJECT", "PROJECT", sys.init, 0, 0)
  PROJECT, VERSION = "LIBRARY", 1
  raises("VERSION is no text", "VERSION", sys.init, 0, 0)
  VERSION = "1.0.0"
  local empty = 0
  sys.init(0, function() empty = empty + 1 end)
  for _, level in ipairs { 0, 0, 10, 0 } do
    mock.messages[#mock.messages + 1] = { { id = rtos.MSG_PMD, present = true, level = level, charger = false } }
  end
  run_for(10)
  same("an empty battery is told once", empty, 2)
end)

-- A day: loops, tasks that end, waits that are met and that are missed. What is left is what was there.
local function churn()
  sys.taskInit(function()
    sys.waitUntil("TICK", 700)
    sys.wait(20)
  end)
  sys.timerStart(note, 30, mock.now)
end
local ticks = 0
sys.timerLoopStart(churn, 1000)
sys.timerLoopStart(function()
  ticks = ticks + 1
  sys.publish("TICK", ticks)
  log = {}
end, 1500)
run_for(3600 * 1000)
collectgarbage()
collectgarbage()
local timers, kilobytes = count(mock.timers), collectgarbage("count")
ticks = 0
run_for(24 * 3600 * 1000)
collectgarbage()
collectgarbage()
same("a day of ticks", ticks, 24 * 2400)
same("as many timers as after an hour", math.abs(count(mock.timers) - timers) <= 2, true)
same("as much memory as after an hour", collectgarbage("count") < kilobytes + 50, true)
harness.finish()
