-- The benchmarks' work done with cqueues, and luaossl for TLS, as its user would: a coroutine for each connection.
local here = arg[0]:match("^(.*/)") or "./"
local common = assert(loadfile(here .. "../common.lua"))(...)
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local port, count, PING, CHUNK = common.port, common.count, common.PING, common.CHUNK
local context
if common.tls then
  local ssl_context = require "openssl.ssl.context"
  context = ssl_context.new("TLS", false)
  context:setVerify(ssl_context.VERIFY_NONE)
end

local function fail(_, method, problem) error(method .. ": " .. tostring(problem)) end

-- The buffers of a connection are 4 KiB each way unless told otherwise before it is made (later they only grow): little
-- for bulk, much for ten thousand idle ones.
local function connect(address, options)
  if options.buffer then socket.setbufsiz(options.buffer, options.buffer) end
  local connection = socket.connect {
    host = address, port = port, type = options.type, nodelay = options.nodelay or false,
  }
  connection:onerror(fail)
  connection:setmode("bn", "bn")
  assert(connection:connect())
  if context then assert(connection:starttls(context)) end
  return connection
end

local PROMPT = {nodelay = true}
local BULK = {buffer = #CHUNK, nodelay = common.tls}
local BRIEF = {nodelay = common.tls}
local IDLE = {buffer = #PING, nodelay = common.tls}

local function run(threads, body)
  local loop = cqueues.new()
  for _ = 1, threads do loop:wrap(body) end
  assert(loop:loop())
end

local function tcp_echo()
  local sent = 0
  run(common.connections, function()
    local connection = connect("127.0.0.1", PROMPT)
    while sent < count do
      sent = sent + 1
      connection:write(PING)
      assert(#connection:read(#PING) == #PING)
    end
  end)
end

local function udp_echo()
  run(1, function()
    local connection = connect("127.0.0.1", {type = socket.SOCK_DGRAM})
    local readable = {pollfd = connection:pollfd(), events = "r"}
    for _ = 1, count do
      connection:send(PING, 1, #PING)
      while not connection:recv(-1500) do cqueues.poll(readable) end
    end
  end)
end

local function receive()
  run(1, function()
    local connection, left = connect("127.0.0.1", BULK), count
    connection:write(common.header)
    while left > 0 do left = left - #connection:read(-#CHUNK) end
  end)
end

local function send()
  run(1, function()
    local connection, left = connect("127.0.0.1", BULK), count
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
      local connection = connect(common.address(opened), BRIEF)
      connection:write "?"
      assert(connection:read(1))
      connection:close()
    end
  end)
end

local idle_loop
local function open_idle(wanted)
  idle_loop = idle_loop or cqueues.new()
  local started, done = 0, 0
  local function open_next()
    started = started + 1
    idle_loop:wrap(function()
      local connection = connect("127.0.0.1", IDLE)
      connection:write(PING)
      assert(connection:read(#PING))
      done = done + 1
      if started < wanted then open_next() end
      connection:read(1)
    end)
  end
  for _ = 1, math.min(wanted, common.AT_ONCE) do open_next() end
  while done < wanted do assert(idle_loop:step()) end
end

local function start()
  local loop = cqueues.new()
  loop:wrap(function() connect("127.0.0.1", BRIEF) end)
  assert(loop:step(0))
end

common.run({
  tcp_echo = tcp_echo, udp_echo = udp_echo, receive = receive, send = send, connects = connects, idle = open_idle,
  tls_receive = receive, tls_connects = connects, tls_idle = open_idle, tls_start = start,
}, cqueues.monotime)
