-- A server of updates that answers anything.
local core = ...
require "update"
local calls, whole = 0, ""
function rtos.fota_start() whole = "" return 0 end
function rtos.fota_process(piece) whole = whole .. piece return 0 end
function rtos.fota_end() return 0 end
core.task(function()
  update.request(function(good)
    calls = calls + 1
    core.check(type(good) == "boolean", "the callback gets no boolean")
  end, "http://host.test/firmware")
end)
core.finally(function() core.check(calls == 1, "the callback came " .. calls .. " times") end)
