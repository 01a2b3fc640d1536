-- Sockets of every kind and fate, WIDTH at a time, and timers beside them, for SECONDS; what comes of each is checked.
-- mixed.lua TCP UDP TLS ENDING RESETTING REFUSING SECONDS WIDTH SEED STOPS: the ports of an echo server, of one that ends
-- each connection, of one that resets each, and one where nobody listens. STOPS times in the run all sockets are closed,
-- and it stops as cycles.lua does: "at 1", "at 2" ...; in the end it says how many of each kind it has had.

local socketcore = require "socketcore"
local rtos = require "rtos"

local arguments = { ... }
for i, text in ipairs(arguments) do arguments[i] = tonumber(text) end
local tcp, udp, tls, ending, resetting, refusing, seconds, width, seed, stops = unpack(arguments)
math.randomseed(seed)

local random = math.random
local TCP, UDP, SSL = 0, 1, 2
local PATIENCE_MS = 120000 -- under valgrind, on a busy machine
local TICKS_PER_SECOND = 16384
local TIMERS, DATAGRAM_TIMER = 50, 1000000 -- a datagram's own timer is this and its socket's id

local jobs, alive = {}, 0 -- by socket id
local counts = {}
local function count(what) counts[what] = (counts[what] or 0) + 1 end

-- ---- Timers: each that was started comes once, and not early; one that was stopped does not come.

local due = {} -- by timer id: the tick before which it must not come
local function start_timer(id, ms)
  due[id] = rtos.tick() + ms * TICKS_PER_SECOND / 1000 -- first: who knows how long the process waits in between
  assert(rtos.timer_start(id, ms) == 1)
end
local function stop_timer(id)
  assert(rtos.timer_stop(id) == 1)
  due[id] = nil
end

-- ---- Kinds of sockets. `begin` is what happens once it is connected; the rest are what messages do.

local text_of = {} -- texts to send, by length
local function text(length)
  length = math.max(1, math.floor(length))
  text_of[length] = text_of[length] or ("0123456789abcdef"):rep(math.ceil(length / 16)):sub(1, length)
  return text_of[length]
end
local LENGTHS = { 1, 64, 1000, 1400, 5000, 20000, 70000 }

local function close(id)
  local job = jobs[id]
  assert(not job.closing and socketcore.sock_close(id) == 1)
  job.closing = true
end

local function over(id)
  assert(socketcore.sock_destroy(id) == 1)
  count(jobs[id].kind)
  jobs[id], alive = nil, alive - 1
end

local function send(id, data)
  assert(socketcore.sock_send(id, data) == 1)
  jobs[id].unconfirmed = jobs[id].unconfirmed + 1
end

local function echo_begin(id)
  local job = jobs[id]
  local pieces = {}
  for i = 1, random(3) do
    pieces[i] = text(LENGTHS[random(#LENGTHS)])
    send(id, pieces[i])
  end
  job.expected, job.have = table.concat(pieces), 0
end

local function echo_received(id, size)
  local job = jobs[id]
  local data = socketcore.sock_recv(id, size)
  assert(#data == size and data == job.expected:sub(job.have + 1, job.have + size), "the echo differs")
  job.have = job.have + size
  if job.have == #job.expected then close(id) end
end

local function no_more() error("no such message was to come", 0) end

local kinds = {
  tcp = { TCP, tcp, begin = echo_begin, received = echo_received },
  tls = { SSL, tls, begin = echo_begin, received = echo_received },
  named = { TCP, tcp, address = "localhost", begin = echo_begin, received = echo_received },
  -- A datagram may be lost; then its timer ends the wait for it.
  udp = {
    UDP, udp,
    begin = function(id)
      jobs[id].expected = text(LENGTHS[random(4)])
      send(id, jobs[id].expected)
      start_timer(DATAGRAM_TIMER + id, 20000)
    end,
    received = function(id, size)
      assert(socketcore.sock_recv(id, size) == jobs[id].expected, "the echo differs")
      stop_timer(DATAGRAM_TIMER + id)
      close(id)
    end,
  },
  refused = { TCP, refusing, fails = true },
  hasty = { TCP, tcp, hasty = true },
  ended = { TCP, ending, begin = function() end, received = function(id, size) socketcore.sock_recv(id, size) end,
    closed = function(message) assert(message.result == 0, message.reason) end },
  reset = { TCP, resetting, begin = function(id) send(id, text(1000)) end,
    closed = function(message) assert(message.error == socketcore.ERR_ERST, message.reason) end },
}
local names = { "tcp", "tcp", "tcp", "tls", "named", "udp", "udp", "refused", "hasty", "ended", "reset" }

local function start_job()
  local name = names[random(#names)]
  local kind = kinds[name]
  local id = assert(socketcore.sock_conn(kind[1], kind.address or "127.0.0.1", kind[2]))
  jobs[id], alive = { kind = name, unconfirmed = 0 }, alive + 1
  if kind.hasty then close(id) end
  start_timer(random(TIMERS), random(2000))
  if random(3) == 1 then stop_timer(random(TIMERS)) end
end

-- ---- Messages.

local on = {}

on[rtos.MSG_SOCK_CONN_CNF] = function(id, kind, message)
  assert((message.result ~= 0) == (kind.fails or false), message.reason)
  if kind.fails then over(id) else kind.begin(id) end
end

on[rtos.MSG_SOCK_SEND_CNF] = function(id, kind, message)
  jobs[id].unconfirmed = jobs[id].unconfirmed - 1
  assert(jobs[id].unconfirmed >= 0, "a send was confirmed twice")
  assert(message.result == 0 or kind == kinds.reset, message.reason)
end

on[rtos.MSG_SOCK_RECV_IND] = function(id, kind, message) (kind.received or no_more)(id, message.recv_len) end

on[rtos.MSG_SOCK_CLOSE_IND] = function(id, kind, message)
  assert(kind.closed, message.reason or "the server has closed it")
  kind.closed(message)
  assert(jobs[id].unconfirmed == 0, "a send was not confirmed")
  close(id)
end

on[rtos.MSG_SOCK_CLOSE_CNF] = function(id, _, message)
  assert(message.result == 0 or jobs[id].kind == "reset", message.reason)
  over(id)
end

local function take()
  local message, timer = rtos.receive(PATIENCE_MS)
  if message == rtos.MSG_TIMER then
    assert(due[timer], "a timer came that was not started")
    assert(rtos.tick() >= due[timer] - 1, "a timer came early")
    due[timer] = nil
    count "timer"
    if timer > DATAGRAM_TIMER then
      count "lost datagram"
      close(timer - DATAGRAM_TIMER)
    end
    return
  end
  assert(type(message) == "table", "no message came")
  local id = message.socket_index
  assert(jobs[id], "a message for a socket that is gone")
  assert(message.id == rtos.MSG_SOCK_CLOSE_CNF or not jobs[id].closing, "a message for a socket that is being closed")
  on[message.id](id, kinds[jobs[id].kind], message)
end

for stop = 1, stops do
  local until_tick = rtos.tick() + seconds / stops * TICKS_PER_SECOND
  while rtos.tick() < until_tick do
    while alive < width do start_job() end
    take()
  end
  while alive > 0 or next(due) do take() end
  jobs, due = {}, {} -- an empty table may still be a large one
  collectgarbage()
  collectgarbage()
  print(("at %d %.0f"):format(stop, collectgarbage("count") * 1024))
  io.stdout:flush()
  io.read()
end

local said = {}
for what, how_many in pairs(counts) do said[#said + 1] = how_many .. " " .. what end
table.sort(said)
print(table.concat(said, ", "))
