-- Puts a report into the queue, again and again. It does not know of the connection, nor need it.
module(..., package.seeall)

require "outbox"
local config = require "config"

local number = 0

local function report()
  number = number + 1
  outbox.put(string.format("report %d signal %d", number, net.getRssi()))
end

-- The same function started again replaces the earlier timer: so the period changes.
sys.subscribe("REPORT_PERIOD", function(ms) sys.timerLoopStart(report, ms) end)
sys.timerLoopStart(report, config.report_ms)
report()
