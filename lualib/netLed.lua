--- A light that shows the state of the network by its blinking, and one that is on while registered on LTE.
-- @module netLed
-- @usage netLed.setBlinkTime("GPRS", 100, 100)
-- netLed.setup(true, pio.P0_1, pio.P0_4)
require "sys"
require "net"
require "sim"
require "link"
require "pins"

local netLed = {}
_G.netLed = netLed

-- State -> milliseconds on, off. Later states win over earlier ones.
local times = {
  IDLE = { 0, 0xffff }, GSM = { 300, 3700 }, GPRS = { 300, 1700 }, SCK = { 100, 100 }, SIMERR = { 300, 5700 },
  FLYMODE = { 0, 0xffff },
}

local enabled = false
local led, lte_led
local flying, no_sim, connected = false, false, false
local lit, lte_lit

local function state()
  if flying then return "FLYMODE" end
  if no_sim then return "SIMERR" end
  if connected then return "SCK" end
  if link.isReady() then return "GPRS" end
  if net.getState() == "REGISTERED" then return "GSM" end
  return "IDLE"
end

local function switch(on)
  if not enabled then return end
  local on_ms, off_ms = unpack(times[state()])
  if on_ms == 0 then on = false elseif off_ms == 0 then on = true end
  if led and on ~= lit then led(on and 1 or 0) end
  lit = on
  local other = on_ms ~= 0 and off_ms ~= 0
  if other then sys.timerStart(switch, on and on_ms or off_ms, not on) end
end

-- The state may be another one: begin with the light on.
local function refresh()
  sys.timerStopAll(switch)
  switch(true)
  if enabled and lte_led then
    local on = net.getState() == "REGISTERED" and net.getNetMode() == net.NetMode_LTE
    if on ~= lte_lit then lte_led(on and 1 or 0) end
    lte_lit = on
  end
end

--- Turns the lights on or off.
-- @param flag boolean
-- @param[opt] ledPin pin of the light for the state
-- @param[opt] ltePin pin of the light for LTE
function netLed.setup(flag, ledPin, ltePin)
  if enabled and not flag then
    if led then led(0) end
    if lte_led then lte_led(0) end
  end
  enabled, lit, lte_lit = flag and true or false, nil, nil
  if enabled then
    led = ledPin and pins.setup(ledPin, 0) or led
    lte_led = ltePin and pins.setup(ltePin, 0) or lte_led
  end
  refresh()
end

--- Sets how the light blinks in a state.
-- @param name "FLYMODE", "SIMERR", "IDLE", "GSM" (registered), "GPRS" (link up) or "SCK" (connected to a server)
-- @param on milliseconds on; 0: never
-- @param off milliseconds off; 0: never
function netLed.setBlinkTime(name, on, off)
  if not times[name] then error("a state of the network expected", 2) end
  times[name] = { on, off }
  refresh()
end

sys.subscribe("FLYMODE", function(on)
  flying = on
  refresh()
end)
sys.subscribe("SIM_IND", function(text)
  no_sim = text ~= "RDY"
  refresh()
end)
sys.subscribe("SOCKET_ACTIVE", function(active)
  connected = active
  refresh()
end)
for _, id in ipairs {
  "NET_STATE_REGISTERED", "NET_STATE_UNREGISTER", "NET_UPD_NET_MODE", "IP_READY_IND", "IP_ERROR_IND",
} do
  sys.subscribe(id, refresh)
end

return netLed
