-- Publishes one message to an MQTT 3.1.1 broker over TLS and waits until the broker has it (QoS 1).
--
-- usage: mqtt_publish_tls.lua HOST PORT TOPIC TEXT [CA_FILE]
--
-- With CA_FILE, the broker's certificate must be signed by one of the CAs in it and bear the name HOST. Without, it is not
-- looked at: what is sent is then secret from listeners, but the broker may be anybody.

local socketcore = require "socketcore"
local rtos = require "rtos"

local host, port, topic, text, ca_file = ...
if not text then
  print("usage: mqtt_publish_tls.lua HOST PORT TOPIC TEXT [CA_FILE]")
  os.exit(2)
end

local SSL, PATIENCE_MS = 2, 15000
local CONNECT, CONNACK, PUBLISH_QOS1, PUBACK, DISCONNECT = 0x10, 0x20, 0x32, 0x40, 0xe0
local PACKET_ID = 1

local function uint16(number) return string.char(math.floor(number / 256), number % 256) end
local function field(data) return uint16(#data) .. data end

-- A packet: its type, its length in groups of seven bits, its content.
local function packet(kind, content)
  local length, bytes = #content, {}
  repeat
    local low = length % 128
    length = math.floor(length / 128)
    bytes[#bytes + 1] = string.char(length > 0 and low + 128 or low)
  until length == 0
  return string.char(kind) .. table.concat(bytes) .. content
end

local function connect_packet()
  -- The time of day and an address of this process's own: the broker throws out one of two clients of the same name.
  local client_id = ("socketcore-%x-%s"):format(os.time(), tostring({}):match("(%x+)$"))
  local clean_session, keep_alive_s = "\2", 60
  return packet(CONNECT, field("MQTT") .. "\4" .. clean_session .. uint16(keep_alive_s) .. field(client_id))
end

-- Takes the first packet off `data`. The broker's answers here are all shorter than 128 bytes.
local function take_packet(data)
  local size = #data >= 2 and 2 + data:byte(2)
  if size and #data >= size then return data:byte(1), data:sub(3, size), data:sub(size + 1) end
end

local cert = {}
if ca_file then
  local file = assert(io.open(ca_file))
  cert.caCert = file:read("*a")
  file:close()
  cert.hostName = host
end
local insist = ca_file and 0 or 1
local id = assert(socketcore.sock_conn(SSL, host, port, cert, nil, insist, nil, 1))

local function on_packet(kind, content)
  if kind == CONNACK then
    local code = content:byte(2)
    if code ~= 0 then error("the broker refused us with code " .. code, 0) end
    print("connected to the broker")
    socketcore.sock_send(id, packet(PUBLISH_QOS1, field(topic) .. uint16(PACKET_ID) .. text))
  elseif kind == PUBACK and content == uint16(PACKET_ID) then
    print(("published %d bytes on %s"):format(#text, topic))
    socketcore.sock_send(id, packet(DISCONNECT, ""))
    socketcore.sock_close(id) -- what was sent still goes out
  else
    error(("unexpected packet of type 0x%02x"):format(kind), 0)
  end
end

local arrived = ""
while true do
  local message = rtos.receive(PATIENCE_MS)
  if message == rtos.WAIT_MSG_TIMEOUT then error("no answer from the broker", 0) end
  if message.result ~= 0 then error(message.reason, 0) end
  if message.id == rtos.MSG_SOCK_CONN_CNF then
    print("TLS is up; certificate: " .. message.verify)
    socketcore.sock_send(id, connect_packet())
  elseif message.id == rtos.MSG_SOCK_RECV_IND then
    arrived = arrived .. socketcore.sock_recv(id, message.recv_len)
    local kind, content, rest = take_packet(arrived)
    while kind do
      arrived = rest
      on_packet(kind, content)
      kind, content, rest = take_packet(arrived)
    end
  elseif message.id == rtos.MSG_SOCK_CLOSE_IND then
    error("the broker has closed the connection", 0)
  elseif message.id == rtos.MSG_SOCK_CLOSE_CNF then
    break
  end
end
socketcore.sock_destroy(id)
