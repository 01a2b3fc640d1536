module(..., package.seeall)

require "web"
local config = require "config"

-- What the server wants to be different: {"report_ms": 5000}
local function fetch_settings()
  local status, text = web.ask("GET", "/settings")
  if status ~= 200 then
    log.warn("report", "no settings:", status or text)
    return
  end
  local settings, good = json.decode(text)
  if good and type(settings) == "table" and type(settings.report_ms) == "number" then
    config.report_ms = math.max(settings.report_ms, 100)
    log.info("report", "each", config.report_ms, "ms")
  end
end

local function post_report()
  local report = { imei = misc.getImei(), version = VERSION, uptime = os.clockms() }
  local status, text = web.ask("POST", "/report", json.encode(report))
  if status == 200 then
    log.info("report", "posted as version", VERSION)
  else
    log.warn("report", "not posted:", status or text)
  end
end

sys.taskInit(function()
  while not socket.isReady() do sys.waitUntil("IP_READY_IND", 60000) end
  fetch_settings()
  while true do
    post_report()
    sys.publish("REPORTED")
    sys.wait(config.report_ms)
  end
end)
