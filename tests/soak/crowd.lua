-- As many sockets at once as are asked for; each sends a line, gets it back, and is closed. crowd.lua PORT COUNT ROUNDS
-- It stops as cycles.lua does: "at start", then in each round "at open", "at echoed" and "at closed".

local socketcore = require "socketcore"
local rtos = require "rtos"

local port, count, rounds = ...
count, rounds = tonumber(count), tonumber(rounds)
local TCP, PATIENCE_MS = 0, 60000
-- An address of the server for each so many sockets: there are 28,000 local ports towards one, and the last are slow to find.
local SOCKETS_PER_ADDRESS = 10000
-- A listener's queue is no longer than 4096.
local CONNECTING_AT_ONCE = 1000

local function tell_and_wait(where)
  collectgarbage()
  collectgarbage()
  print(("at %s %.0f"):format(where, collectgarbage("count") * 1024))
  io.stdout:flush()
  io.read()
end

local function take(id)
  local message
  repeat
    message = rtos.receive(PATIENCE_MS)
    assert(type(message) == "table", "no message came")
  until message.id ~= rtos.MSG_SOCK_SEND_CNF
  assert(message.id == id and message.result == 0, message.reason)
  return message.socket_index, message.recv_len
end

local function line_of(id) return "socket " .. id .. "\n" end

local function round()
  local ids, ready = {}, 0
  while ready < count do
    while #ids < count and #ids - ready < CONNECTING_AT_ONCE do
      local address = "127.0.0." .. 1 + math.floor(#ids / SOCKETS_PER_ADDRESS)
      ids[#ids + 1] = assert(socketcore.sock_conn(TCP, address, port))
    end
    take(rtos.MSG_SOCK_CONN_CNF)
    ready = ready + 1
  end
  tell_and_wait "open"
  for _, id in ipairs(ids) do assert(socketcore.sock_send(id, line_of(id)) == 1) end
  for _ = 1, count do
    local id, size = take(rtos.MSG_SOCK_RECV_IND)
    assert(socketcore.sock_recv(id, size) == line_of(id), "the echo differs")
  end
  tell_and_wait "echoed"
  for _, id in ipairs(ids) do assert(socketcore.sock_close(id) == 1) end
  for _ = 1, count do assert(socketcore.sock_destroy((take(rtos.MSG_SOCK_CLOSE_CNF))) == 1) end
end

tell_and_wait "start"
for _ = 1, rounds do
  round()
  tell_and_wait "closed"
end
