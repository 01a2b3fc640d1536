-- A server that sends anything; its datagrams bear the client's mark unless flag 16 is set.
local core = ...
require "ntp"
function core.rewrite(rest)
  local mark = core.sent:sub(41, 48)
  if core.flag(16) or #mark < 8 or #rest < 32 then return rest end
  return rest:sub(1, 24) .. mark .. rest:sub(33)
end
local calls = 0
core.task(function()
  ntp.ntpTime(nil, function(clock, result)
    calls = calls + 1
    core.check(type(clock) == "table" and type(result) == "boolean", "a callback without its arguments")
  end)
  core.check(calls == 1, "the callback came " .. calls .. " times")
end)
