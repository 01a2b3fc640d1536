--- The dialogue with the modem: AT commands one after the other, their answers, and lines that come unasked (URCs).
-- Nothing is sent before the modem has said `RDY`.
-- @module ril
-- @usage ril.request("AT+CSQ", nil, function(cmd, success, response, line)
--   log.info("ril", cmd, success, line)            -- AT+CSQ true +CSQ: 28,99
-- end)
-- ril.regUrc("+CREG", function(line) log.info("net", line) end)
require "sys"

if type(uart) ~= "table" then error("ril needs a device: run the script as a project") end

local ril = {}
_G.ril = ril

--- Kinds of answers, for `ril.regRsp`.
ril.NORESULT = 0 -- a final result only
ril.NUMBERIC = 1 -- one line of digits
ril.SLINE = 2 -- one line that begins with the command's name
ril.MLINE = 3 -- several such lines
ril.STRING = 4 -- one line, of a form to be given, or of any
ril.SPECIAL = 10 -- all lines up to the final result

local PORT = uart.ATC
local END_OF_TEXT = "\26"

local answer_timeout = 180000
local ready = false
local pending, first, last = {}, 1, 0 -- commands not sent yet
local current -- the command whose answer is awaited
local response_handlers = {} -- name of the command, as in "+CSQ" -> { fnc=, kind=, form= }
local urc_handlers = {} -- prefix -> function
local received = "" -- bytes after the last whole line

local function no_answer()
  log.error("ril", "no answer to", current.cmd)
  sys.restart("ril: no answer to " .. current.cmd)
end

local function send_next()
  if not ready or current or first > last then return end
  current = pending[first]
  pending[first] = nil
  first = first + 1
  if first > last then first, last = 1, 0 end
  sys.timerStart(no_answer, answer_timeout)
  uart.write(PORT, current.cmd, "\r")
end

local function enqueue(command)
  last = last + 1
  pending[last] = command
  send_next()
end

--- Sends an AT command after those that were asked for before. Commands for one modem never overlap.
-- @param cmd the command, without line end
-- @param[opt] arg text to be sent when the modem asks for it (`AT+CMGS=...`)
-- @param[opt] onrsp function(cmd, success, response, intermediate, param): `success` tells whether the final result
-- was `OK`, `response` is that line, `intermediate` the line before it (several: joined by "\r\n"; none: nil). Without
-- it the function of `ril.regRsp` is called
-- @param[opt] delay milliseconds to wait before the command joins the queue
-- @param[opt] param handed to `onrsp`
-- @usage ril.request("AT+CFUN=0")
function ril.request(cmd, arg, onrsp, delay, param)
  if type(cmd) ~= "string" or not cmd:match("^[Aa][Tt]") then error("an AT command expected", 2) end
  if arg ~= nil and type(arg) ~= "string" then error("text for the command's argument expected", 2) end
  if onrsp ~= nil and type(onrsp) ~= "function" then error("a function for the answer expected", 2) end
  local name = cmd:match("^..([%+%*%^]?%u+)") or ""
  local command = { cmd = cmd, name = name, arg = arg, onrsp = onrsp, param = param, lines = {} }
  if delay and delay > 0 then
    sys.timerStart(function() enqueue(command) end, delay)
  else
    enqueue(command)
  end
end

--- Sets the function for the answers to a command, and which lines belong to its answer.
-- @param head the command's name without "AT", as in "+CSQ"
-- @param fnc function as `onrsp` of `ril.request`
-- @param[opt=ril.SLINE] typ kind of the answer
-- @param[opt] formt pattern of the line, for `ril.STRING`
-- @return boolean: false if the command has a function already (it keeps that one)
function ril.regRsp(head, fnc, typ, formt)
  if response_handlers[head] then return false end
  response_handlers[head] = { fnc = fnc, kind = typ or ril.SLINE, form = formt }
  return true
end

