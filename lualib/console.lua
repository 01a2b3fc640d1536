--- A line of Lua typed at a serial port is run: for looking into a running device.
-- In such lines `print` writes to the port and `wait(ms)` waits; an expression shows its values.
-- @module console
-- @usage console.setup(1, 115200)
-- -- at the port:   net.getRssi()
require "sys"

local console = {}
_G.console = console

local PROMPT = "> "
local LONGEST_LINE = 4096
local READ_BYTES = 1024

local function shown(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  return table.concat(texts, " ") .. "\r\n"
end

local function show_all(say, ...)
  if select("#", ...) > 0 then say(shown(...)) end
end

-- Runs a line in a coroutine of its own, and waits for its end.
local function execute(line, environment, say, done)
  local chunk, message = loadstring("return " .. line, "=console")
  if not chunk then chunk, message = loadstring(line, "=console") end
  if not chunk then
    say(shown(message))
    return
  end
  setfenv(chunk, environment)
  local co = coroutine.create(function()
    show_all(say, chunk())
    sys.publish(done)
  end)
  patch.onError(co, function(problem)
    say(shown(problem))
    sys.publish(done)
  end)
  coroutine.resume(co)
  sys.waitUntil(done)
end

local function serve(id, lines)
  local function say(text) uart.write(id, text) end
  local environment = setmetatable({
    print = function(...) say(shown(...)) end,
    wait = sys.wait,
  }, { __index = _G, __newindex = _G })
  say("\r\nconsole of " .. tostring(PROJECT) .. " " .. tostring(VERSION) .. "\r\n" .. PROMPT)
  local event = "CONSOLE_LINE_" .. id
  while true do
    while lines[1] do
      execute(table.remove(lines, 1), environment, say, "CONSOLE_DONE_" .. id)
      say(PROMPT)
    end
    sys.waitUntil(event)
  end
end

--- Opens a port (8 data bits, no parity) and serves it.
-- @param id port
-- @param[opt=115200] baudrate its speed
function console.setup(id, baudrate)
  local lines, partial = {}, ""
  uart.on(id, "receive", function()
    while true do
      local bytes = uart.read(id, READ_BYTES)
      if not bytes or bytes == "" then break end
      partial = partial .. bytes
    end
    partial = partial:gsub("([^\r\n]*)[\r\n]+", function(line)
      if line ~= "" then lines[#lines + 1] = line end
      return ""
    end)
    if #partial > LONGEST_LINE then
      partial = ""
      uart.write(id, "line too long\r\n")
    end
    sys.publish("CONSOLE_LINE_" .. id)
  end)
  uart.setup(id, baudrate or 115200, 8, uart.PAR_NONE, uart.STOP_1)
  sys.taskInit(serve, id, lines)
end

return console
