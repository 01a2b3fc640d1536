--- The scheduler: tasks (coroutines), timers, messages between modules, and the loop that runs them all.
-- A task runs at once up to its first wait. Messages go to their subscribers in the order of subscription.
-- @module sys
-- @usage PROJECT = "HELLO"
-- VERSION = "1.0.0"
-- require "sys"
-- sys.taskInit(function()
--   while true do
--     sys.wait(1000)
--     log.info("main", "one more second")
--   end
-- end)
-- sys.init(0, 0)
-- sys.run()
local rtos = require "rtos"
require "utils"
require "log"
require "patch"

local sys = {}
_G.sys = sys
package.loaded.sys = sys

local FIRST_TASK_TIMER, LAST_TASK_TIMER = 1, 0x1fffffff
local FIRST_CALLBACK_TIMER, LAST_CALLBACK_TIMER = 0x20000000, 0x7fffffff
local SHORTEST_MS = 5
-- Messages that cause messages may do so this often before the core is asked for its own.
local ROUNDS_PER_TURN = 64

local resume, yield, running = coroutine.resume, coroutine.yield, coroutine.running
local unpack = unpack

-- Timers ------------------------------------------------------------------------------------------------------------

local task_of_timer = {} -- id -> coroutine
local callbacks = {} -- id -> { fnc=, ms=, loop=, n=, arguments... }
local ids_of_function = {} -- function -> { id -> true }
local next_task_timer, next_callback_timer = FIRST_TASK_TIMER, FIRST_CALLBACK_TIMER

local function duration(ms)
  ms = tonumber(ms)
  if not ms or ms ~= ms then error("a time in milliseconds expected", 3) end
  return ms < SHORTEST_MS and SHORTEST_MS or math.floor(ms)
end

local function start_task_timer(co, ms)
  local id = next_task_timer
  while task_of_timer[id] do id = id < LAST_TASK_TIMER and id + 1 or FIRST_TASK_TIMER end
  next_task_timer = id < LAST_TASK_TIMER and id + 1 or FIRST_TASK_TIMER
  if rtos.timer_start(id, ms) ~= 1 then
    log.error("sys", "no timer for", ms, "ms")
    return nil
  end
  task_of_timer[id] = co
  return id
end

-- Whether the timer had not fired: it is stopped then.
local function stop_task_timer(id)
  if not task_of_timer[id] then return false end
  task_of_timer[id] = nil
  rtos.timer_stop(id)
  return true
end

local function forget_callback(id)
  local timer = callbacks[id]
  callbacks[id] = nil
  local ids = ids_of_function[timer.fnc]
  ids[id] = nil
  if next(ids) == nil then ids_of_function[timer.fnc] = nil end
end

local function same_arguments(timer, ...)
  if timer.n ~= select("#", ...) then return false end
  for i = 1, timer.n do
    if timer[i] ~= (select(i, ...)) then return false end
  end
  return true
end

local function find_callback(fnc, ...)
  for id in pairs(ids_of_function[fnc] or {}) do
    if same_arguments(callbacks[id], ...) then return id end
  end
end

local function start_callback(loop, fnc, ms, ...)
  if type(fnc) ~= "function" then error("a function expected", 3) end
  ms = duration(ms)
  sys.timerStop(fnc, ...)
  local id = next_callback_timer
  while callbacks[id] do id = id < LAST_CALLBACK_TIMER and id + 1 or FIRST_CALLBACK_TIMER end
  next_callback_timer = id < LAST_CALLBACK_TIMER and id + 1 or FIRST_CALLBACK_TIMER
  if rtos.timer_start(id, ms) ~= 1 then
    log.error("sys", "no timer for", ms, "ms")
    return nil
  end
  callbacks[id] = { fnc = fnc, ms = ms, loop = loop, n = select("#", ...), ... }
  ids_of_function[fnc] = ids_of_function[fnc] or {}
  ids_of_function[fnc][id] = true
  return id
end

local function timer_fired(id)
  local co = task_of_timer[id]
  if co then
    task_of_timer[id] = nil
    if coroutine.status(co) == "suspended" then resume(co) end
    return
  end
  local timer = callbacks[id]
  if not timer then return end
  if timer.loop then
    rtos.timer_start(id, timer.ms)
  else
    forget_callback(id)
  end
  timer.fnc(unpack(timer, 1, timer.n))
end

--- Calls a function once, later. The same function with the same arguments runs once only: a second start replaces
-- the first. The function is no task and must not wait.
-- @param fnc the function
-- @param ms time in milliseconds; less than 5 counts as 5
-- @param ... its arguments
-- @return the timer's id, or nil if the core has no timer left
-- @usage sys.timerStart(print, 1000, "a second later")
function sys.timerStart(fnc, ms, ...)
  return start_callback(false, fnc, ms, ...)
end

