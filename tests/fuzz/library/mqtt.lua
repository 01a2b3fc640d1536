-- A broker that sends anything. Flags: 16, a session that is kept; 32, the script publishes and subscribes.
local core = ...
require "mqtt"
core.task(function()
  local client = mqtt.client("me", 60, "user", "word", core.flag(16) and 0 or 1,
    { topic = "gone", payload = "me", qos = 1, retain = 0 })
  for _ = 1, 2 do
    if client:connect("broker.test", 1883, "tcp", nil, 10) then
      if core.flag(32) then
        core.check(type(client:subscribe({ a = 1, b = 2 })) == "boolean", "subscribe gives no boolean")
        for qos = 0, 2 do
          core.check(type(client:publish("topic", "payload", qos)) == "boolean", "publish gives no boolean")
        end
        core.check(type(client:unsubscribe("a")) == "boolean", "unsubscribe gives no boolean")
      end
      for _ = 1, 40 do
        local good, data = client:receive(20000)
        if good then
          core.check(type(data.topic) == "string" and type(data.payload) == "string", "a message without its texts")
          core.check(data.qos >= 0 and data.qos <= 2, "a message of QoS " .. data.qos)
        elseif data ~= "timeout" then
          core.check(data == "CLOSED", "receive gives " .. tostring(data))
          break
        end
      end
    end
    client:disconnect()
  end
end)
