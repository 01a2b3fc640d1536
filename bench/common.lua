-- What the benchmarks' clients in Lua share: WORK PORT COUNT [CONNECTIONS], and how the outcome is reported.
local common = {}

common.work, common.port, common.count, common.connections = ...
common.port, common.count, common.connections =
  tonumber(common.port), tonumber(common.count), tonumber(common.connections or 1)

common.AT_ONCE = 64
common.PING = string.rep("x", 64)
common.CHUNK = common.PING:rep(1024) -- PUC Lua adds piece by piece: letter by letter a start would show it
common.header = string.format("%016.0f", common.count)

-- Addresses take turns, so that the ports of connections that ended a moment ago do not stand in the way.
function common.address(number) return "127.0.0." .. 1 + number % 16 end

-- Bytes of memory that this process alone has written to.
function common.private_dirty()
  collectgarbage()
  collectgarbage()
  for line in io.lines("/proc/self/smaps_rollup") do
    local kib = line:match("^Private_Dirty:%s+(%d+)")
    if kib then return tonumber(kib) * 1024 end
  end
end

-- Whether the work is one of TLS.
common.tls = common.work:find "^tls_" ~= nil

-- Does the work that was asked for, by a clock that tells seconds, and ends the process.
function common.run(works, clock)
  local work = assert(works[common.work], "no such work")
  if common.work:find "idle$" then
    work(1)
    local before = common.private_dirty()
    work(common.count)
    print(string.format('{"before": %.0f, "after": %.0f, "seconds": 0}', before, common.private_dirty()))
  else
    local since = clock()
    work()
    print(string.format('{"seconds": %.6f}', clock() - since))
  end
  io.stdout:flush()
  os.exit(0) -- the process's end is no part of the work
end

return common
