-- The benchmarks' work done by a Lua script. lua_client.lua WORK PORT COUNT [CONNECTIONS]
-- Runs in luajit, lua5.1 and the runner. Written as a script would be that cares for its speed: what the loop uses is
-- local, and messages are told apart by numbers.

local here = arg[0]:match("^(.*/)") or "./"
local common = assert(loadfile(here .. "common.lua"))(...)
local socketcore = require "socketcore"
local rtos = require "rtos"

local port, count, connections = common.port, common.count, common.connections

local TCP, UDP, SSL = 0, 1, 2
local CONN_CNF, SEND_CNF = rtos.MSG_SOCK_CONN_CNF, rtos.MSG_SOCK_SEND_CNF
local RECV_IND, CLOSE_CNF = rtos.MSG_SOCK_RECV_IND, rtos.MSG_SOCK_CLOSE_CNF
local sock_send, sock_recv, receive = socketcore.sock_send, socketcore.sock_recv, rtos.receive

local AT_ONCE, PING, CHUNK = common.AT_ONCE, common.PING, common.CHUNK

local function open(kind, last_part)
  return assert(socketcore.sock_conn(kind, "127.0.0." .. (last_part or 1), port))
end

local function next_message()
  local message = receive()
  if message.result ~= 0 then error(message.reason) end
  return message
end

local function echo(kind)
  for _ = 1, connections do open(kind) end
  local got, sent, done = {}, 0, 0
  local size = #PING
  while done < count do
    local message = next_message()
    local id, socket = message.id, message.socket_index
    if id == RECV_IND then
      local arrived = (got[socket] or 0) + #sock_recv(socket, message.recv_len)
      if arrived == size then
        arrived = 0
        done = done + 1
        if sent < count then
          sent = sent + 1
          sock_send(socket, PING)
        end
      end
      got[socket] = arrived
    elseif id == CONN_CNF and sent < count then
      sent = sent + 1
      sock_send(socket, PING)
    end
  end
end

local function receive_bulk(kind)
  local socket = open(kind)
  local left = count
  while left > 0 do
    local message = next_message()
    if message.id == RECV_IND then
      left = left - #sock_recv(socket, message.recv_len)
    elseif message.id == CONN_CNF then
      sock_send(socket, common.header)
    end
  end
end

local function send_bulk()
  local socket = open(TCP)
  local left, unconfirmed = count, 0
  while true do
    local message = next_message()
    if message.id == RECV_IND then break end
    if message.id == CONN_CNF then
      sock_send(socket, common.header)
      unconfirmed = 1
    elseif message.id == SEND_CNF then
      unconfirmed = unconfirmed - 1
    end
    while unconfirmed < 8 and left > 0 do
      local data = left >= #CHUNK and CHUNK or CHUNK:sub(1, left)
      assert(sock_send(socket, data) == 1)
      left = left - #data
      unconfirmed = unconfirmed + 1
    end
  end
end

local function connects(kind)
  local opened, done = 0, 0
  local function open_next()
    open(kind, 1 + opened % 16)
    opened = opened + 1
  end
  while opened < math.min(count, AT_ONCE) do open_next() end
  while done < count do
    local message = next_message()
    local id, socket = message.id, message.socket_index
    if id == CONN_CNF then
      sock_send(socket, "?")
    elseif id == RECV_IND then
      sock_recv(socket, message.recv_len)
      socketcore.sock_close(socket)
    elseif id == CLOSE_CNF then
      socketcore.sock_destroy(socket)
      done = done + 1
      if opened < count then open_next() end
    end
  end
end

local function open_idle(kind, wanted)
  local started, done = 0, 0
  while done < wanted do
    while started < wanted and started - done < AT_ONCE do
      open(kind)
      started = started + 1
    end
    local message = next_message()
    if message.id == CONN_CNF then
      sock_send(message.socket_index, PING)
    elseif message.id == RECV_IND then
      sock_recv(message.socket_index, message.recv_len)
      done = done + 1
    end
  end
end

local works = {
  tcp_echo = function() echo(TCP) end,
  udp_echo = function() echo(UDP) end,
  receive = function() receive_bulk(TCP) end,
  send = send_bulk,
  connects = function() connects(TCP) end,
  idle = function(wanted) open_idle(TCP, wanted) end,
  tls_receive = function() receive_bulk(SSL) end,
  tls_connects = function() connects(SSL) end,
  tls_idle = function(wanted) open_idle(SSL, wanted) end,
  tls_start = function() open(SSL) end,
}

common.run(works, function() return rtos.tick() / 16384 end)
