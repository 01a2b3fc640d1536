--- The SIM card: whether it is there, and its numbers.
--
-- Messages: `SIM_IND` with "RDY", "NIST" (none inserted), "SIM_PIN" or "NORDY"; `ICCID_READY`, `IMSI_READY` once the
-- number is known; `SIM_IND_NUM` with the own telephone number, after `sim.setQueryNumber(true)`.
-- @module sim
-- @usage sys.subscribe("IMSI_READY", function() log.info("sim", sim.getImsi()) end)
require "sys"
require "ril"

local sim = {}
_G.sim = sim

local imsi, iccid, number
local status -- nil: not known yet
local slot = 0
local query_number = false

--- The card's own number (20 digits).
-- @return string, or nil while unknown
function sim.getIccid() return iccid end

--- The subscriber's number (15 digits).
-- @return string, or nil while unknown
function sim.getImsi() return imsi end

--- The country code of the subscriber's operator.
-- @return three digits, or "" while unknown
function sim.getMcc() return imsi and imsi:sub(1, 3) or "" end

--- The network code of the subscriber's operator.
-- @return two digits, or "" while unknown
function sim.getMnc() return imsi and imsi:sub(4, 5) or "" end

--- Whether a card is there and ready.
-- @return true or false; nil while unknown
function sim.getStatus() return status end

--- The own telephone number, if the card knows it; asked for after `sim.setQueryNumber(true)`.
-- @return string, "" while unknown
function sim.getNumber() return number or "" end

--- Whether the card's telephone number is asked for when the card gets ready.
-- @param flag boolean
function sim.setQueryNumber(flag)
  query_number = flag and true or false
  if query_number and status then ril.request("AT+CNUM") end
end

--- Chooses the slot of the card.
-- @param id 0 or 1
function sim.setId(id)
  if id ~= 0 and id ~= 1 then error("slot 0 or 1 expected", 2) end
  ril.request("AT+SIMCROSS=" .. id, nil, function(_, success)
    if success then slot = id end
  end)
end

--- The slot in use.
-- @return 0 or 1
function sim.getId() return slot end

local function ask_identity()
  ril.request("AT+ICCID")
  ril.request("AT+CIMI")
  if query_number then ril.request("AT+CNUM") end
end

local function set_status(ready, text)
  status = ready
  if not ready then imsi, iccid, number = nil, nil, nil end
  sys.publish("SIM_IND", text)
end

local function card_state(line)
  local state = line:match("^%+CPIN:%s*(.-)%s*$")
  if state == "READY" then
    set_status(true, "RDY")
    ask_identity()
  elseif state == "NOT INSERTED" then
    set_status(false, "NIST")
  elseif state == "SIM PIN" then
    set_status(false, "SIM_PIN")
  else
    set_status(false, "NORDY")
  end
end
ril.regUrc("+CPIN", card_state)
ril.regRsp("+CPIN", function(_, success, _, line)
  if success and line then card_state(line) end
end)

ril.regRsp("+ICCID", function(_, success, _, line)
  local digits = success and line and line:match("%+ICCID:%s*(%x+)")
  if not digits then return end
  iccid = digits
  sys.publish("ICCID_READY")
end)

ril.regRsp("+CIMI", function(_, success, _, line)
  if not success or not line then return end
  imsi = line
  sys.publish("IMSI_READY")
end, ril.NUMBERIC)

ril.regRsp("+CNUM", function(_, success, _, line)
  local digits = success and line and line:match('%+CNUM:%s*".-","(%+?%d+)"')
  if not digits then return end
  number = digits
  sys.publish("SIM_IND_NUM", number)
end, ril.MLINE)

ril.regRsp("+SIMCROSS", function(_, success, _, line)
  slot = success and line and tonumber(line:match("%+SIMCROSS:%s*(%d)")) or slot
end)

ril.request("AT+SIMCROSS?")
if ril.isReady() then ril.request("AT+CPIN?") end

return sim
