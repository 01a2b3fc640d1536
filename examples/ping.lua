-- Asks an IPv4 host for ICMP echoes through a RAW socket.
--
-- usage: ping.lua HOST [COUNT [INTERVAL_MS]]
--
-- RAW sockets need a privilege (CAP_NET_RAW). A RAW socket gets every ICMP packet of its peer, IP header included, so
-- ours are told from the others by an identifier.

local socketcore = require "socketcore"
local rtos = require "rtos"

local host, count, interval_ms = ...
if not host then
  print("usage: ping.lua HOST [COUNT [INTERVAL_MS]]")
  os.exit(2)
end
count, interval_ms = tonumber(count or 4), tonumber(interval_ms or 1000)

local RAW, ICMP, NEXT = 3, 1, 1
local ECHO_REPLY = 0
local TICKS_PER_MS = 16.384

local function uint16(number) return string.char(math.floor(number / 256), number % 256) end

-- RFC 1071: the sum of all 16-bit words, carries added back in, inverted.
local function checksum(data)
  local sum = 0
  for i = 1, #data, 2 do sum = sum + data:byte(i) * 256 + (data:byte(i + 1) or 0) end
  while sum > 0xffff do sum = sum % 0x10000 + math.floor(sum / 0x10000) end
  return uint16(0xffff - sum)
end

-- The time of day and an address of this process's own: two pings at once must not take each other's answers.
local identifier = uint16(math.floor(os.time() * 16 + tonumber(tostring({}):match("(%x+)$"), 16) / 16) % 0x10000)
local sent, received, sent_at = 0, 0, {}
local id = assert(socketcore.sock_conn(RAW, host, ICMP))

local function ask()
  sent = sent + 1
  local rest = identifier .. uint16(sent) .. ("socketcore "):rep(5)
  sent_at[sent] = rtos.tick()
  socketcore.sock_send(id, "\8\0" .. checksum("\8\0\0\0" .. rest) .. rest)
  rtos.timer_start(NEXT, interval_ms)
end

local function on_packet(packet)
  local header = packet:byte(1) % 16 * 4
  local icmp = packet:sub(header + 1)
  if icmp:byte(1) ~= ECHO_REPLY or icmp:sub(5, 6) ~= identifier or checksum(icmp) ~= "\0\0" then return end
  local number = icmp:byte(7) * 256 + icmp:byte(8)
  if not sent_at[number] then return end
  received = received + 1
  print(("%d bytes from %d.%d.%d.%d: number %d, %.2f ms"):format(#icmp, packet:byte(13), packet:byte(14), packet:byte(15),
    packet:byte(16), number, (rtos.tick() - sent_at[number]) / TICKS_PER_MS))
end

while true do
  local message = rtos.receive()
  if message == rtos.MSG_TIMER then
    if sent == count then break end
    ask()
  elseif message.id == rtos.MSG_SOCK_CONN_CNF then
    if message.result ~= 0 then error(message.reason, 0) end
    ask()
  elseif message.id == rtos.MSG_SOCK_RECV_IND then
    on_packet(socketcore.sock_recv(id, message.recv_len))
    if received == count then break end
  end
end
print(("%d sent, %d received"):format(sent, received))
os.exit(received > 0 and 0 or 1)
