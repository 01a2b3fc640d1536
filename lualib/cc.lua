--- Voice calls.
--
-- Messages: `CALL_READY`; `CALL_INCOMING` (number); `CALL_CONNECTED` (number); `CALL_DISCONNECTED` (reason: the
-- modem's line); `CALL_DTMF_DETECTED` (key).
-- @module cc
-- @usage sys.subscribe("CALL_INCOMING", function(number)
--   if number == "13800000000" then cc.accept(number) else cc.hangUp(number) end
-- end)
require "sys"
require "ril"

local cc = {}
_G.cc = cc

--- States of a call, for `cc.getState`.
cc.CONNECTED = 0
cc.HELD = 1
cc.DIALING = 2
cc.ALERTING = 3
cc.INCOMING = 4
cc.WAITING = 5
cc.DISCONNECTED = 99

local calls = {} -- number -> state
local told = {} -- number -> the state that was published

--- Whether there is a call.
-- @return boolean
function cc.anyCallExist()
  return next(calls) ~= nil
end

--- The state of a call.
-- @param num telephone number
-- @return `cc.CONNECTED` and so on; `cc.DISCONNECTED` if there is no such call
function cc.getState(num)
  return calls[num] or cc.DISCONNECTED
end

local function ended(reason)
  calls, told = {}, {}
  sys.publish("CALL_DISCONNECTED", reason)
end

local function compare(found, reason)
  if next(found) == nil then
    if next(calls) ~= nil then ended(reason) end
    return
  end
  calls = found
  for number, state in pairs(found) do
    local first_time = told[number] ~= state
    told[number] = state
    if first_time and (state == cc.INCOMING or state == cc.WAITING) then
      sys.publish("CALL_INCOMING", number)
    elseif first_time and state == cc.CONNECTED then
      sys.publish("CALL_CONNECTED", number)
    end
  end
end

local function ask_calls(reason)
  ril.request("AT+CLCC", nil, function(_, success, _, lines)
    if not success then return end
    local found = {}
    for line in (lines or ""):gmatch("[^\r\n]+") do
      local state, number = line:match('%+CLCC:%s*%d+,%d+,(%d+),%d+,%d+,"([^"]*)"')
      if state then found[number] = tonumber(state) end
    end
    compare(found, reason)
  end)
end

--- Calls a number.
-- @param num telephone number
-- @param[opt] delay milliseconds to wait before
-- @return true; false if it is no number
function cc.dial(num, delay)
  if type(num) ~= "string" or not num:match("^%+?[%d%*#]+$") then return false end
  ril.request("ATD" .. num .. ";", nil, function(_, success, response)
    if success then
      if not calls[num] then calls[num] = cc.DIALING end
    else
      sys.publish("CALL_DISCONNECTED", response)
    end
  end, delay)
  return true
end

--- Ends a call.
function cc.hangUp()
  ril.request("AT+CHUP", nil, function(_, success)
    if success then ask_calls("AT+CHUP") end
  end)
end

--- Answers a call.
function cc.accept()
  ril.request("ATA")
end

--- Turns the recognition of keys pressed by the other side on or off.
-- @param on boolean
function cc.dtmfDetect(on)
  ril.request("AT+DTMFDET=" .. (on and 1 or 0))
end

--- Sends keys to the other side.
-- @param keys digits, `*`, `#`, `A`..`D`
-- @param[opt=100] playtime milliseconds for each, in steps of 100
-- @param[opt=100] interval milliseconds between two
function cc.sendDtmf(keys, playtime, interval)
  if type(keys) ~= "string" or not keys:match("^[%d%*#A-D]+$") then error("keys expected", 2) end
  playtime, interval = playtime or 100, interval or 100
  ril.request("AT+VTD=" .. math.max(math.ceil(playtime / 100), 1))
  for at = 1, #keys do
    ril.request("AT+VTS=" .. keys:sub(at, at), nil, nil, (at - 1) * (playtime + interval))
  end
end

ril.regRsp("+CLCC", function() end, ril.MLINE)
for _, prefix in ipairs { "+CLIP", "CONNECT", "NO CARRIER", "NO ANSWER", "BUSY", "NO DIALTONE" } do
  ril.regUrc(prefix, ask_calls)
end
ril.regUrc("+DTMFDET", function(line)
  local key = tonumber(line:match("%+DTMFDET:%s*(%d+)"))
  if key then sys.publish("CALL_DTMF_DETECTED", string.char(key)) end
end)
local function prepare()
  ril.request("AT+CCWA=1")
  sys.publish("CALL_READY")
end
ril.regUrc("CALL READY", prepare)

for _, cmd in ipairs { "AT+CMIC=1,1", "ATX4", "AT+CLIP=1", "ATS7=60", "AT+SETVOLTE=1" } do ril.request(cmd) end
if ril.isReady() then prepare() end

return cc
