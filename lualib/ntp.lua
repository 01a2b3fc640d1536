--- Sets the device's clock by NTP.
-- The host's clock stays as it is: what is set is what `os.time` and `os.date` of the script tell.
-- @module ntp
-- @usage
-- ntp.timeSync(24, function(time, result)
--   if result then log.info("ntp", "it is", time.hour, time.min, time.sec) end
-- end)
require "sys"
require "log"
require "misc"
require "socket"

local ntp = {}
_G.ntp = ntp

local byte, floor = string.byte, math.floor

local PORT = 123
local ANSWER_TIMEOUT_MS = 4000
local ROUNDS = 3                     -- through the list of servers
local CLOCK_TIMEOUT_MS = 10000       -- for the modem to take the time
local SECONDS_1900_TO_1970 = 2208988800
local ERA = 4294967296               -- seconds after which NTP's count begins anew, in 2036
local HOURS_EAST = 8                 -- the time zone that devices are set to

local servers = {
  "ntp.aliyun.com", "ntp.tencent.com", "cn.pool.ntp.org", "cn.ntp.org.cn", "pool.ntp.org", "time.windows.com",
}
local synchronized = false
local loop = 0 -- counts the calls of timeSync: a new period ends the one before

--- The servers that are asked, in turn.
-- @return list of names or addresses
function ntp.getServers()
  return servers
end

--- Sets the servers.
-- @param st list of names or addresses
-- @usage ntp.setServers({ "ntp1.example.com", "ntp2.example.com" })
function ntp.setServers(st)
  if type(st) ~= "table" then error("ntp.setServers: a list of names expected", 2) end
  servers = st
end

--- Whether the clock has been set since the start.
-- @return boolean
function ntp.isEnd()
  return synchronized
end

local function seconds_at(data, at)
  local a, b, c, d = byte(data, at, at + 3)
  local whole = ((a * 256 + b) * 256 + c) * 256 + d
  if whole < ERA / 2 then whole = whole + ERA end
  a, b, c, d = byte(data, at + 4, at + 7)
  return whole - SECONDS_1900_TO_1970 + (((a * 256 + b) * 256 + c) * 256 + d) / ERA
end

-- Eight bytes that the server must send back, so that nobody else's answer is taken.
local count = 0
local function new_mark()
  count = count + 1
  return (tostring({}) .. rtos.tick() .. count):gsub("[^%w]", ""):reverse():sub(1, 8)
end

-- The time that an answer tells; nil if it is not an answer to this mark, or from a server that does not know the time.
local function time_of(answer, mark)
  if #answer < 48 or answer:sub(25, 32) ~= mark then return nil end
  local first, stratum = byte(answer, 1, 2)
  if first % 8 ~= 4 or first >= 192 or stratum < 1 or stratum > 15 then return nil end
  if answer:sub(41, 48) == ("\0"):rep(8) then return nil end
  return seconds_at(answer, 41)
end

-- Asks one server. Returns seconds since 1970 in UTC, or nil.
local function ask(server)
  local client = socket.udp()
  local seconds
  if client:connect(server, PORT, ANSWER_TIMEOUT_MS / 1000) then
    local mark = new_mark()
    local started = os.clockms()
    local left = client:send("\35" .. ("\0"):rep(39) .. mark, ANSWER_TIMEOUT_MS / 1000) and ANSWER_TIMEOUT_MS or 0
    while left > 0 and not seconds do
      local good, answer = client:recv(math.ceil(left))
      if not good then break end
      seconds = time_of(answer, mark)
      if seconds then seconds = seconds + (os.clockms() - started) / 2000 end
      left = started + ANSWER_TIMEOUT_MS - os.clockms()
    end
  end
  client:close()
  return seconds
end

local function set_clock(seconds)
  misc.setClock(os.date("!*t", floor(seconds + 0.5) + HOURS_EAST * 3600), function(good)
    sys.publish("LIB_NTP_CLOCK_SET", good)
  end, HOURS_EAST)
  local answered, good = sys.waitUntil("LIB_NTP_CLOCK_SET", CLOCK_TIMEOUT_MS)
  return answered and good
end

local function synchronize(fun)
  for _ = 1, ROUNDS do
    for _, server in ipairs(servers) do
      while not socket.isReady() do sys.waitUntil("IP_READY_IND") end
      local seconds = ask(server)
      if seconds then
        if fun then fun() end
        if set_clock(seconds) then
          log.info("ntp", "the clock is set by", server)
          return true
        end
      end
    end
  end
  log.warn("ntp", "no server tells the time")
  return false
end

--- Sets the clock once, or again and again. To be called in a task; returns after the first time, or never.
-- @param[opt] ts hours between two times; nil: once
-- @param[opt] fnc called after each time, as in `timeSync`
-- @param[opt] fun called just before the clock is set
function ntp.ntpTime(ts, fnc, fun)
  loop = loop + 1
  local this = loop
  repeat
    local result = synchronize(fun)
    synchronized = synchronized or result
    if fnc then fnc(misc.getClock(), result) end
    if ts then sys.wait(ts * 3600 * 1000) end
  until not ts or loop ~= this
end

--- Sets the clock once, or again and again, in a task of its own. Replaces what an earlier call set going.
-- @param[opt] period hours between two times; nil: once
-- @param[opt] fnc called after each time with `time, result`: the clock as `misc.getClock` gives it, and true if it
-- was set
-- @param[opt] fun called just before the clock is set
-- @usage ntp.timeSync(1)
function ntp.timeSync(period, fnc, fun)
  sys.taskInit(ntp.ntpTime, period, fnc, fun)
end

return ntp
