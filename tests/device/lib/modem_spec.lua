-- The dialogue with the modem: framing, the way to the link, loss and return, calls and short messages, over a modem
-- that is a table of answers.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local harness = require "harness"
local mock, same, raises = harness.mock, harness.same, harness.raises

LOG_LEVEL = 0
pmd = { sleep = function() end, param_get = function() return true, 3987, 80, false, 0 end }
local answers = {
  ["AT+SIMCROSS?"] = "+SIMCROSS: 1",
  ["AT+CREG?"] = "+CREG: 2,2", ["AT+CGREG?"] = "+CGREG: 2,2", ["AT+CEREG?"] = "+CEREG: 2,2",
  ["AT+CALIBINFO?"] = "LTE_afc:1,LTE_TDD_agc:1,LTE_TDD_apc:1,LTE_FDD_agc:1,LTE_FDD_apc:1,ANT_LTE:1",
  ["AT+CSQ"] = "+CSQ: 28,99", ["AT+CESQ"] = "+CESQ: 99,99,255,255,20,51",
  ["AT+EEMGINFO?"] = "+EEMLTESVC:1120, 2, 0, 6334, 98, 39148, 3, 5, 0, 25418539, 31, 0, 0, 0, 51, 0, 0, 0",
  ["AT+WISN?"] = "SN0001", ["AT+CGSN"] = "860000000000001", ["AT+MUID?"] = "+MUID: 20260101",
  ["AT+CGMM"] = '+CGMM: "Air724UG"', ["AT+ICCID"] = "+ICCID: 89860000000000000001", ["AT+CIMI"] = "460001234567890",
  ["AT+CGDCONT?"] = '+CGDCONT: 1,"IP","CMIOT","10.0.0.2",0,0', ["AT+RFTEMPERATURE?"] = "+RFTEMPERATURE: 29.77",
  ["AT+CNUM"] = '+CNUM: "","13800000000",129',
}
local REGISTERED = '\r\n^MODE: 17,17\r\n\r\n+CREG: 1,"18be","0183dd6b",7\r\n\r\n+CGREG: 1,"18be","0183dd6b",7\r\n'
  .. '\r\n+CEREG: 1,"18be","0183dd6b",7\r\n'
local silent = false
function mock.modem(cmd)
  if silent then return end
  local answer = answers[cmd]
  if type(answer) == "function" then return answer() end
  mock.say((answer and "\r\n" .. answer .. "\r\n" or "") .. "\r\nOK\r\n")
  if cmd == "AT+CIMI" then mock.say(REGISTERED) end
end

require "sys"
require "link"
require "misc"
require "cc"
require "netLed"

