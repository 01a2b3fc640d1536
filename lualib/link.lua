--- The data link: up as soon as the network has registered the device and given it an address.
--
-- Messages: `IP_READY_IND` when the link is up, `IP_ERROR_IND` when it was up and is gone.
-- @module link
-- @usage sys.taskInit(function()
--   if not link.isReady() then sys.waitUntil("IP_READY_IND") end
--   log.info("link", "up")
-- end)
local rtos = require "rtos"
require "sys"
require "ril"
require "net"
require "sim"

local link = {}
_G.link = link

--- Kinds of links, for `link.openNetwork`.
link.CELLULAR = 1
link.CH395 = 2

local AGAIN_AFTER_LOSS_MS = 2000
local AGAIN_WITHOUT_ADDRESS_MS = 1000
local CIND_RETRY_MS = 1000

local ready = false
local asked = false -- the address is being asked for

local function ask_address()
  if ready or asked or net.getState() ~= "REGISTERED" or not sim.getImsi() then return end
  asked = true
  ril.request("AT+CGDCONT?")
end

ril.regRsp("+CGDCONT", function(_, success, _, text)
  asked = false
  if ready or net.getState() ~= "REGISTERED" then return end
  local address = success and text and text:match('%+CGDCONT:%s*%d+,"[^"]*","[^"]*","(%d+%.%d+%.%d+%.%d+)')
  if not address or address == "0.0.0.0" then
    sys.timerStart(ask_address, AGAIN_WITHOUT_ADDRESS_MS)
    return
  end
  ready = true
  log.info("link", "up", address)
  sys.publish("IP_READY_IND")
end, ril.MLINE)

local function lost()
  if ready then
    ready = false
    log.warn("link", "down")
    sys.publish("IP_ERROR_IND")
  end
  sys.timerStart(ask_address, AGAIN_AFTER_LOSS_MS)
end

--- Whether the link is up.
-- @return boolean
function link.isReady() return ready end

--- Gives the link up. It comes again by itself, after 2 s.
function link.shut() lost() end

--- Sets the access point, before the link is up. Without it the modem takes the one of the operator.
-- @param name access point
-- @param[opt=""] username
-- @param[opt=""] password
-- @usage link.setAPN("cmnet")
function link.setAPN(name, username, password)
  local arguments = { name or "", username or "", password or "" }
  for _, text in ipairs(arguments) do
    if type(text) ~= "string" or text:find('["%c]') then error("text without quotes expected", 2) end
  end
  ril.request(('AT+CPNETAPN=2,"%s","%s","%s",0'):format(unpack(arguments)))
end

--- Chooses the kind of link. This host has the cellular one.
-- @param[opt=link.CELLULAR] mode
-- @return true; or false and a message for a kind that is not there
function link.openNetwork(mode)
  if mode == nil or mode == link.CELLULAR then return true end
  log.error("link.openNetwork", "no such network", mode)
  return false, "no such network"
end

--- Goes back to the cellular link.
-- @return true
function link.closeNetWork() return true end

--- The kind of link in use.
-- @return `link.CELLULAR`
function link.getNetwork() return link.CELLULAR end

sys.subscribe("NET_STATE_REGISTERED", ask_address)
sys.subscribe("IMSI_READY", ask_address)
sys.subscribe("FLYMODE", function(on)
  if on then lost() end
end)

rtos.on(rtos.MSG_PDP_DEACT_IND, lost)
ril.regUrc("*CGEV", function(line)
  if line:match("DEACT,5") then lost() end
end)
ril.regUrc("+CGEV", function(line)
  if line:match("DEACT") then lost() end
end)

local function ask_indicators()
  ril.request("AT+CIND=1", nil, function(_, success)
    if not success then sys.timerStart(ask_indicators, CIND_RETRY_MS) end
  end)
end
ask_indicators()

return link
