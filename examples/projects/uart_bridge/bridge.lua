-- The server's side.
module(..., package.seeall)

require "socket"
require "serial"
local config = require "config"

-- Frames that wait for the server. While there is no connection they are kept, the newest of them.
local LONGEST = 64
local frames = {}
sys.subscribe("SERIAL_FRAME", function(bytes)
  if #frames == LONGEST then table.remove(frames, 1) end
  frames[#frames + 1] = bytes
  sys.publish("BRIDGE_HAS_FRAME")
end)

local function serve(client)
  while true do
    while frames[1] do
      local frame = frames[1]
      if not client:send(frame) then return "sending failed" end
      if frames[1] == frame then table.remove(frames, 1) end
    end
    -- A server is faster than a UART. What is not read here stays in TCP, which makes the server wait.
    while serial.waiting() > config.queue_limit do sys.waitUntil("SERIAL_SENT", 1000) end
    local good, data = client:recv(60000, "BRIDGE_HAS_FRAME")
    if good then
      serial.write(data)
    elseif data ~= "timeout" and data ~= "BRIDGE_HAS_FRAME" then
      return data
    end
  end
end

sys.taskInit(function()
  while true do
    while not socket.isReady() do sys.waitUntil("IP_READY_IND", 60000) end
    local client = socket.tcp()
    if client:connect(config.server, config.port, config.connect_timeout_s) then
      log.info("bridge", "up")
      log.info("bridge", "down:", serve(client))
    end
    client:close()
    sys.wait(config.retry_ms)
  end
end)