--- Calls a function again and again. As `sys.timerStart` in all else.
-- @param fnc the function
-- @param ms period in milliseconds; less than 5 counts as 5
-- @param ... its arguments
-- @return the timer's id, or nil if the core has no timer left
function sys.timerLoopStart(fnc, ms, ...)
  return start_callback(true, fnc, ms, ...)
end

--- Stops a timer; does nothing if there is none.
-- @param val a timer's id; or a function, with the arguments given at its start
-- @param ... these arguments
function sys.timerStop(val, ...)
  local id = val
  if type(val) ~= "number" then id = val ~= nil and find_callback(val, ...) end
  if not id or not callbacks[id] then return end
  forget_callback(id)
  rtos.timer_stop(id)
end

--- Stops all timers of a function, whatever their arguments.
-- @param fnc the function
function sys.timerStopAll(fnc)
  local ids = {}
  for id in pairs(ids_of_function[fnc] or {}) do ids[#ids + 1] = id end
  for _, id in ipairs(ids) do sys.timerStop(id) end
end

--- Whether a timer is running.
-- @param val a timer's id; or a function, with the arguments given at its start
-- @param ... these arguments
-- @return boolean
function sys.timerIsActive(val, ...)
  if type(val) == "number" then return callbacks[val] ~= nil end
  return val ~= nil and find_callback(val, ...) ~= nil
end

-- Messages between modules ------------------------------------------------------------------------------------------

local subscribers = {} -- message id -> list of { fnc = } or { co = }; a list is never changed, but replaced
local queue, first, last = {}, 1, 0

local function add_subscriber(id, entry)
  local list = {}
  for i, other in ipairs(subscribers[id] or {}) do list[i] = other end
  list[#list + 1] = entry
  subscribers[id] = list
  return entry
end

local function remove_subscriber(id, entry)
  entry.gone = true
  local list = {}
  for _, other in ipairs(subscribers[id] or {}) do
    if other ~= entry then list[#list + 1] = other end
  end
  subscribers[id] = list[1] and list or nil
end

local function find_subscriber(id, callback)
  for _, entry in ipairs(subscribers[id] or {}) do
    if entry.fnc == callback then return entry end
  end
end

--- Has a function called with the arguments of each message of an id. Twice the same function counts once.
-- @param id message id, normally a string
-- @param callback the function
-- @usage sys.subscribe("IP_READY_IND", function() log.info("link", "up") end)
function sys.subscribe(id, callback)
  if id == nil then error("a message id expected", 2) end
  if type(callback) ~= "function" then error("a function expected", 2) end
  if not find_subscriber(id, callback) then add_subscriber(id, { fnc = callback }) end
end

--- Ends a subscription. From here on the function is not called, not even for a message that is being delivered.
-- @param id message id
-- @param callback the function
function sys.unsubscribe(id, callback)
  if id == nil then error("a message id expected", 2) end
  local entry = find_subscriber(id, callback)
  if entry then remove_subscriber(id, entry) end
end

--- Sends a message. It is delivered after the present function has returned or waits; messages keep their order.
-- @param id message id, normally a string
-- @param ... its arguments
-- @usage sys.publish("SENSOR", 21.5)
function sys.publish(id, ...)
  if id == nil then error("a message id expected", 2) end
  last = last + 1
  queue[last] = { n = select("#", ...), id = id, ... }
end

local function deliver(message)
  for _, entry in ipairs(subscribers[message.id] or {}) do
    if not entry.gone then
      if entry.fnc then
        entry.fnc(unpack(message, 1, message.n))
      elseif coroutine.status(entry.co) == "suspended" then
        resume(entry.co, message.id, unpack(message, 1, message.n))
      end
    end
  end
end

-- Delivers what is queued, and what that causes, up to a limit. Whether all was delivered.
local function deliver_all()
  for _ = 1, ROUNDS_PER_TURN do
    local stop = last
    if first > stop then
      first, last = 1, 0
      return true
    end
    while first <= stop do
      local message = queue[first]
      queue[first] = nil
      first = first + 1
      deliver(message)
    end
  end
  return first > last
end

-- Tasks -------------------------------------------------------------------------------------------------------------

--- Starts a task: a coroutine that runs at once up to its first wait. An error in it is logged (see `patch`).
-- @param fun the task's function
-- @param ... its arguments
-- @return the coroutine
function sys.taskInit(fun, ...)
  local co = coroutine.create(fun)
  resume(co, ...)
  return co
end

local function this_task(name)
  local co = running()
  if not co then error(name .. " works in a task only", 3) end
  return co
end

local function waited(timer, ...)
  stop_task_timer(timer)
  return ...
end

--- Waits. For tasks only.
-- @param ms time in milliseconds; less than 5 counts as 5
-- @return nothing after that time; if something else resumed the task before, what it handed over
function sys.wait(ms)
  local co = this_task("sys.wait")
  local timer = start_task_timer(co, duration(ms))
  if not timer then return end
  return waited(timer, yield())
end

-- The task goes on: ends its wait. Gives whether it was resumed with a message, and that message with its arguments.
local function waited_until(id, entry, timer, ...)
  remove_subscriber(id, entry)
  local in_time = not timer or stop_task_timer(timer)
  if in_time and (...) ~= nil then return ... end
  return false
end

local function wait_until(id, ms, name)
  local co = this_task(name)
  if id == nil then error("a message id expected", 3) end
  local timer
  if ms then
    timer = start_task_timer(co, duration(ms))
    if not timer then return false end
  end
  local entry = add_subscriber(id, { co = co })
  return waited_until(id, entry, timer, yield())
end

local function with_result(message, ...)
  if message == false then return false end
  return true, ...
end

--- Waits for a message. For tasks only.
-- @param id message id
-- @param[opt] ms longest time in milliseconds; nil: for ever
-- @return true and the message's arguments; or false when the time is over
-- @usage local good, value = sys.waitUntil("SENSOR", 30000)
function sys.waitUntil(id, ms)
  return with_result(wait_until(id, ms, "sys.waitUntil"))
end

--- Waits for a message, or for a resume by other means, and tells which. For tasks only.
-- @param id message id
-- @param[opt] ms longest time in milliseconds; nil: for ever
-- @return the message's id and arguments (or all that the resume handed over); or false when the time is over
function sys.waitUntilExt(id, ms)
  return wait_until(id, ms, "sys.waitUntilExt")
end

-- The core's messages -----------------------------------------------------------------------------------------------

local handlers = {}

--- Sets the handler for messages of the core. One per message; messages without a handler are ignored.
-- @function rtos.on
-- @param id message, `rtos.MSG_...`
-- @param handler function: gets the message's table, or the values after the id; nil: no handler any more
function rtos.on(id, handler)
  if id == nil then error("a message of rtos expected", 2) end
  handlers[id] = handler
end

local function handle(message, ...)
  if message == rtos.MSG_TIMER then return timer_fired((...)) end
  if type(message) == "table" then
    local handler = handlers[message.id]
    if handler then handler(message) end
  elseif message ~= nil then
    local handler = handlers[message]
    if handler then handler(...) end
  end
end

-- Power and boot ----------------------------------------------------------------------------------------------------

--- Goes on with the start of a device that its charger has started (`sys.init` in mode 1).
function sys.powerOn()
  if rtos.poweron then rtos.poweron(1) end
end

--- Restarts the device. The reason is noted in the error file if `errDump` is loaded, and logged.
-- @param reason string
function sys.restart(reason)
  if type(reason) ~= "string" or reason == "" then error("a reason expected", 2) end
  log.warn("sys.restart", reason)
  if errDump and errDump.appendErr then errDump.appendErr("sys.restart[" .. reason .. "];") end
  rtos.restart()
end

local function low_battery_handler(lprfun)
  local told = false
  return function(message)
    local low = message.present and message.level == 0 and not message.charger
    if low and not told then lprfun() end
    told = low
  end
end

--- Checks the project's globals and prepares the AT port. To be called once, last before `sys.run`.
-- @param[opt=0] mode 1: a device started by its charger does not start its user's functions
-- @param[opt] lprfun function, called once when the battery is empty
-- @usage sys.init(0, 0)
function sys.init(mode, lprfun)
  for _, name in ipairs { "PROJECT", "VERSION" } do
    local value = rawget(_G, name)
    if type(value) ~= "string" or value == "" then
      error("main.lua must define " .. name .. ' before sys.init, as in ' .. name .. ' = "..."', 2)
    end
  end
  if uart and uart.ATC then uart.setup(uart.ATC, 0, 0, uart.PAR_NONE, uart.STOP_1) end
  log.info("sys", "poweron reason", rtos.poweron_reason and rtos.poweron_reason() or "unknown",
    PROJECT, VERSION, rtos.get_version())
  if rtos.set_lua_info then pcall(rtos.set_lua_info, PROJECT .. "_" .. VERSION) end
  if type(lprfun) == "function" and rtos.MSG_PMD then rtos.on(rtos.MSG_PMD, low_battery_handler(lprfun)) end
  if mode == 1 and rtos.poweron_reason and rtos.poweron_reason() == rtos.POWERON_CHARGER then rtos.poweron(0) end
end

--- Runs tasks, timers and messages for ever. An error in a callback ends it; one in a task does not.
function sys.run()
  while true do
    local done = deliver_all()
    handle(rtos.receive(done and rtos.INF_TIMEOUT or 0))
  end
end

if type(rtos.openSoftDog) == "function" then
  rtos.openSoftDog(60000)
  sys.timerLoopStart(rtos.eatSoftDog, 20000)
end

require "clib"

return sys
