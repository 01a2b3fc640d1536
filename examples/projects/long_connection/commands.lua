-- What the server may say: lines that begin with "do". Others are shown and not answered: two ends that answer each
-- other's answers would never stop.
module(..., package.seeall)

require "outbox"

local known = {}

-- "do report 2000": report each 2000 ms from now on.
function known.report(words)
  local ms = tonumber(words[3])
  if not ms or ms < 100 then return "error report wants milliseconds" end
  sys.publish("REPORT_PERIOD", ms)
  return "ok report " .. ms
end

function known.signal() return "ok signal " .. net.getRssi() end

local function obey(line)
  log.info("commands", line)
  local words = line:split(" ")
  if words[1] ~= "do" then return end
  local command = known[words[2]]
  outbox.put(command and command(words) or "error unknown command")
end

-- Obeys all whole lines of `text` and returns the rest, which is the beginning of the next.
function take(text)
  while true do
    local line, rest = text:match("^(.-)\r?\n(.*)$")
    if not line then return text end
    if line ~= "" then obey(line) end
    text = rest
  end
end
