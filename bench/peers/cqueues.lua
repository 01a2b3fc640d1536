-- The benchmarks' work done with cqueues, and luaossl for TLS, as its user would: a coroutine for each connection.
local here = arg[0]:match("^(.*/)") or "./"
local common = assert(loadfile(here .. "../common.lua"))(...)
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local port, count, PING, CHUNK = common.port, common.count, common.PING, common.CHUNK
local tls = common.work:find "^tls_" ~= nil
local context
if tls then
  context = require("openssl.ssl.context").new("TLS", false)
  context:setVerify(require("openssl.ssl.context").VERIFY_NONE)
end

local function connect(address, kind)
  local connection = socket.connect {host = address, port = port, type = kind, nodelay = kind == nil}
  connection:onerror(function(_, method, problem) error(method .. ": " .. tostring(problem)) end)
  connection:setmode("bn", "bn")
  assert(connection:connect())
  if tls then assert(connection:starttls(context)) end
  return connection
end

local function run(threads, body)
  local loop = cqueues.new()
  for _ = 1, threads do loop:wrap(body) end
  assert(loop:loop())
end

local function tcp_echo()
  local sent = 0
  run(common.connections, function()
    local connection = connect "127.0.0.1"
    while sent < count do
      sent = sent + 1
      connection:write(PING)
      assert(#connection:read(#PING) == #PING)
    end
  end)
end

local function udp_echo()
  run(1, function()
    local connection = connect("127.0.0.1", socket.SOCK_DGRAM)
    for _ = 1, count do
      connection:send(PING, 1, #PING)
      while not connection:recv(-1500) do cqueues.poll {pollfd = connection:pollfd(), events = "r"} end
    end
  end)
end

local function receive()
  run(1, function()
    local connection, left = connect "127.0.0.1", count
    connection:write(common.header)
    while left > 0 do left = left - #connection:read(-65536) end
  end)
end

local function send()
  run(1, function()
    local connection, left = connect "127.0.0.1", count
    connection:write(common.header)
    while left > 0 do
      local data = left >= #CHUNK and CHUNK or CHUNK:sub(1, left)
      connection:write(data)
      left = left - #data
    end
    assert(connection:read(1))
  end)
end

local function connects()
  local opened = 0
  run(math.min(count, common.AT_ONCE), function()
    while opened < count do
      opened = opened + 1
      local connection = connect(common.address(opened))
      connection:write "?"
      assert(connection:read(1))
      connection:close()
    end
  end)
end

local held = {}
local function open_idle(wanted)
  local started = 0
  run(math.min(wanted, common.AT_ONCE), function()
    while started < wanted do
      started = started + 1
      local connection = connect "127.0.0.1"
      held[#held + 1] = connection
      connection:write(PING)
      assert(connection:read(#PING))
    end
  end)
end

local works = {tcp_echo = tcp_echo, udp_echo = udp_echo, receive = receive, send = send, connects = connects,
               tls_receive = receive, tls_connects = connects}
if common.work:find "idle$" then
  open_idle(1)
  local before = common.private_dirty()
  open_idle(count)
  common.report_memory(before, common.private_dirty())
else
  local since = cqueues.monotime()
  works[common.work]()
  common.report(cqueues.monotime() - since)
end
io.stdout:flush()
os.exit(0)
