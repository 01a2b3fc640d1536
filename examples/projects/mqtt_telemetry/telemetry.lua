module(..., package.seeall)

require "mqtt"
require "commands"

local RETRY_FIRST_MS, RETRY_LAST_MS = 1000, 60000

local function topic(name) return "devices/" .. misc.getImei() .. "/" .. name end

-- Readings that no broker has yet: the newest hundred.
local readings = {}
local number = 0

local function read()
  number = number + 1
  if #readings == 100 then table.remove(readings, 1) end
  readings[#readings + 1] = json.encode({
    number = number,
    time = os.time(),
    signal = net.getRssi(),
    millivolt = misc.getVbatt(),
  })
  sys.publish("READING")
end

local function start_reading() sys.timerLoopStart(read, nvm.get("period_ms")) end
sys.subscribe("PARA_CHANGED_IND", function(name)
  if name == "period_ms" then start_reading() end
end)

-- Publishes what waits. With QoS 1 `publish` is true once the broker has it; only then is a reading let go.
local function publish_all(client)
  while readings[1] do
    local reading = readings[1]
    if not client:publish(topic("telemetry"), reading, 1) then return false end
    if readings[1] == reading then table.remove(readings, 1) end
  end
  return true
end

local function serve(client)
  if not client:subscribe(topic("commands"), 1) then return "the broker refuses the subscription" end
  -- Retained: who looks later, sees it too. The will is the counterpart.
  client:publish(topic("status"), "online", 1, 1)
  log.info("telemetry", "online")
  while true do
    if not publish_all(client) then return "publishing failed" end
    local good, data = client:receive(60000, "READING")
    if good then
      -- A callback of ours that raises must not take the connection with it.
      local ok, answer = pcall(commands.obey, data.payload)
      if not client:publish(topic("answers"), ok and answer or "error " .. answer, 1) then return "answering failed" end
      if commands.restart_wanted then
        client:disconnect()
        sys.restart("a command asked for it")
      end
    elseif data ~= "timeout" and data ~= "READING" then
      return data
    end
  end
end

sys.taskInit(function()
  -- The number of the modem is our name, so there is nothing to do before it is known.
  while misc.getImei() == "" do sys.waitUntil("IMEI_READY_IND", 1000) end
  start_reading()
  read()
  local pause = RETRY_FIRST_MS
  while true do
    while not socket.isReady() do sys.waitUntil("IP_READY_IND", 60000) end

    local will = { topic = topic("status"), payload = "offline", qos = 1, retain = 1 }
    local client = mqtt.client(misc.getImei(), nvm.get("keepalive_s"), nvm.get("user"), nvm.get("password"), 1, will)
    local tls = (TRANSPORT or nvm.get("transport")) == "tls"
    -- `insist` 0: a certificate that does not verify is a reason not to connect. Without it, anybody may be the broker.
    local cert = tls and { caCert = "ca.crt", insist = 0 } or nil
    local good, why = client:connect(BROKER or nvm.get("broker"), PORT or nvm.get("port"), tls and "tcp_ssl" or "tcp", cert, 20)
    if good then
      pause = RETRY_FIRST_MS
      why = serve(client)
    end
    log.warn("telemetry", "offline:", why)
    client:disconnect()

    sys.wait(pause)
    pause = math.min(pause * 2, RETRY_LAST_MS)
  end
end)
