-- One socket after another: connect, send, receive, close, destroy. cycles.lua KIND PORT STOP...
-- After STOP cycles it prints "at STOP BYTES", BYTES being Lua's own memory, and waits for a line, so that its caller can
-- look at the process. KIND: tcp, udp, ssl, or refused (a port where nobody listens).

local socketcore = require "socketcore"
local rtos = require "rtos"

local kind, port = ...
local stops = { select(3, ...) }
local type_of = { tcp = 0, udp = 1, ssl = 2, refused = 0 }
local PATIENCE_MS = 10000

local function expect(id, socket, result)
  local message = rtos.receive(PATIENCE_MS)
  assert(type(message) == "table", "no message came")
  -- A send's confirmation may come on either side of the answer.
  if message.id == rtos.MSG_SOCK_SEND_CNF and id ~= rtos.MSG_SOCK_SEND_CNF then return expect(id, socket, result) end
  assert(message.id == id and message.socket_index == socket and message.result == result, message.reason)
  return message
end

local function cycle(number)
  local socket = assert(socketcore.sock_conn(type_of[kind], "127.0.0.1", port))
  if kind == "refused" then
    expect(rtos.MSG_SOCK_CONN_CNF, socket, 1)
  else
    expect(rtos.MSG_SOCK_CONN_CNF, socket, 0)
    local data = "cycle " .. number
    assert(socketcore.sock_send(socket, data) == 1)
    local message = expect(rtos.MSG_SOCK_RECV_IND, socket, 0)
    assert(socketcore.sock_recv(socket, message.recv_len) == data)
    assert(socketcore.sock_close(socket) == 1)
    expect(rtos.MSG_SOCK_CLOSE_CNF, socket, 0)
  end
  assert(socketcore.sock_destroy(socket) == 1)
end

local number = 0
for _, stop in ipairs(stops) do
  while number < tonumber(stop) do
    number = number + 1
    cycle(number)
  end
  collectgarbage()
  collectgarbage()
  print(("at %d %.0f"):format(number, collectgarbage("count") * 1024))
  io.stdout:flush()
  io.read()
end
