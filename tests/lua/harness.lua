-- A small harness for scripts. Every message is counted: a test names the ones that it expects, in order, and one that is
-- left over fails it. So does a socket that was not closed and destroyed. After each test everything is collected.
--
--   local harness = require "harness"
--   harness.test("what it shows", function(t)
--     local id = t:connect(harness.TCP, harness.tcp)
--     ...
--     t:close(id)
--   end)
--   harness.finish()
local socketcore = require "socketcore"
local rtos = require "rtos"

local M = {
  TCP = 0, UDP = 1, SSL = 2, RAW = 3,
  HOST = "127.0.0.1",
  -- Ports of the peers, see peers.py, and of the built-in echo server.
  tcp = os.getenv "SC_PEER_TCP",
  udp = os.getenv "SC_PEER_UDP",
  refused = os.getenv "SC_PEER_REFUSED",
  unreachable = os.getenv "SC_PEER_UNREACHABLE",
  full = os.getenv "SC_PEER_FULL",
  echo_tcp = os.getenv "SC_ECHO_TCP",
  echo_udp = os.getenv "SC_ECHO_UDP",
  echo_tls = os.getenv "SC_ECHO_TLS",
}

local WAIT_LIMIT_MS = 10000

local name_of_message = {}
for name, id in pairs(rtos) do
  if name:find "^MSG_SOCK_" then name_of_message[id] = name:sub(10) end
end
local name_of_error = {}
for name, code in pairs(socketcore) do
  if name:find "^ERR_" then name_of_error[code] = name end
end

