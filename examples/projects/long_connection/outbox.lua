-- What waits to be sent. An entry stays until the connection says that it is out, so a break in between loses nothing.
module(..., package.seeall)

local LONGEST = 100 -- entries; a device that is offline for a week must not run out of memory
local entries = {}

-- Queues a line and wakes the connection. Where the queue is full, the oldest line makes room.
function put(text)
  if #entries == LONGEST then
    log.warn("outbox", "full, dropped", table.remove(entries, 1))
  end
  entries[#entries + 1] = text
  sys.publish("OUTBOX_HAS_NEWS")
end

function first() return entries[1] end

-- Takes `entry` away, if it is still the first: the queue may have dropped it while it was being sent.
function done(entry)
  if entries[1] == entry then table.remove(entries, 1) end
end
