-- The core's rtos and uart in plain Lua, with a clock that jumps from timer to timer and a modem of a few lines: the
-- library runs a day in a second, in any Lua 5.1.
--
--   luajit -e 'package.path="lualib/?.lua;tests/device/lib/?.lua"' ...   (see day_of_timers.lua)
local mock = { now = 0, busy_ms = 0, timers = {}, started = 0, stopped = 0, sent = {}, messages = {}, written = "" }

local TICKS_PER_MS = 16.384

local rtos = {
  INF_TIMEOUT = -1, WAIT_MSG_TIMEOUT = 1, MSG_TIMER = 2, MSG_UART_RXDATA = 3, MSG_UART_TX_DONE = 4,
  MSG_PDP_DEACT_IND = 5, MSG_PMD = 6, MSG_INT = 7, MSG_ALARM = 8, MSG_AUDIO = 9, MSG_RECORD = 10, POWERON_CHARGER = 1,
}

function rtos.timer_start(id, ms)
  assert(id >= 1 and id <= 0x7fffffff and ms >= 1)
  mock.started = mock.started + 1
  mock.timers[id] = { due = mock.now + ms, order = mock.started }
  return 1
end

function rtos.timer_stop(id)
  mock.timers[id] = nil
  mock.stopped = mock.stopped + 1
  return 1
end

local function next_timer()
  local best, best_id
  for id, timer in pairs(mock.timers) do
    local sooner = not best or timer.due < best.due or timer.due == best.due and timer.order < best.order
    if sooner then best, best_id = timer, id end
  end
  return best, best_id
end

function rtos.receive(ms)
  mock.now = mock.now + mock.busy_ms
  if mock.messages[1] then return unpack(table.remove(mock.messages, 1)) end
  local timer, id = next_timer()
  if ms == 0 and not (timer and timer.due <= mock.now) then return rtos.WAIT_MSG_TIMEOUT end
  if not timer or timer.due > mock.stop_at then error("stopped", 0) end
  mock.timers[id] = nil
  mock.now = math.max(mock.now, timer.due)
  return rtos.MSG_TIMER, id
end

function rtos.tick() return math.floor(mock.now * TICKS_PER_MS) end
function rtos.get_version() return "Luat_V3028_RDA8910_FLOAT" end
function rtos.poweron_reason() return 0 end
function rtos.set_trace() return true end
function rtos.restart() error("restart", 0) end

local uart = { ATC = 0x7f, PAR_NONE = 2, STOP_1 = 0 }
local inboxes = setmetatable({}, { __index = function() return "" end })

function uart.setup(_, baud) return baud end

function uart.read(port, count)
  if count == "*l" then count = inboxes[port]:find("\n", 1, true) or #inboxes[port] end
  local bytes = inboxes[port]:sub(1, count)
  inboxes[port] = inboxes[port]:sub(count + 1)
  return bytes
end

function uart.write(port, ...)
  local text = table.concat({ ... })
  if port ~= uart.ATC then
    mock.written = mock.written .. text
    return #text
  end
  mock.sent[#mock.sent + 1] = text
  if mock.modem then mock.modem(text:match("^[^\r\26]*")) end
  return #text
end

-- Something arrives at a port (the modem's, if not told): whole lines or parts of them.
function mock.say(text, port)
  port = port or uart.ATC
  if inboxes[port] == "" then mock.messages[#mock.messages + 1] = { rtos.MSG_UART_RXDATA, port } end
  inboxes[port] = inboxes[port] .. text
end

-- Runs what the library has to do until a time in milliseconds.
function mock.run(until_ms)
  mock.stop_at = until_ms
  local good, message = pcall(sys.run)
  if good or message ~= "stopped" then error(message, 0) end
  mock.now = math.max(mock.now, until_ms)
end

package.loaded.rtos, _G.rtos = rtos, rtos
package.loaded.uart, _G.uart = uart, uart
return mock