local function text_of(value)
  if type(value) ~= "table" then return type(value) == "string" and ("%q"):format(value):sub(1, 200) or tostring(value) end
  if name_of_message[value.id] == nil then return tostring(value) end
  local parts = {}
  for key, field in pairs(value) do
    if key == "error" then field = name_of_error[field] or field end
    if key ~= "id" then parts[#parts + 1] = key .. "=" .. tostring(field) end
  end
  table.sort(parts)
  return name_of_message[value.id] .. "{" .. table.concat(parts, " ") .. "}"
end

-- The bytes that the peer's "send N" sends.
local all_bytes = {}
for i = 0, 255 do all_bytes[#all_bytes + 1] = string.char(i) end
all_bytes = table.concat(all_bytes)
function M.pattern(count)
  return all_bytes:rep(math.floor(count / 256) + 1):sub(1, count)
end

function M.read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local Test = {}
Test.__index = Test

local function fail(what, level) error(what, (level or 1) + 2) end

function Test:check(condition, what)
  if not condition then fail(what or "not true") end
  return condition
end

-- Compares numbers, strings and booleans.
function Test:same(actual, expected, what)
  if actual ~= expected then
    fail((what and what .. ": " or "") .. "expected " .. text_of(expected) .. ", got " .. text_of(actual))
  end
end

-- The call must raise a message that has `pattern` in it.
function Test:raises(pattern, call, ...)
  local ok, message = pcall(call, ...)
  if ok then fail("nothing was raised, expected " .. pattern) end
  if not tostring(message):find(pattern) then fail("raised " .. tostring(message) .. ", expected " .. pattern) end
end

-- The results of a call must be exactly these.
function Test:returns(expected, ...)
  local count = select("#", ...)
  if count ~= #expected then fail("expected " .. #expected .. " results, got " .. count) end
  for i = 1, count do
    local actual = select(i, ...)
    local wanted = expected[i]
    if wanted == Test.NIL then wanted = nil end
    if actual ~= wanted then fail("result " .. i .. ": expected " .. text_of(wanted) .. ", got " .. text_of(actual)) end
  end
end
Test.NIL = {}
M.NIL = Test.NIL

-- The next message, a table; a timer's as {timer = id}. Fails after a while.
function Test:next(limit_ms)
  local message, timer = rtos.receive(limit_ms or WAIT_LIMIT_MS)
  if message == rtos.WAIT_MSG_TIMEOUT then fail("no message came in " .. (limit_ms or WAIT_LIMIT_MS) .. " ms", 2) end
  if message == rtos.MSG_TIMER then return {timer = timer} end
  return message
end

-- The next message must be this one of this socket, with these fields among others.
function Test:expect(name, id, fields)
  local message = self:next()
  if name_of_message[message.id] ~= name or message.socket_index ~= id then
    fail("expected " .. name .. " of " .. tostring(id) .. ", got " .. text_of(message))
  end
  local failed = message.result ~= 0
  if message.result ~= 0 and message.result ~= 1 then fail("strange result in " .. text_of(message)) end
  if failed and (type(message.error) ~= "number" or message.error == 0) then fail("no error in " .. text_of(message)) end
  if failed and (type(message.reason) ~= "string" or message.reason == "") then fail("no reason in " .. text_of(message)) end
  if (message.send_len ~= nil) ~= (name == "SEND_CNF") then fail("send_len in " .. text_of(message)) end
  if (message.recv_len ~= nil) ~= (name == "RECV_IND") then fail("recv_len in " .. text_of(message)) end
  for key, wanted in pairs(fields or {result = 0}) do
    if message[key] ~= wanted then fail("expected " .. key .. "=" .. tostring(wanted) .. " in " .. text_of(message)) end
  end
  return message
end

function Test:expect_timer(id)
  local message = self:next()
  if message.timer ~= id then fail("expected timer " .. id .. ", got " .. (message.timer or text_of(message))) end
end

function Test:nothing(ms)
  local message, timer = rtos.receive(ms)
  if message ~= rtos.WAIT_MSG_TIMEOUT then fail("expected nothing, got " .. (timer or text_of(message))) end
end

-- sock_conn to HOST, or as told.
function Test:open(kind, port, address, ...)
  local id, code = socketcore.sock_conn(kind, address or M.HOST, port, ...)
  if not id then fail("sock_conn: " .. tostring(name_of_error[code] or code)) end
  if type(id) ~= "number" or id < 0 or id % 1 ~= 0 then fail("strange id " .. tostring(id)) end
  if self.sockets[id] then fail("id " .. id .. " was given twice") end
  self.sockets[id] = true
  return id
end

function Test:connect(...)
  local id = self:open(...)
  self:expect("CONN_CNF", id)
  return id
end

function Test:send(id, data)
  self:returns({1, 0}, socketcore.sock_send(id, data))
  self:expect("SEND_CNF", id, {result = 0, send_len = #data})
end

-- Reads `count` bytes, message by message.
function Test:read(id, count)
  local parts, have = {}, 0
  while have < count do
    local announced = self:expect("RECV_IND", id).recv_len
    local data = socketcore.sock_recv(id, announced)
    if #data ~= announced then fail("announced " .. announced .. " bytes, read " .. #data) end
    parts[#parts + 1] = data
    have = have + #data
  end
  return table.concat(parts)
end

function Test:destroy(id)
  self:same(socketcore.sock_destroy(id), 1, "sock_destroy")
  self.sockets[id] = nil
end

function Test:close(id, fields)
  self:same(socketcore.sock_close(id), 1, "sock_close")
  self:expect("CLOSE_CNF", id, fields)
  self:destroy(id)
end

-- What the peer tells about a tag, see peers.py.
function Test:report_of(tag)
  local id = self:connect(M.TCP, M.tcp)
  self:send(id, "wait " .. tag .. "\n")
  local text = ""
  repeat
    text = text .. self:read(id, 1)
  until text:find "\n"
  self:close(id)
  local bytes, digest, how = text:match "^(%d+) (%x+) (%a+)\n$"
  return tonumber(bytes), how, digest
end

local function clean_up(t)
  local problems = {}
  for id in pairs(t.sockets) do
    problems[#problems + 1] = "socket " .. id .. " was left open"
    socketcore.sock_close(id)
    repeat
      local message = rtos.receive(WAIT_LIMIT_MS)
    until message == rtos.WAIT_MSG_TIMEOUT or (type(message) == "table" and message.socket_index == id and
      message.id == rtos.MSG_SOCK_CLOSE_CNF)
    socketcore.sock_destroy(id)
  end
  while true do
    local message, timer = rtos.receive(0)
    if message == rtos.WAIT_MSG_TIMEOUT then break end
    problems[#problems + 1] = "left over: " .. (timer and "timer " .. timer or text_of(message))
  end
  return problems
end

local count, failures = 0, 0

function M.test(name, body)
  local t = setmetatable({sockets = {}}, Test)
  local ok, trace = xpcall(function() body(t) end, debug.traceback)
  local left = clean_up(t)
  collectgarbage()
  collectgarbage()
  count = count + 1
  if ok and #left == 0 then
    print("ok " .. count .. " - " .. name)
    return
  end
  failures = failures + 1
  print("not ok " .. count .. " - " .. name)
  if not ok then print("  " .. trace:gsub("\n", "\n  ")) end
  for _, problem in ipairs(ok and left or {}) do print("  " .. problem) end
end

function M.skip(name, why)
  count = count + 1
  print("ok " .. count .. " - " .. name .. " # SKIP " .. why)
end

function M.finish()
  print("1.." .. count)
  io.stdout:flush()
  if failures > 0 then os.exit(1) end
end

return M
