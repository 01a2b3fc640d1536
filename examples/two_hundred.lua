-- Two hundred connections at once, in one script and one thread: each sends a line to an echo server, checks what comes
-- back and closes.
--
-- usage: two_hundred.lua HOST PORT [COUNT]
--
-- COUNT may be as large as the process may have descriptors (ulimit -n): 10000 work as well.

local socketcore = require "socketcore"
local rtos = require "rtos"

local host, port, count = ...
if not port then
  print("usage: two_hundred.lua HOST PORT [COUNT]     (the server: socketcore echo)")
  os.exit(2)
end
count = tonumber(count or 200)

local TCP, PATIENCE_MS = 0, 30000
local began = rtos.tick()
local connections = {} -- by socket id: what was sent, and what has come back
local open, echoed, closed = 0, 0, 0

local function seconds() return (rtos.tick() - began) / 16384 end

for number = 1, count do
  local id, code = socketcore.sock_conn(TCP, host, port)
  if not id then error(("connection %d: error %d; is ulimit -n large enough?"):format(number, code), 0) end
  connections[id] = { sent = ("this is connection %d of %d\n"):format(number, count), got = "" }
end

-- What each message does. All connections are open before the first one sends.
local on = {}

on[rtos.MSG_SOCK_CONN_CNF] = function()
  open = open + 1
  if open < count then return end
  print(("%d connections are open after %.2f s"):format(open, seconds()))
  for id, connection in pairs(connections) do socketcore.sock_send(id, connection.sent) end
end

on[rtos.MSG_SOCK_SEND_CNF] = function() end

on[rtos.MSG_SOCK_RECV_IND] = function(id, message)
  local connection = connections[id]
  connection.got = connection.got .. socketcore.sock_recv(id, message.recv_len)
  if #connection.got < #connection.sent then return end
  assert(connection.got == connection.sent, "the echo differs")
  echoed = echoed + 1
  if echoed == count then print(("all %d have their own line back after %.2f s"):format(count, seconds())) end
  socketcore.sock_close(id)
end

on[rtos.MSG_SOCK_CLOSE_IND] = function(id) error(("the server has closed connection %d"):format(id), 0) end

on[rtos.MSG_SOCK_CLOSE_CNF] = function(id)
  assert(socketcore.sock_destroy(id) == 1)
  closed = closed + 1
end

while closed < count do
  local message = rtos.receive(PATIENCE_MS)
  if message == rtos.WAIT_MSG_TIMEOUT then error("nothing happened for 30 seconds", 0) end
  if message.result ~= 0 then error(message.reason, 0) end
  on[message.id](message.socket_index, message)
end
print(("all closed after %.2f s"):format(seconds()))
