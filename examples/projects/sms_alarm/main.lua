-- An alarm that needs no server: a contact opens, a short message goes out; "status" and "arm" and "disarm" come in.
--   mkfifo ctl; socketcore run --modem-ctl ctl --data flash sms_alarm 13800000000
--   echo 'sms 13800000000 arm' > ctl; echo 'pin 5 1' > ctl
PROJECT = "SMS_ALARM"
VERSION = "1.0.0"

require "sys"
require "log"
require "link"
require "pins"
require "nvm"
require "sms"
require "common"
LOG_LEVEL = log.LOGLEVEL_INFO

nvm.init("config.lua")
-- A PC passes the owner's number as an argument. It holds for this run, so it is not stored.
local owner = ... or nvm.get("owner")

local function tell(number, text)
  log.info("alarm", "to", number .. ":", text)
  sms.send(number, text, function(good) log.info("alarm", good and "sent" or "not sent") end)
end

-- ---- The contact: closed it is low. An edge is told only if the alarm is armed.
local contact = pins.setup(nvm.get("contact"), function(edge)
  if edge == cpu.INT_GPIO_POSEDGE and nvm.get("armed") then tell(owner, "the door is open") end
end, pio.PULLDOWN)

-- ---- Commands
local commands = {
  arm = function() nvm.set("armed", true) return "armed" end,
  disarm = function() nvm.set("armed", false) return "disarmed" end,
  status = function()
    return (nvm.get("armed") and "armed" or "disarmed") .. ", the door is " .. (contact() == 1 and "open" or "closed")
  end,
}

sms.setNewSmsCb(function(number, text)
  -- Texts are GB2312 here; what we print is UTF-8.
  log.info("alarm", "from", number .. ":", common.gb2312ToUtf8(text))
  -- Numbers come with or without the country's code. Anybody else's messages are none of our business.
  if number:sub(-#owner) ~= owner then return end
  local command = commands[text:lower():match("%a+") or ""]
  tell(number, command and command() or "say arm, disarm or status")
end)

sys.subscribe("SMS_READY", function() log.info("alarm", "ready,", nvm.get("armed") and "armed" or "disarmed") end)

sys.init(0, 0)
sys.run()