--- Sets the function for a line that comes unasked. One per prefix: the last one set.
-- @param prefix how the line begins: "+CREG", "RDY", "SMS READY" ...
-- @param handler function(line, prefix)
function ril.regUrc(prefix, handler)
  urc_handlers[prefix] = handler
end

--- Ends the interest in such lines.
-- @param prefix as given to `ril.regUrc`
function ril.deRegUrc(prefix)
  urc_handlers[prefix] = nil
end

--- Whether the modem is on and takes commands. A module that is loaded later has missed what it said at its start.
-- @return boolean
function ril.isReady() return ready end

--- Sets how long the answer to a command may take. Without one in time the device restarts.
-- @param[opt=180000] ms milliseconds, for commands sent from now on
function ril.setDataTimeout(ms)
  answer_timeout = ms or 180000
end

-- Lines -------------------------------------------------------------------------------------------------------------

-- The longest prefix of a handler that fits a line: "+CGREG" is none of "+CGREGX", "+CREG" is one of "+CREG: 1".
local function prefix_of(line)
  local exact = line:match("^[%+%*%^]?[%u%d& ]*[%u%d]")
  if exact and urc_handlers[exact] then return exact end
  local found
  for prefix in pairs(urc_handlers) do
    local fits = line:sub(1, #prefix) == prefix and (not found or #prefix > #found)
    if fits and not line:find("^%u", #prefix + 1) then found = prefix end
  end
  return found
end

local function is_final(line)
  return line == "OK" or line == "ERROR" or line:match("^%+CM[ES] ERROR") ~= nil
end

local function is_named(line, command)
  return command.name ~= "" and line:sub(1, #command.name + 1) == command.name .. ":"
end

-- Whether a line is a part of the answer to the present command.
local function is_answer(line, command)
  if is_named(line, command) then return true end
  local registered = response_handlers[command.name]
  local kind = registered and registered.kind
  if kind == ril.NUMBERIC then return line:match("^%d+$") ~= nil end
  if kind == ril.NORESULT or kind == ril.SLINE or kind == ril.MLINE then return false end
  if kind == ril.STRING and registered.form then return line:match(registered.form) ~= nil end
  return prefix_of(line) == nil
end

local function finish(line)
  local command = current
  current = nil
  sys.timerStop(no_answer)
  local registered = response_handlers[command.name]
  local handler = command.onrsp or registered and registered.fnc
  local lines = command.lines
  if registered and registered.kind <= ril.SLINE and #lines > 1 then lines = { lines[#lines] } end
  local success = line == "OK"
  if not success then log.warn("ril", command.cmd, line) end
  -- The next command goes out even if the handler raises.
  send_next()
  if handler then
    handler(command.cmd, success, line, lines[1] and table.concat(lines, "\r\n"), command.param)
  end
end

local function take(line)
  if line == "" then return end
  if current and is_final(line) then
    finish(line)
  elseif current and line ~= "RDY" and is_answer(line, current) then
    current.lines[#current.lines + 1] = line
  else
    local prefix = prefix_of(line)
    if prefix then urc_handlers[prefix](line, prefix) end
  end
end

local function is_prompt(text)
  return current and current.arg and text:match("^[\r\n]*> ?$") ~= nil
end

-- Line by line: what a final result makes us write next goes out before the lines behind it are read, and the modem moves
-- unread URCs behind the answer.
local function read_all()
  while true do
    local bytes = uart.read(PORT, "*l", 0)
    if not bytes or bytes == "" then return end
    received = received .. bytes
    if bytes:sub(-1) == "\n" then
      local line = received:gsub("[\r\n]", "")
      received = ""
      take(line)
    elseif is_prompt(received) then
      received = ""
      uart.write(PORT, current.arg, END_OF_TEXT)
    end
  end
end

ril.regUrc("RDY", function()
  ready = true
  send_next()
end)

uart.on(PORT, "receive", read_all)
ril.request("ATE0")
ril.request("AT+CMEE=0")

return ril
