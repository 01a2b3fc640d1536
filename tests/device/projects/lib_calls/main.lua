-- Short messages and calls that go out; what comes in needs the modem's control lines.
PROJECT, VERSION = "LIB_CALLS", "1.0.0"
require "sys"
require "sms"
require "cc"
require "link"

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

local ready = {}
for _, id in ipairs { "SMS_READY", "CALL_READY" } do
  sys.subscribe(id, function() ready[id] = true end)
end

sys.taskInit(function()
  local sent = {}
  local text = common.utf8ToGb2312("中文")
  same("taken before the modem is on", sms.send("10086", text, function(success) sent[1] = success end), true)
  sys.waitUntil("IP_READY_IND", 5000)
  sms.send("+8613800000000", ("long "):rep(40), function(success, number, data)
    sys.publish("SENT", success, number, data)
  end)
  local _, success, number, data = sys.waitUntil("SENT", 5000)
  same("a long one", success, true)
  same("its number", number, "+8613800000000")
  same("its text", data, ("long "):rep(40))
  same("the first one", sent[1], true)
  same("ready for messages", ready.SMS_READY, true)
  same("ready for calls", ready.CALL_READY, true)
  same("no GB2312", sms.send("10086", "\255\255"), false)

  same("no call", cc.anyCallExist(), false)
  cc.dial("10086")
  local good, other = sys.waitUntil("CALL_CONNECTED", 10000)
  same("talks", good, true)
  same("to whom", other, "10086")
  same("state", cc.getState("10086"), cc.CONNECTED)
  cc.sendDtmf("1#")
  sys.wait(500)
  cc.hangUp()
  same("over", sys.waitUntil("CALL_DISCONNECTED", 5000), true)
  same("no call any more", cc.anyCallExist(), false)
  os.exit(0)
end)

sys.init(0, 0)
sys.run()
