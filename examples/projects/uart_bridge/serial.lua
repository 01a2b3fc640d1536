-- The UART's side. In: a frame ends where the line falls silent. Out: one piece at a time, the next when the port says
-- that the last has gone.
module(..., package.seeall)

local config = require "config"

-- ---- In

local frame = {}
local length = 0

local function end_of_frame()
  if length == 0 then return end
  local bytes = table.concat(frame)
  frame, length = {}, 0
  sys.publish("SERIAL_FRAME", bytes)
end

uart.on(config.uart, "receive", function(port)
  -- One message may stand for any number of bytes: read until there are none.
  while true do
    local bytes = uart.read(port, 1024)
    if bytes == "" then break end
    frame[#frame + 1] = bytes
    length = length + #bytes
    if length >= config.longest_frame then end_of_frame() end
  end
  -- Starting a timer that runs starts it anew. So it runs out only after silence.
  sys.timerStart(end_of_frame, config.silence_ms)
end)

-- ---- Out

local queue = {}
local queued = 0
local busy = false -- a piece is on its way

local function pump()
  if busy or not queue[1] then return end
  local written = uart.write(config.uart, queue[1])
  if written == 0 then return end -- the port is full; "sent" of what fills it brings us back
  busy = true
  queued = queued - #table.remove(queue, 1)
end

uart.on(config.uart, "sent", function()
  busy = false
  sys.publish("SERIAL_SENT")
  pump()
end)

-- Queues bytes for the UART.
function write(bytes)
  for at = 1, #bytes, config.piece do
    local piece = bytes:sub(at, at + config.piece - 1)
    queue[#queue + 1] = piece
    queued = queued + #piece
  end
  pump()
end

-- How many bytes wait.
function waiting() return queued end

-- The last argument asks for a "sent" after each write.
uart.setup(config.uart, config.baud, 8, uart.PAR_NONE, uart.STOP_1, 0, 1)
