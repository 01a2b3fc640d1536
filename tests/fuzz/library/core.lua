-- The core below the script library: sockets whose peers say what the input says, files in memory, and over both the clock
-- of tests/device/lib/mock.lua. An error that reaches the scheduler, or a check that fails, ends the run as a crash.
-- Input: a byte of flags, a byte for the size of the pieces (0: all at once), and what the peers send once they were asked,
-- the next connection's behind a line of `===`.
local mock = require "mock"
local input = ...

local core = { flags = input:byte(1) or 0, sent = "", finals = {} }
local piece_size = input:byte(2) or 0
local failure

PROJECT, VERSION, LOG_LEVEL = "FUZZ", "1.0.0", 0

function core.flag(bit) return math.floor(core.flags / bit) % 2 == 1 end
local BROKEN, SILENT, SLOW = 1, 2, 4 -- how a connection ends, and whether a piece takes a second

function core.check(good, what)
  if not good then failure = failure or debug.traceback("broken: " .. what) end
end

-- What the scheduler and `patch` print of a task that failed.
function print(first, text)
  if first == "[E]-[coroutine.resume]" then failure = failure or text end
end

os.time = function() return 1790000000 end
local date = os.date
os.date = function(format, time) return date(format, time or 1790000000) end
math.randomseed(1)

-- Files ---------------------------------------------------------------------------------------------------------------

local files = {}
core.files = files
local handle = {}
handle.__index = handle
function handle:write(...)
  files[self.path] = files[self.path] .. table.concat({ ... })
  return true
end
function handle:read(count)
  local text = files[self.path] or ""
  if count == "*a" then count = #text end
  if self.at > #text and count ~= 0 then return self.at > 1 and nil or count == #text and "" or nil end
  self.at = self.at + count
  return text:sub(self.at - count, self.at - 1)
end
function handle:seek(whence, offset)
  local size = #(files[self.path] or "")
  self.at = (whence == "end" and size or whence == "set" and 0 or self.at - 1) + (offset or 0) + 1
  return self.at - 1
end
function handle:close() return true end
function io.open(path, mode)
  mode = mode or "r"
  if mode:find("r", 1, true) and not files[path] then return nil, path .. ": No such file or directory", 2 end
  if mode:find("w", 1, true) or not files[path] then files[path] = "" end
  return setmetatable({ path = path, at = 1 }, handle)
end
function os.remove(path)
  files[path] = nil
  return true
end
function os.rename(from, to)
  if not files[from] then return nil, "no such file" end
  files[to], files[from] = files[from], nil
  return true
end

-- Sockets -------------------------------------------------------------------------------------------------------------

local END_AFTER_MS = 3000
local CONN, SEND, RECV, CLOSE_IND, CLOSE = 20, 21, 22, 23, 24
rtos.MSG_SOCK_CONN_CNF, rtos.MSG_SOCK_SEND_CNF, rtos.MSG_SOCK_RECV_IND = CONN, SEND, RECV
rtos.MSG_SOCK_CLOSE_IND, rtos.MSG_SOCK_CLOSE_CNF = CLOSE_IND, CLOSE

local streams = {}
for stream in (input:sub(3) .. "\n===\n"):gmatch("(.-)\n===\n") do streams[#streams + 1] = stream end
local sockets, last_id = {}, 0

local function post(id, kind, fields)
  fields.id, fields.socket_index, fields.result = kind, id, fields.result or 0
  mock.messages[#mock.messages + 1] = { fields }
end

-- The peer ends the connection.
local function finish(id)
  local one, broken = sockets[id], core.flag(BROKEN)
  if one.closed then return end
  one.ended = true
  post(id, CLOSE_IND, { result = broken and 1 or 0, error = broken and 1 or 0, reason = broken and "reset" or nil })
end

-- The next piece arrives, or the end, a little later.
local function go_on(id)
  local one = sockets[id]
  if not one or one.closed or one.ended then return end
  if one.rest == "" then
    if not core.flag(SILENT) then sys.timerStart(finish, END_AFTER_MS, id) end
    return
  end
  local size = piece_size > 0 and piece_size or #one.rest
  if core.rewrite then one.rest = core.rewrite(one.rest) end
  one.here, one.rest = one.rest:sub(1, size), one.rest:sub(size + 1)
  post(id, RECV, { recv_len = #one.here })
end

local socketcore = { ERR_ENOBUFS = 10 }
function socketcore.sock_conn(kind, address, port)
  core.check(type(address) == "string" and tonumber(port), "sock_conn with wrong arguments")
  last_id = last_id + 1
  sockets[last_id] = { kind = kind, here = "", rest = table.remove(streams, 1) or "" }
  core.sent = ""
  post(last_id, CONN, {})
  if core.speaks_first then go_on(last_id) end
  return last_id
end
function socketcore.sock_send(id, data)
  core.check(sockets[id] and type(data) == "string", "sock_send with wrong arguments")
  core.sent = core.sent .. data
  local bad = sockets[id].closed or sockets[id].ended
  post(id, SEND, { result = bad and 1 or 0, send_len = bad and 0 or #data })
  if bad then return 0, 1 end
  if not (core.speaks_first or sockets[id].asked) then go_on(id) end
  sockets[id].asked = true
  return 1
end
function socketcore.sock_recv(id, limit)
  core.check(sockets[id] and limit >= 0, "sock_recv with wrong arguments")
  local one = sockets[id]
  local taken = one.here:sub(1, limit)
  one.here = one.kind == 1 and "" or one.here:sub(limit + 1)
  if taken ~= "" and one.here == "" then go_on(id) end
  return taken
end
function socketcore.sock_close(id)
  core.check(sockets[id], "sock_close of no socket")
  sockets[id].closed, sockets[id].here = true, ""
  post(id, CLOSE, {})
  return 1
end
function socketcore.sock_destroy() return 1 end
function socketcore.sock_getremainbuf() return 11200 end
package.loaded.socketcore, _G.socketcore = socketcore, socketcore

-- Running -------------------------------------------------------------------------------------------------------------

mock.busy_ms = core.flag(SLOW) and 1000 or 1

-- The modem of a device that is on the network.
local function network(command)
  local answers = {
    ["AT+CIMI"] = "460001234567890\r\n\r\nOK", ["AT+CGDCONT?"] = '+CGDCONT: 1,"IP","cmnet","10.0.0.2",0,0\r\n\r\nOK',
  }
  mock.say("\r\n" .. (answers[command] or "OK") .. "\r\n")
end

-- Starts `fnc` as a task once the link is up.
function core.task(fnc)
  mock.modem = network
  require "socket"
  sys.init(0, 0)
  mock.say('\r\nRDY\r\n\r\n+CPIN: READY\r\n\r\n+CREG: 1,"18be","1234",7\r\n')
  sys.taskInit(function()
    if not socket.isReady() then sys.waitUntil("IP_READY_IND", 60000) end
    core.check(socket.isReady(), "the device of the fuzz target is not on the network")
    fnc()
  end)
end

-- Something to be checked at the end.
function core.finally(fnc) core.finals[#core.finals + 1] = fnc end

function core.run()
  local good, message = pcall(mock.run, 3600000)
  -- ril restarts a device whose modem does not answer.
  if not good and message ~= "restart" then failure = failure or message end
  for _, fnc in ipairs(core.finals) do fnc() end
  if failure then error(failure, 0) end
end

return core
