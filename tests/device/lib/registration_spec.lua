-- Registration in all the ways that modems tell it, and modules that are loaded when the modem is on already.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local harness = require "harness"
local mock, same = harness.mock, harness.same

LOG_LEVEL = 0
local answers = {
  ["AT+CPIN?"] = "+CPIN: READY", ["AT+CIMI"] = "460001234567890",
  ["AT+CGDCONT?"] = '+CGDCONT: 1,"IP","CMIOT","10.0.0.2",0,0',
}
function mock.modem(cmd)
  mock.say((answers[cmd] and "\r\n" .. answers[cmd] .. "\r\n" or "") .. "\r\nOK\r\n")
end
require "sys"
require "ril"
local function run_for(ms) mock.run(mock.now + ms) end
local function say(line)
  mock.say("\r\n" .. line .. "\r\n")
  run_for(1)
end

-- The network's modules come late: what the modem said at its start is asked for.
sys.init(0, 0)
same("the modem is off", ril.isReady(), false)
say("RDY")
say("+CPIN: READY")
say("SMS READY")
say("CALL READY")
same("the modem is on", ril.isReady(), true)
local ready = {}
for _, id in ipairs { "CALL_READY", "SMS_READY", "NET_UPD_NET_MODE" } do
  sys.subscribe(id, function() ready[id] = (ready[id] or 0) + 1 end)
end
iconv = { open = function() end }
require "link"
require "sms"
require "cc"
run_for(10)
same("the card", sim.getStatus(), true)
same("its number", sim.getImsi(), "460001234567890")
same("calls", ready.CALL_READY, 1)
same("short messages", ready.SMS_READY, 1)
same("starting", net.getState(), "INIT")

-- Registered on 2G, denied, searching, on 3G.
say('+CREG: 1,"18be","1234",0')
same("2G", net.getState() .. net.getNetMode(), "REGISTERED" .. net.NetMode_GSM)
same("the link", link.isReady(), true)
say("+CREG: 3")
same("denied", net.getState() .. net.getNetMode(), "UNREGISTER" .. net.NetMode_noNet)
say("+CREG: 2")
same("searching", net.getState(), "UNREGISTER")
say('+CGREG: 5,"18be","1234",2')
same("roaming on 3G", net.getState() .. net.getNetMode(), "REGISTERED" .. net.NetMode_WCDMA)
say("^MODE: 5,4")
same("no change", net.getNetMode(), net.NetMode_WCDMA)
say("^MODE: 15,15")
same("another system", net.getNetMode(), net.NetMode_TD)

-- On LTE, told by the last field: from there on +CEREG decides.
say('+CEREG: 2')
same("+CEREG does not count on 3G", net.getState(), "REGISTERED")
say('+CREG: 1,"18be","1235",7')
same("on LTE it does", net.getState(), "UNREGISTER")
say('+CEREG: 1,"18be","1235",7')
same("on LTE", net.getState() .. net.getNetMode() .. net.getCi(), "REGISTERED" .. net.NetMode_LTE .. "1235")
say("+CREG: 0")
same("+CREG does not count any more", net.getState(), "REGISTERED")
say("+CEREG: 0")
same("+CEREG does", net.getState(), "UNREGISTER")
say("+CEREG: nonsense")
say("+CREG:")
say('+CEREG: 1')
same("without a cell", net.getState() .. net.getNetMode() .. net.getCi(), "REGISTERED" .. net.NetMode_LTE .. "1235")
same("modes were told", ready.NET_UPD_NET_MODE, 8)

-- The answer to a query has one number more.
answers["AT+CEREG?"] = '+CEREG: 2,0'
ril.request("AT+CEREG?")
run_for(1)
same("by a query", net.getState(), "UNREGISTER")
answers["AT+CEREG?"] = '+CEREG: 2,1,"18be","1236",7'
ril.request("AT+CEREG?")
run_for(1)
same("by a query", net.getState() .. net.getCi(), "REGISTERED1236")

-- Flight mode takes the link down without the core's message.
same("the link is up", link.isReady(), true)
net.switchFly(true)
run_for(1)
same("flight mode", link.isReady(), false)
harness.finish()
