local harness = require "harness"
local rtos = require "rtos"
local test = harness.test

local MAX = 0x7fffffff

test("a timer runs out once", function(t)
  t:same(rtos.timer_start(7, 5), 1)
  t:returns({rtos.MSG_TIMER, 7}, rtos.receive())
  t:nothing(30)
end)

test("timers come by deadline", function(t)
  rtos.timer_start(1, 60)
  rtos.timer_start(2, 20)
  rtos.timer_start(MAX, 40)
  rtos.timer_start(0, 1)
  for _, id in ipairs {0, 2, MAX, 1} do t:expect_timer(id) end
end)

test("a restart replaces the old run", function(t)
  rtos.timer_start(3, 10)
  rtos.timer_start(3, 50)
  local start = rtos.tick()
  t:expect_timer(3)
  t:check(rtos.tick() - start >= 50 * 16, "it ran out early")
end)

test("a restart drops the queued message of the old run", function(t)
  rtos.timer_start(3, 1)
  rtos.sleep(20)
  rtos.timer_start(3, 60)
  t:nothing(20)
  t:expect_timer(3)
end)

test("a stopped timer delivers nothing, not even a queued message", function(t)
  rtos.timer_start(4, 10)
  t:same(rtos.timer_stop(4), 1)
  rtos.timer_start(5, 1)
  rtos.sleep(20)
  t:same(rtos.timer_stop(5), 1)
  t:nothing(20)
end)

test("stopping a timer that does not run is fine", function(t)
  t:same(rtos.timer_stop(123456), 1)
end)

test("ids and times are bounded", function(t)
  for _, id in ipairs {-1, MAX + 1, 2^40, 0.5, 0/0, 1/0, -1/0} do
    t:same(rtos.timer_start(id, 10), 0, "start id " .. id)
    t:same(rtos.timer_stop(id), 0, "stop id " .. id)
  end
  for _, ms in ipairs {0, -1, MAX + 1, 2^40, 0.5, 0/0, 1/0, -1/0} do
    t:same(rtos.timer_start(1, ms), 0, "ms " .. ms)
  end
  t:same(rtos.timer_start(1, MAX), 1)
  t:same(rtos.timer_stop(1), 1)
end)

test("a refused start leaves the running timer alone", function(t)
  rtos.timer_start(1, 20)
  t:same(rtos.timer_start(1, 0), 0)
  t:expect_timer(1)
end)

test("receive waits as long as it is told", function(t)
  local start = rtos.tick()
  t:returns({rtos.WAIT_MSG_TIMEOUT}, rtos.receive(50))
  t:check(rtos.tick() - start >= 50 * 16, "it came back early")
  t:returns({rtos.WAIT_MSG_TIMEOUT}, rtos.recv(0))
end)

test("a wrong timeout polls", function(t)
  local start = rtos.tick()
  for _, ms in ipairs {-1, 0.5, 2^32, 2^40, 0/0, 1/0, -1/0} do
    t:returns({rtos.WAIT_MSG_TIMEOUT}, rtos.receive(ms))
  end
  t:check(rtos.tick() - start < 16384, "it waited")
end)

test("no timeout and INF_TIMEOUT wait for ever", function(t)
  for _, call in ipairs {
    function() return rtos.receive() end,
    function() return rtos.receive(nil) end,
    function() return rtos.receive(rtos.INF_TIMEOUT) end,
    function() return rtos.recv() end,
  } do
    rtos.timer_start(9, 20)
    t:returns({rtos.MSG_TIMER, 9}, call())
  end
end)

test("sleep lets time pass, and messages queue", function(t)
  rtos.timer_start(1, 1)
  local start = rtos.tick()
  t:returns({}, rtos.sleep(50))
  t:check(rtos.tick() - start >= 50 * 16, "it came back early")
  t:expect_timer(1)
end)

test("a wrong time to sleep is none", function(t)
  local start = rtos.tick()
  for _, ms in ipairs {0, -1, 0.5, 2^40, 0/0, 1/0, -1/0} do t:returns({}, rtos.sleep(ms)) end
  t:check(rtos.tick() - start < 16384, "it slept")
end)

test("a thousand timers", function(t)
  for id = 1, 1000 do rtos.timer_start(id, 1 + id % 7) end
  local seen = {}
  for _ = 1, 1000 do
    local id = t:next().timer
    t:check(id and not seen[id])
    seen[id] = true
  end
end)

test("a wait inside a coroutine, a pcall, an iterator and a metamethod", function(t)
  local function wait()
    rtos.timer_start(1, 1)
    t:returns({rtos.MSG_TIMER, 1}, rtos.receive())
    return true
  end
  t:check(coroutine.wrap(wait)())
  t:check(pcall(wait))
  for ok in wait do
    t:check(ok)
    break
  end
  t:check(setmetatable({}, {__index = wait}).field)
end)

harness.finish()
