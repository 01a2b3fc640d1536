-- The benchmarks' work done with luv (libuv from Lua), as its user would: callbacks on the default loop.
local here = arg[0]:match("^(.*/)") or "./"
local common = assert(loadfile(here .. "../common.lua"))(...)
local uv = require "luv"

local port, count, PING, CHUNK = common.port, common.count, common.PING, common.CHUNK

local function connect(address, on_connected)
  local tcp = uv.new_tcp()
  tcp:connect(address, port, function(problem)
    assert(not problem, problem)
    on_connected(tcp)
  end)
end

-- try_write and try_send spare the request and its callback where the kernel takes all at once, as it does with a ping.
local function write(tcp, data)
  local sent = tcp:try_write(data) or 0
  if sent < #data then tcp:write(data:sub(sent + 1)) end
end

local function tcp_echo()
  local sent, done = 0, 0
  for _ = 1, common.connections do
    connect("127.0.0.1", function(tcp)
      tcp:nodelay(true)
      local got = 0
      tcp:read_start(function(problem, data)
        assert(not problem, problem)
        got = got + #data
        if got < #PING then return end
        got = 0
        done = done + 1
        if done == count then return uv.stop() end
        if sent < count then
          sent = sent + 1
          write(tcp, PING)
        end
      end)
      if sent < count then
        sent = sent + 1
        write(tcp, PING)
      end
    end)
  end
  uv.run()
end

local function udp_echo()
  local udp, done = uv.new_udp(), 0
  local function sent(problem) assert(not problem, problem) end
  local function ping()
    if not udp:try_send(PING, nil, nil) then udp:send(PING, nil, nil, sent) end
  end
  udp:connect("127.0.0.1", port)
  udp:recv_start(function(problem, data)
    assert(not problem, problem)
    if not data then return end
    done = done + 1
    if done == count then return uv.stop() end
    ping()
  end)
  ping()
  uv.run()
end

local function receive()
  local left = count
  connect("127.0.0.1", function(tcp)
    tcp:read_start(function(problem, data)
      assert(not problem, problem)
      left = left - #data
      if left == 0 then uv.stop() end
    end)
    write(tcp, common.header)
  end)
  uv.run()
end

local function send()
  local left, under_way = count, 0
  connect("127.0.0.1", function(tcp)
    local function more()
      while under_way < 8 and left > 0 do
        local data = left >= #CHUNK and CHUNK or CHUNK:sub(1, left)
        left = left - #data
        under_way = under_way + 1
        tcp:write(data, function(problem)
          assert(not problem, problem)
          under_way = under_way - 1
          more()
        end)
      end
    end
    tcp:read_start(function() uv.stop() end)
    write(tcp, common.header)
    more()
  end)
  uv.run()
end

local function connects()
  local opened, done = 0, 0
  local function open_next()
    opened = opened + 1
    connect(common.address(opened), function(tcp)
      tcp:read_start(function(problem)
        assert(not problem, problem)
        tcp:close(function()
          done = done + 1
          if done == count then return uv.stop() end
          if opened < count then open_next() end
        end)
      end)
      write(tcp, "?")
    end)
  end
  for _ = 1, math.min(count, common.AT_ONCE) do open_next() end
  uv.run()
end

local held = {}
local function open_idle(wanted)
  local started, done = 0, 0
  local function open_next()
    started = started + 1
    connect("127.0.0.1", function(tcp)
      held[#held + 1] = tcp
      tcp:read_start(function(problem)
        assert(not problem, problem)
        done = done + 1
        if done == wanted then return uv.stop() end
        if started < wanted then open_next() end
      end)
      write(tcp, PING)
    end)
  end
  for _ = 1, math.min(wanted, common.AT_ONCE) do open_next() end
  uv.run()
end

-- luv has no TLS: this is what a script of it starts with.
local function start() connect("127.0.0.1", function() end) end

common.run({
  tcp_echo = tcp_echo, udp_echo = udp_echo, receive = receive, send = send, connects = connects, idle = open_idle,
  tls_start = start,
}, function() return uv.hrtime() / 1e9 end)
