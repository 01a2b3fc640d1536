-- Fetches a page over HTTP and prints its body: http_get.lua HOST [PORT [PATH]]
-- A socket is a number, all that happens to it is a message, one loop takes them.

local socketcore = require "socketcore"
local rtos = require "rtos"

local host, port, path = ...
if not host then
  print("usage: http_get.lua HOST [PORT [PATH]]")
  os.exit(2)
end

local TCP = 0
local request = ("GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n"):format(path or "/", host)
local id = assert(socketcore.sock_conn(TCP, host, port or 80))
local parts = {}

while true do
  local message = rtos.receive(30000)
  if message == rtos.WAIT_MSG_TIMEOUT then error("no answer for 30 seconds") end
  if message.result ~= 0 then error(message.reason, 0) end
  if message.id == rtos.MSG_SOCK_CONN_CNF then
    socketcore.sock_send(id, request)
  elseif message.id == rtos.MSG_SOCK_RECV_IND then
    parts[#parts + 1] = socketcore.sock_recv(id, message.recv_len)
  elseif message.id == rtos.MSG_SOCK_CLOSE_IND then
    socketcore.sock_close(id) -- the server has sent all and said goodbye
  elseif message.id == rtos.MSG_SOCK_CLOSE_CNF then
    break
  end
end
socketcore.sock_destroy(id)

local head, body = table.concat(parts):match("^(.-)\r?\n\r?\n(.*)$")
if not head then error("this is no HTTP: " .. table.concat(parts):sub(1, 60), 0) end
io.stderr:write(head:match("[^\r\n]*"), "\n") -- "HTTP/1.0 200 OK"
io.write(body)
os.exit(head:match("^HTTP/%d%.%d 2%d%d") and 0 or 1)
