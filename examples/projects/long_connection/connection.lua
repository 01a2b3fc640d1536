-- The task that owns the socket: one loop to connect, one to serve.
module(..., package.seeall)

require "socket"
require "outbox"
require "commands"
local config = require "config"

-- Sends all that waits. False when the connection broke; what was not sent stays in the queue.
local function empty_outbox(client)
  while outbox.first() do
    local entry = outbox.first()
    if not client:send(entry .. "\n") then return false end
    outbox.done(entry)
  end
  return true
end

-- Serves one connection until it ends, and returns why.
local function serve(client)
  local unread = ""
  if not client:send(string.format("hello %s %s\n", misc.getImei(), VERSION)) then return "hello was not sent" end
  while true do
    if not empty_outbox(client) then return "sending failed" end
    -- Waits for one of three: bytes, news of the outbox, or nothing at all for the time of a heartbeat.
    local good, data = client:recv(config.heartbeat_ms, "OUTBOX_HAS_NEWS")
    if good then
      -- TCP has no messages: a command may come in pieces, or three in one.
      unread = commands.take(unread .. data)
    elseif data == "timeout" then
      outbox.put("ping")
    elseif data ~= "OUTBOX_HAS_NEWS" then
      return data
    end
  end
end

sys.taskInit(function()
  local pause = config.retry_first_ms
  while true do
    -- A link that is down is not the server's fault: wait for it, without counting failures.
    while not socket.isReady() do sys.waitUntil("IP_READY_IND", 60000) end

    local client = socket.tcp()
    if client:connect(config.server, config.port, config.connect_timeout_s) then
      log.info("connection", "up")
      pause = config.retry_first_ms
      log.info("connection", "down:", serve(client))
    else
      log.warn("connection", "no answer; again in", pause, "ms")
    end
    -- In any case: an object that is not closed keeps its socket.
    client:close()

    sys.wait(pause)
    pause = math.min(pause * 2, config.retry_last_ms)
  end
end)
