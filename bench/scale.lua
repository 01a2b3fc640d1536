-- The works of bench/scale.py and bench/latency.py done by a Lua script: scale.lua WORK PORT SOCKETS [WINDOW SPREAD ECHOES
-- [TIMERS]], as scale.hpp explains them. All sockets are in one device.
local here = arg[0]:match("^(.*/)") or "./"
local common = assert(loadfile(here .. "common.lua"))(...)
local socketcore = require "socketcore"
local rtos = require "rtos"

local work, port = common.work, common.port
local sockets, window, spread = tonumber((select(3, ...))), tonumber(select(4, ...) or 1), tonumber(select(5, ...) or 1)
local echoes, timers = tonumber(select(6, ...) or 0), tonumber(select(7, ...) or 0)

local CONN_CNF, RECV_IND, CLOSE_IND = rtos.MSG_SOCK_CONN_CNF, rtos.MSG_SOCK_RECV_IND, rtos.MSG_SOCK_CLOSE_IND
local sock_send, sock_recv, receive = socketcore.sock_send, socketcore.sock_recv, rtos.receive
local AT_ONCE, PING = common.AT_ONCE, common.PING

local function next_message()
  local message = receive()
  if message.result ~= 0 and message.id ~= CLOSE_IND then error(message.reason) end
  return message
end

-- A device counts its ids from 0.
local function open(ping)
  local started, done = 0, 0
  while done < sockets do
    while started < sockets and started - done < AT_ONCE do
      assert(socketcore.sock_conn(0, common.address(started), port))
      started = started + 1
    end
    local message = next_message()
    if message.id == CONN_CNF then
      if ping then sock_send(message.socket_index, PING) else done = done + 1 end
    elseif message.id == RECV_IND then
      sock_recv(message.socket_index, message.recv_len)
      done = done + 1
    end
  end
end

local got = {}
local function echo(count)
  local sent, done, size = 0, 0, #PING
  while sent < math.min(count, window) do
    sock_send(sent, PING)
    sent = sent + 1
  end
  while done < count do
    local message = next_message()
    if message.id == RECV_IND then
      local socket = message.socket_index
      local arrived = (got[socket] or 0) + #sock_recv(socket, message.recv_len)
      if arrived == size then
        arrived = 0
        done = done + 1
        if sent < count then
          sent = sent + 1
          sock_send((socket + window) % spread, PING)
        end
      end
      got[socket] = arrived
    end
  end
end

local function reflect()
  while true do
    local message = next_message()
    local id, socket = message.id, message.socket_index
    if id == RECV_IND then
      sock_send(socket, sock_recv(socket, message.recv_len))
    elseif id == CLOSE_IND then
      return
    end
  end
end

-- Deadlines as they come: in no order, far enough that none runs out.
local function arm_timers()
  local HOUR_MS = 3600000
  math.randomseed(1)
  for id = 0, timers - 1 do rtos.timer_start(id, HOUR_MS + math.random(HOUR_MS)) end
end

local function stop_timers()
  for id = 0, timers - 1 do rtos.timer_stop(id) end
end

-- The processor's time and the clock's, since the last call.
local cpu, ticks = os.clock(), rtos.tick()
local function lap()
  local now, tick = os.clock(), rtos.tick()
  local spent, seconds = now - cpu, (tick - ticks) / 16384
  cpu, ticks = now, tick
  return spent, seconds
end

local function warm_up() echo(spread + math.floor(echoes / 10)) end

if work == "open" then
  open(false)
elseif work == "reflect" then
  open(false)
  lap()
  reflect()
elseif work == "echo" then
  open(true)
  warm_up()
  lap()
  echo(echoes)
elseif work == "timers" then
  open(true)
  local before = common.private_dirty()
  lap()
  arm_timers()
  local armed = lap()
  local bytes = common.private_dirty() - before
  lap()
  arm_timers()
  local again = lap()
  warm_up()
  lap()
  echo(echoes)
  local spent, seconds = lap()
  stop_timers()
  print(string.format('{"arm": %.6f, "again": %.6f, "stop": %.6f, "bytes": %.0f, "cpu": %.6f, "seconds": %.6f}',
    armed, again, (lap()), bytes, spent, seconds))
  os.exit(0)
end
print(string.format('{"cpu": %.6f, "seconds": %.6f}', lap()))
io.stdout:flush()
