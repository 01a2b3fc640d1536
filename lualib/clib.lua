--- Callbacks for UART ports, on top of the core's messages. Loaded by `sys`.
-- @module clib
-- @usage uart.on(1, "receive", function(id)
--   log.info("uart", id, uart.read(id, 1024))
-- end)
-- uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1)
local rtos = require "rtos"

local clib = {}
_G.clib = clib

if type(uart) ~= "table" then return clib end -- not a device: a script with sockets only

local events = { receive = {}, sent = {} } -- port -> function

--- Sets what is called when a port has received bytes, or has sent all that was written.
-- @function uart.on
-- @param id port
-- @param event "receive" or "sent" (asked for by the last argument of `uart.setup`)
-- @param[opt] callback function, gets the port's id; nil: no callback any more
function uart.on(id, event, callback)
  if not events[event] then error('the event "receive" or "sent" expected', 2) end
  if id == nil then error("a port expected", 2) end
  events[event][id] = callback
end

local function passes_on(callback_of)
  return function(id)
    local callback = callback_of[id]
    if callback then callback(id) end
  end
end

rtos.on(rtos.MSG_UART_RXDATA, passes_on(events.receive))
rtos.on(rtos.MSG_UART_TX_DONE, passes_on(events.sent))

return clib
