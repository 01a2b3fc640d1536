-- Says "I am here" over UDP at regular times, and prints who answers.
--
-- usage: udp_beacon.lua HOST PORT [COUNT [INTERVAL_MS]]
--
-- HOST may be a broadcast address such as 255.255.255.255: then every machine nearby hears it. Timers and datagrams
-- arrive through the same rtos.receive.

local socketcore = require "socketcore"
local rtos = require "rtos"

local host, port, count, interval_ms = ...
if not port then
  print("usage: udp_beacon.lua HOST PORT [COUNT [INTERVAL_MS]]")
  os.exit(2)
end
count, interval_ms = tonumber(count or 5), tonumber(interval_ms or 1000)

local UDP, BEAT = 1, 1
local id = assert(socketcore.sock_conn(UDP, host, port))
local sent, answers = 0, 0

local function beat()
  sent = sent + 1
  socketcore.sock_send(id, ("beacon %d of %d, tick %.0f"):format(sent, count, rtos.tick()))
  rtos.timer_start(BEAT, interval_ms) -- the last one gives late answers time
end

while true do
  local message = rtos.receive()
  if message == rtos.MSG_TIMER then
    if sent == count then break end
    beat()
  elseif message.id == rtos.MSG_SOCK_CONN_CNF then
    if message.result ~= 0 then error(message.reason, 0) end
    beat()
  elseif message.id == rtos.MSG_SOCK_SEND_CNF and message.result ~= 0 then
    print("nobody listens: " .. message.reason) -- no reason to stop: somebody may, later
  elseif message.id == rtos.MSG_SOCK_RECV_IND then
    answers = answers + 1
    print("answer: " .. socketcore.sock_recv(id, message.recv_len))
  end
end
print(("%d sent, %d answers"):format(sent, answers))
