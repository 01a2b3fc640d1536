-- From power-on to the data link with the virtual modem, and what the modules know then.
PROJECT, VERSION = "LIB_BOOT", "1.0.0"
require "sys"
require "link"
require "misc"

local function same(what, actual, expected)
  print(actual == expected and "ok" or "WRONG", what, actual)
  if actual ~= expected then
    print("expected", expected)
    os.exit(1)
  end
end
sys.timerStart(function()
  print("not done in time")
  os.exit(1)
end, 30000)

local heard = {}
for _, id in ipairs { "IP_READY_IND", "IP_ERROR_IND", "FLYMODE", "NET_STATE_REGISTERED", "NET_STATE_UNREGISTER" } do
  sys.subscribe(id, function() heard[id] = (heard[id] or 0) + 1 end)
end

sys.taskInit(function()
  local began = os.clockms()
  same("not up at the start", link.isReady(), false)
  same("comes up", sys.waitUntil("IP_READY_IND", 5000), true)
  local took = os.clockms() - began
  print("link ready after ms", took)
  same("well under 100 ms", took < 100, true)
  same("is up", link.isReady(), true)
  same("told once", heard.IP_READY_IND, 1)
  sys.wait(500)
  same("and only once", heard.IP_READY_IND, 1)

  same("state", net.getState(), "REGISTERED")
  same("mode", net.getNetMode(), net.NetMode_LTE)
  same("15 digits", misc.getImei():match("^%d+$") and #misc.getImei(), 15)
  same("IMSI", sim.getImsi():match("^%d+$") and #sim.getImsi(), 15)
  same("ICCID", #sim.getIccid(), 20)
  same("card", sim.getStatus(), true)
  same("serial number", misc.getSn() ~= "", true)
  same("MUID", misc.getMuid() ~= "", true)
  same("model", misc.getModelType():match("^Air") ~= nil, true)
  same("calibrated", misc.getCalib(), true)
  same("country", #net.getMcc(), 3)
  same("network", #net.getMnc(), 2)
  same("country of the card", #sim.getMcc(), 3)
  same("area and cell", net.getLac():match("^%x+$") and net.getCi():match("^%x+$") and true, true)
  same("signal", net.getRssi() > 0 and net.getRssi() <= 31, true)
  same("power", net.getRsrp() > 0 and net.getRsrp() <= 97, true)
  same("cells", net.getCellInfoExt(true):match("^%d+%.%d+%.%d+%.%d+%.%d+;$") ~= nil, true)
  net.getMultiCell(function(cells) sys.publish("CELLS", #cells) end)
  local _, cells = sys.waitUntil("CELLS", 1000)
  same("a list of cells", cells, 1)

  misc.getTemperature(function(degrees) sys.publish("TEMPERATURE", degrees) end)
  local _, degrees = sys.waitUntil("TEMPERATURE", 1000)
  same("a temperature", type(degrees), "number")
  misc.setSn("NEW0001", function(success) sys.publish("WRITTEN", success) end)
  local _, written = sys.waitUntil("WRITTEN", 1000)
  same("serial number is written", written, true)
  sys.waitUntil("SN_READY_IND", 1000)
  same("and read again", misc.getSn(), "NEW0001")
  misc.setClock({ year = 2030, month = 1, day = 2, hour = 3, min = 4, sec = 5 }, function(success)
    sys.publish("CLOCK", success)
  end)
  local _, set = sys.waitUntil("CLOCK", 1000)
  same("clock is set", set, true)
  same("clock", misc.getClock().year, 2030)

  net.switchFly(true)
  same("the link goes", sys.waitUntil("IP_ERROR_IND", 5000), true)
  same("down", link.isReady(), false)
  sys.wait(200)
  same("flight mode was told", heard.FLYMODE, 1)
  net.switchFly(false)
  same("the link comes", sys.waitUntil("IP_READY_IND", 10000), true)
  began = os.clockms()
  link.shut()
  same("shut", link.isReady(), false)
  same("comes again by itself", sys.waitUntil("IP_READY_IND", 5000), true)
  same("after 2 s", os.clockms() - began > 1900, true)

  ril.request("AT+NONSENSE", nil, function(_, success) sys.publish("UNKNOWN", success) end)
  local _, unknown = sys.waitUntil("UNKNOWN", 1000)
  same("an unknown command", unknown, true)
  os.exit(0)
end)

sys.init(0, 0)
sys.run()
