module(..., package.seeall)

require "socket"
require "pm"
local config = require "config"

-- One conversation with the server. Returns its answer, or nil and why there is none.
local function talk(text)
  local client = socket.tcp()
  local answer, why = nil, "no connection"
  if client:connect(config.server, config.port, config.connect_timeout_s) then
    why = "not sent"
    if client:send(text) then
      local good, data = client:recv(config.answer_ms)
      if good then answer = data else why = data end
    end
  end
  client:close() -- waits until what was sent has arrived, so the radio may go off after it
  return answer, why
end

-- Reports once; true if the server has it.
local function report(number)
  if not socket.isReady() and not sys.waitUntil("IP_READY_IND", config.network_ms) then
    log.warn("report", number, "no network")
    return false
  end
  local text = string.format("%s %d %d\n", misc.getImei(), number, misc.getVbatt())
  for try = 1, config.tries do
    local answer, why = talk(text)
    if answer then
      log.info("report", number, "answered:", (answer:gsub("%s+$", "")))
      -- The server may change the period: "period 5000".
      local period = tonumber(answer:match("^period (%d+)"))
      if period then config.period_ms = math.max(period, 100) end
      return true
    end
    log.warn("report", number, "try", try, why)
    sys.wait(1000)
  end
  return false
end

sys.taskInit(function()
  local number = 0
  while true do
    number = number + 1
    pm.wake("report") -- the processor stays awake while anybody says so
    report(number)
    net.switchFly(true)
    -- The link is gone once the modem has let go of the network: only then is the radio off.
    if socket.isReady() then sys.waitUntil("IP_ERROR_IND", 5000) end
    log.info("report", "asleep for", config.period_ms, "ms")
    pm.sleep("report")

    sys.wait(config.period_ms)
    net.switchFly(false)
  end
end)
