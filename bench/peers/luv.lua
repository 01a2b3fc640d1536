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
          tcp:write(PING)
        end
      end)
      if sent < count then
        sent = sent + 1
        tcp:write(PING)
      end
    end)
  end
  uv.run()
end

local function udp_echo()
  local udp, done = uv.new_udp(), 0
  udp:connect("127.0.0.1", port)
  udp:recv_start(function(problem, data)
    assert(not problem, problem)
    if not data then return end
    done = done + 1
    if done == count then return uv.stop() end
    udp:send(PING, nil, nil, function() end)
  end)
  udp:send(PING, nil, nil, function() end)
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
    tcp:write(common.header)
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
    tcp:write(common.header)
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
      tcp:write("?")
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
      tcp:write(PING)
    end)
  end
  for _ = 1, math.min(wanted, common.AT_ONCE) do open_next() end
  uv.run()
end

local works = {tcp_echo = tcp_echo, udp_echo = udp_echo, receive = receive, send = send, connects = connects}
if common.work == "idle" then
  open_idle(1)
  local before = common.private_dirty()
  open_idle(count)
  common.report_memory(before, common.private_dirty())
else
  local since = uv.hrtime()
  works[common.work]()
  common.report((uv.hrtime() - since) / 1e9)
end
io.stdout:flush()
os.exit(0)