local seen = {}
for _, id in ipairs {
  "NET_STATE_REGISTERED", "NET_STATE_UNREGISTER", "NET_CELL_CHANGED", "GSM_SIGNAL_REPORT_IND", "CELL_INFO_IND",
  "FLYMODE", "SIM_IND", "ICCID_READY", "IMSI_READY", "SIM_IND_NUM", "IP_READY_IND", "IP_ERROR_IND", "SN_READY_IND",
  "IMEI_READY_IND", "CALL_READY", "CALL_INCOMING", "CALL_CONNECTED", "CALL_DISCONNECTED", "CALL_DTMF_DETECTED",
} do
  sys.subscribe(id, function(...)
    local texts = { id }
    for i = 1, select("#", ...) do texts[#texts + 1] = tostring((select(i, ...))) end
    seen[#seen + 1] = table.concat(texts, " ")
  end)
end
local function saw(what, expected)
  local kept = {}
  for _, text in ipairs(seen) do
    if not text:find("^GSM_SIGNAL") and not text:find("^CELL_INFO") then kept[#kept + 1] = text end
  end
  seen = {}
  same(what, table.concat(kept, "|"), expected)
end
local function sent(what, expected)
  same(what, table.concat(mock.sent, " "):gsub("%c", ""), expected)
  mock.sent = {}
end
local function run_for(ms) mock.run(mock.now + ms) end

-- Nothing before RDY; then all in order, and the link.
sys.init(0, 0)
run_for(1000)
sent("silent before RDY", "")
same("no state yet", net.getState(), "INIT")
same("not up", link.isReady(), false)
same("unknown", misc.getImei() .. misc.getSn() .. misc.getMuid() .. sim.getNumber(), "")
same("unknown IMSI", sim.getImsi(), nil)
same("unknown SIM", sim.getStatus(), nil)
local booted = mock.now
mock.say("\r\nRDY\r\n\r\n+CPIN: READY\r\n")
run_for(4)
sent("the commands of the boot", "ATE0 AT+CMEE=0 AT+SIMCROSS? AT+COPS? AT+CREG=2 AT+CGREG=2 AT+CEREG=2 AT+CREG? "
  .. "AT+CGREG? AT+CEREG? AT+CALIBINFO? AT*BAND? AT+EEMOPT=1 AT+CSQ AT+CESQ AT+EEMGINFO? AT+CIND=1 AT+WISN? AT+CGSN "
  .. "AT+MUID? AT*EXINFO? AT+CGMM AT+CMIC=1,1 ATX4 AT+CLIP=1 ATS7=60 AT+SETVOLTE=1 AT+ICCID AT+CIMI AT+CSQ AT+CESQ "
  .. "AT+EEMGINFO? AT+CGDCONT?")
same("no timer on the way to the link", mock.now - booted < 10, true)
saw("what is told on the way", "SIM_IND RDY|SN_READY_IND|IMEI_READY_IND|ICCID_READY|IMSI_READY|NET_CELL_CHANGED|"
  .. "NET_STATE_REGISTERED|IP_READY_IND")
same("up", link.isReady(), true)
same("registered", net.getState(), "REGISTERED")
same("mode", net.getNetMode(), net.NetMode_LTE)
same("mcc", net.getMcc(), "460")
same("mnc", net.getMnc(), "00")
same("lac", net.getLac(), "18be")
same("ci", net.getCi(), "0183dd6b")
same("band", net.getBand(), "5")
same("ta", net.getTa(), 0)
same("rssi", net.getRssi(), 28)
same("rsrp", net.getRsrp(), 51)
same("cells", net.getCellInfo(), "6334.25418539.17;")
same("cells, more", net.getCellInfoExt(), "460.00.6334.25418539;")
same("cells, all", net.getCellInfoExt(true), "460.00.6334.25418539.17;")
same("iccid", sim.getIccid(), "89860000000000000001")
same("imsi", sim.getImsi(), "460001234567890")
same("its mcc", sim.getMcc(), "460")
same("its mnc", sim.getMnc(), "00")
same("slot", sim.getId(), 1)
same("sim", sim.getStatus(), true)
same("sn", misc.getSn(), "SN0001")
same("imei", misc.getImei(), "860000000000001")
same("muid", misc.getMuid(), "20260101")
same("model", misc.getModelType(), "Air724UG")
same("version", misc.getVersion(), rtos.get_version())
same("calibrated", misc.getCalib(), true)
same("battery", misc.getVbatt(), 3987)
same("charger", misc.getVbus(), false)

-- Repeated questions; none in flight mode; never two of a kind in the queue.
mock.sent = {}
same("startQueryAll", net.startQueryAll(1000, 2500), true)
run_for(2600)
sent("polls", "AT+CSQ AT+CESQ AT+EEMGINFO? AT+CSQ AT+CESQ AT+CSQ AT+CESQ AT+EEMGINFO?")
net.stopQueryAll()
run_for(5000)
sent("no polls", "")
net.csqQueryPoll()
net.csqQueryPoll()
local cells
net.getMultiCell(function(list) cells = list end)
run_for(1)
sent("once each", "AT+CSQ AT+CESQ AT+EEMGINFO?")
local cell = cells[1]
same("the list of cells", cell.mcc .. cell.mnc .. cell.lac .. cell.ci .. cell.rssi, "4600063342541853917")
same("one cell", #cells, 1)
raises("no function", "function expected", net.getMultiCell)
answers["AT+CSQ"] = "+CSQ: 99,99"
seen = {}
net.csqQueryPoll()
run_for(1)
same("no signal", seen[1], "GSM_SIGNAL_REPORT_IND true 0")

-- Flight mode, and back.
mock.sent, seen = {}, {}
answers["AT+CFUN=0"] = function()
  mock.say('\r\nOK\r\n\r\n+CEREG: 0\r\n')
  mock.messages[#mock.messages + 1] = { { id = rtos.MSG_PDP_DEACT_IND } }
end
answers["AT+CFUN=1"] = function() mock.say("\r\nOK\r\n\r\n+CPIN: READY\r\n" .. REGISTERED) end
net.switchFly(true)
run_for(5000)
sent("into flight mode", "AT+CFUN=0")
saw("told", "FLYMODE true|NET_STATE_UNREGISTER|IP_ERROR_IND")
same("down", link.isReady(), false)
net.csqQueryPoll()
net.cengQueryPoll()
run_for(10)
sent("no questions in flight mode", "")
same("not registered", net.getState() .. net.getNetMode(), "UNREGISTER" .. net.NetMode_noNet)
net.switchFly(false)
run_for(100)
same("asks for the address by itself", table.concat(mock.sent):find("CGDCONT", 1, true) ~= nil, true)
same("up again", link.isReady(), true)
saw("told", "FLYMODE false|SIM_IND RDY|NET_STATE_REGISTERED|ICCID_READY|IMSI_READY|IP_READY_IND")

-- Loss, by the core's message and by the modem's line; shut; no address at first.
mock.sent = {}
mock.messages[1] = { { id = rtos.MSG_PDP_DEACT_IND } }
run_for(1900)
sent("waits", "")
same("down", link.isReady(), false)
run_for(200)
sent("asks after 2 s", "AT+CGDCONT?")
saw("told", "IP_ERROR_IND|IP_READY_IND")
mock.say("\r\n*CGEV: NW PDN DEACT,5\r\n")
run_for(2100)
saw("told", "IP_ERROR_IND|IP_READY_IND")
local real_address = answers["AT+CGDCONT?"]
answers["AT+CGDCONT?"] = '+CGDCONT: 1,"IP","CMIOT","",0,0'
mock.sent = {}
link.shut()
run_for(4500)
sent("asks each second while there is no address", "AT+CGDCONT? AT+CGDCONT? AT+CGDCONT?")
answers["AT+CGDCONT?"] = real_address
run_for(1000)
saw("told", "IP_ERROR_IND|IP_READY_IND")
mock.sent = {}
link.setAPN("cmnet", "user", "pw")
run_for(1)
sent("APN", 'AT+CPNETAPN=2,"cmnet","user","pw",0')
raises("a quote in the APN", "without quotes", link.setAPN, 'a"b')
same("the cellular network", link.openNetwork(link.CELLULAR), true)
harness.printed(function() same("no other", (link.openNetwork(link.CH395)), false) end)
same("network", link.getNetwork(), link.CELLULAR)
same("back to it", link.closeNetWork(), true)

-- Another cell; the card goes and comes.
mock.say('\r\n+CEREG: 1,"18be","0183dd6c",7\r\n')
run_for(1)
saw("another cell", "NET_CELL_CHANGED")
mock.say("\r\n+CPIN: NOT INSERTED\r\n\r\n+CPIN: SIM PIN\r\n\r\n+CPIN: SIM PUK\r\n")
run_for(1)
saw("no card", "SIM_IND NIST|SIM_IND SIM_PIN|SIM_IND NORDY")
same("no card, no number", sim.getImsi(), nil)
same("not ready", sim.getStatus(), false)
sim.setQueryNumber(true)
mock.say("\r\n+CPIN: READY\r\n")
run_for(10)
same("own number", sim.getNumber(), "13800000000")
saw("told", "SIM_IND RDY|ICCID_READY|IMSI_READY|NET_CELL_CHANGED|SIM_IND_NUM 13800000000")
mock.sent = {}
sim.setId(0)
run_for(1)
sent("slot", "AT+SIMCROSS=0")
same("slot", sim.getId(), 0)
raises("no such slot", "slot 0 or 1", sim.setId, 2)

-- misc: identity, clock, temperature.
local results = {}
local function result(...) results[#results + 1] = tostring((...)) end
answers["AT+WISN?"], answers["AT+CGSN"] = "NEW", "860000000000002"
misc.setSn("NEW", result)
misc.setImei("860000000000002", result)
misc.setClock({ year = 2026, month = 2, day = 14, hour = 14, min = 2, sec = 58 }, result)
misc.setClock({ year = 2026, month = 2, day = 14, hour = 14, min = 2, sec = 58 }, nil, -3.5)
misc.getTemperature(result)
run_for(1)
sent("the commands", 'AT+WISN="NEW" AT+WIMEI="860000000000002" AT+CCLK="26/02/14,14:02:58+32" '
  .. 'AT+CCLK="26/02/14,14:02:58-14" AT+RFTEMPERATURE? AT+WISN? AT+CGSN')
same("the results", table.concat(results, " "), "true true true 29.77")
same("the new numbers", misc.getSn() .. misc.getImei(), "NEW860000000000002")
raises("a clock without seconds", "table with sec", misc.setClock, { year = 1, month = 1, day = 1, hour = 1, min = 1 })
raises("no clock", "table with year", misc.setClock)
raises("a quote in a number", "without quotes", misc.setSn, 'a"')
local clock = misc.getClock()
same("the clock", type(clock.year) == "number" and clock.sec < 62, true)
same("a day of the week", misc.getWeek() >= 1 and misc.getWeek() <= 7, true)
seen, mock.sent = {}, {}

-- Framing: pieces, lines without CR, answers of each kind, errors, delays, arguments.
local got = {}
local function keep(cmd, success, response, line, param)
  got[#got + 1] = table.concat({ cmd, tostring(success), response, tostring(line), tostring(param) }, ";")
end
silent = true
ril.request("AT+PIECES", nil, keep, nil, "param")
run_for(1)
for piece in ("\r\n+PIE|CES: 1|,2\r|\n\r\nO|K\r\n"):gmatch("[^|]+") do
  mock.say(piece)
  run_for(1)
end
same("pieces", got[1], "AT+PIECES;true;OK;+PIECES: 1,2;param")
ril.request("AT+BARE?", nil, keep)
mock.say("bare line\nOK\n")
run_for(1)
same("bare line, no CR", got[2], "AT+BARE?;true;OK;bare line;nil")
ril.request("AT+BAD", nil, keep)
mock.say("\r\n+CME ERROR: 100\r\n")
run_for(1)
same("an error", got[3], "AT+BAD;false;+CME ERROR: 100;nil;nil")
local urcs = {}
ril.regUrc("+NEWS", function(line, prefix) urcs[#urcs + 1] = prefix .. "=" .. line end)
ril.request("AT+BARE?", nil, keep)
mock.say("\r\n+NEWS: 1\r\n\r\nbare\r\n\r\nOK\r\n")
run_for(1)
same("what came unasked is no answer", got[4] .. urcs[1], "AT+BARE?;true;OK;bare;nil+NEWS=+NEWS: 1")
mock.say("\r\n+NEWSPAPER: 1\r\n\r\n+NEWS2\r\n\r\nOK\r\n\r\nnoise\r\n")
run_for(1)
same("a longer name is another line", table.concat(urcs, "|"), "+NEWS=+NEWS: 1|+NEWS=+NEWS2")
ril.deRegUrc("+NEWS")
mock.say("\r\n+NEWS: 2\r\n")
run_for(1)
same("no interest any more", #urcs, 2)
same("regRsp", ril.regRsp("+LIST", keep, ril.MLINE), true)
same("the first one stays", ril.regRsp("+LIST", print), false)
ril.regRsp("+FORM", keep, ril.STRING, "^%a+$")
ril.request("AT+LIST")
mock.say("\r\n+LIST: 1\r\n+LIST: 2\r\n\r\nOK\r\n")
run_for(1)
same("several lines", got[5], "AT+LIST;true;OK;+LIST: 1\r\n+LIST: 2;nil")
ril.request("AT+FORM")
mock.say("\r\n12\r\n\r\nabc\r\n\r\nOK\r\n")
run_for(1)
same("of a form", got[6], "AT+FORM;true;OK;abc;nil")
mock.sent = {}
ril.request("AT+LATE", nil, keep, 1000)
ril.request("AT+LATE", nil, keep, 1000)
run_for(900)
sent("delayed", "")
run_for(200)
sent("one after the other", "AT+LATE")
mock.say("\r\nOK\r\n")
run_for(1)
sent("the second one too", "AT+LATE")
mock.say("\r\nOK\r\n")
run_for(1)
ril.request("AT+CMGS=5", "text", keep)
run_for(1)
mock.say("\r\n> ")
run_for(1)
same("the argument", mock.sent[2], "text\26")
mock.say("\r\n+CMGS: 1\r\n\r\nOK\r\n")
run_for(1)
same("its answer", got[9], "AT+CMGS=5;true;OK;+CMGS: 1;nil")
raises("no command", "AT command", ril.request, "CSQ")
raises("no text", "argument", ril.request, "AT", 5)
raises("no function", "function", ril.request, "AT", nil, "x")
ril.setDataTimeout(60000)
ril.request("AT+HANGS")
harness.printed(function()
  raises("a modem that does not answer", "^restart$", mock.run, mock.now + 60001)
end)
mock.say("\r\nOK\r\n")
run_for(1)
silent, mock.sent, seen = false, {}, {}

-- Calls.
mock.say("\r\nCALL READY\r\n")
run_for(1)
sent("ready for calls", "AT+CCWA=1")
same("no call", cc.anyCallExist(), false)
answers["AT+CLCC"] = '+CLCC: 1,1,4,0,0,"10086",129,""'
mock.say('\r\nRING\r\n\r\n+CLIP: "10086",129,"",0,"",0\r\n')
run_for(1)
mock.say('\r\nRING\r\n\r\n+CLIP: "10086",129,"",0,"",0\r\n')
run_for(1)
saw("told once", "CALL_READY|CALL_INCOMING 10086")
same("ringing", cc.getState("10086"), cc.INCOMING)
same("a call", cc.anyCallExist(), true)
cc.accept()
answers["AT+CLCC"] = '+CLCC: 1,1,0,0,0,"10086",129,""'
mock.say("\r\nCONNECT\r\n")
run_for(1)
saw("talking", "CALL_CONNECTED 10086")
mock.sent = {}
cc.dtmfDetect(true)
cc.sendDtmf("12#", 150, 50)
mock.say("\r\n+DTMFDET: 35\r\n")
run_for(1)
sent("the first key", "AT+DTMFDET=1 AT+VTD=2 AT+VTS=1")
run_for(400)
sent("the others in their time", "AT+VTS=2 AT+VTS=#")
raises("no keys", "keys expected", cc.sendDtmf, "x")
answers["AT+CLCC"] = nil
cc.hangUp()
run_for(1)
saw("over", "CALL_DTMF_DETECTED #|CALL_DISCONNECTED AT+CHUP")
mock.sent = {}
same("no number", cc.dial("abc"), false)
same("dial", cc.dial("10086"), true)
run_for(1)
sent("dial", "ATD10086;")
same("dialing", cc.getState("10086"), cc.DIALING)
mock.say("\r\nBUSY\r\n")
run_for(1)
saw("busy", "CALL_DISCONNECTED BUSY")
same("gone", cc.getState("10086"), cc.DISCONNECTED)
answers["ATD1;"] = function() mock.say("\r\nNO CARRIER\r\n\r\nERROR\r\n") end
cc.dial("1")
run_for(1)
saw("refused", "CALL_DISCONNECTED ERROR")
harness.finish()
