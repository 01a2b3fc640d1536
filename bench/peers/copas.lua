-- The benchmarks' work done with copas, LuaSocket and LuaSec, as their user would: a coroutine for each connection.
--
-- copas waits with select(), so a descriptor of 1024 or more ends the program: 1000 connections are as many as it can
-- have. It knows nothing of TLS; LuaSec says "wantread" where LuaSocket says "timeout", and Tls below translates.
local here = arg[0]:match("^(.*/)") or "./"
local common = assert(loadfile(here .. "../common.lua"))(...)
local copas = require "copas"
local socket = require "socket"

local port, count, PING, CHUNK = common.port, common.count, common.PING, common.CHUNK
local READ = 8192  -- LuaSocket's buffer: what is larger is put together of such pieces, which costs more
local context
if common.tls then
  context = assert(require("ssl").newcontext {
    mode = "client", protocol = "any", options = {"no_tlsv1", "no_tlsv1_1"}, verify = "none",
  })
end

copas.autoclose = false  -- or the socket would be closed that a coroutine has waited for last

local function fail(problem)
  io.stderr:write(tostring(problem), "\n")
  os.exit(1)
end

local function spawn(body)
  copas.addthread(function()
    copas.setErrorHandler(fail)  -- the default prints the problem and goes on waiting
    body()
  end)
end

-- copas.loop() never returns, so the steps are taken one by one.
local function run(threads, body)
  local alive = threads
  for _ = 1, threads do
    spawn(function()
      body()
      alive = alive - 1
    end)
  end
  while alive > 0 do copas.step() end
end

local Tls = {}
Tls.__index = Tls

local function translated(result, problem, rest)
  if problem == "wantread" or problem == "wantwrite" then problem = "timeout" end
  return result, problem, rest
end

function Tls:receive(pattern, part)
  if self.ready then return translated(self.tls:receive(pattern, part)) end
  return translated(self.tls:dohandshake())
end
function Tls:send(data, from, to) return translated(self.tls:send(data, from, to)) end
function Tls:getfd() return self.tls:getfd() end
function Tls:dirty() return self.tls:dirty() end
function Tls:close() return self.tls:close() end

local function connect(address, nodelay)
  local tcp = assert(socket.tcp4())
  if nodelay then tcp:setoption("tcp-nodelay", true) end
  local done, problem = copas.connect(tcp, address, port)
  assert(done or problem == "already connected", problem)  -- how LuaSocket puts it when asked again
  if not context then return tcp end
  local connection = setmetatable({tls = assert(require("ssl").wrap(tcp, context)), ready = false}, Tls)
  connection.tls:settimeout(0)
  assert(copas.receive(connection))
  connection.ready = true
  return connection
end

local function tcp_echo()
  local sent = 0
  run(common.connections, function()
    local connection = connect("127.0.0.1", true)
    while sent < count do
      sent = sent + 1
      assert(copas.send(connection, PING))
      assert(copas.receive(connection, #PING))
    end
  end)
end

local function udp_echo()
  run(1, function()
    local udp = assert(socket.udp4())
    udp:settimeout(0)
    assert(udp:setpeername("127.0.0.1", port))
    for _ = 1, count do
      assert(copas.send(udp, PING))
      assert(copas.receive(udp, 1500))
    end
  end)
end

local function receive()
  run(1, function()
    local connection, left = connect("127.0.0.1", common.tls), count
    assert(copas.send(connection, common.header))
    while left > 0 do
      local data, problem, part = copas.receivePartial(connection, READ)
      data = data or part
      if #data == 0 then error(problem) end
      left = left - #data
    end
  end)
end

local function send()
  run(1, function()
    local connection, left = connect "127.0.0.1", count
    assert(copas.send(connection, common.header))
    while left > 0 do
      local data = left >= #CHUNK and CHUNK or CHUNK:sub(1, left)
      assert(copas.send(connection, data))
      left = left - #data
    end
    assert(copas.receive(connection, 1))
  end)
end

local function connects()
  local opened = 0
  run(math.min(count, common.AT_ONCE), function()
    while opened < count do
      opened = opened + 1
      local connection = connect(common.address(opened), common.tls)
      assert(copas.send(connection, "?"))
      assert(copas.receive(connection, 1))
      connection:close()
    end
  end)
end

local function open_idle(wanted)
  local started, done = 0, 0
  local function open_next()
    started = started + 1
    spawn(function()
      local connection = connect("127.0.0.1", common.tls)
      assert(copas.send(connection, PING))
      assert(copas.receive(connection, #PING))
      done = done + 1
      if started < wanted then open_next() end
      copas.receive(connection, 1)
    end)
  end
  for _ = 1, math.min(wanted, common.AT_ONCE) do open_next() end
  while done < wanted do copas.step() end
end

local function start()
  spawn(function() connect("127.0.0.1", common.tls) end)
end

common.run({
  tcp_echo = tcp_echo, udp_echo = udp_echo, receive = receive, send = send, connects = connects, idle = open_idle,
  tls_receive = receive, tls_connects = connects, tls_idle = open_idle, tls_start = start,
}, socket.gettime)
