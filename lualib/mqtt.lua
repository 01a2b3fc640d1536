--- MQTT client (3.1.1 and 3.1) for tasks.
-- One task uses a client. It waits in `receive`, for messages of the broker and of the script alike, and publishes
-- between two calls. A message with QoS 1 or 2 is acknowledged when `receive` hands it out, not before: what the
-- script has not seen, the broker sends again.
-- @module mqtt
-- @usage
-- sys.taskInit(function()
--   while true do
--     while not socket.isReady() do sys.waitUntil("IP_READY_IND", 60000) end
--     local client = mqtt.client(misc.getImei(), 60)
--     if client:connect("broker.example.com", 1883) and client:subscribe("to/me", 1) then
--       while true do
--         local good, data, param = client:receive(60000, "SENSOR")
--         if good then
--           log.info("mqtt", data.topic, data.payload)
--         elseif data == "SENSOR" then
--           if not client:publish("from/me", param, 1) then break end
--         elseif data ~= "timeout" then
--           break
--         end
--       end
--     end
--     client:disconnect()
--     sys.wait(5000)
--   end
-- end)
local rtos = require "rtos"
require "sys"
require "log"
require "socket"

local mqtt = {}
_G.mqtt = mqtt

local byte, char, sub, floor, ceil, tick = string.byte, string.char, string.sub, math.floor, math.ceil, rtos.tick

local TICKS_PER_MS = 16384 / 1000
local COMMAND_TIMEOUT_MS = 60000  -- for the broker's answer to a packet
local LARGEST_PACKET = 0x100000   -- of the broker
local LARGEST_LENGTH = 0xfffffff  -- MQTT's own limit
local LARGEST_CACHE = 0x100000    -- bytes of messages that came while the script waited for something else
local SMALLEST_NEED = 2

local CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 2, 3, 4, 5, 6, 7
local SUBACK, UNSUBACK, PINGRESP = 9, 11, 13
-- The first bytes that a broker may send, PUBLISH apart, and how long the packet is then; false: any length.
local LENGTHS = { [0x20] = 2, [0x40] = 2, [0x50] = 2, [0x62] = 2, [0x70] = 2, [0x90] = false, [0xb0] = 2, [0xd0] = 0 }
local PINGREQ_PACKET, DISCONNECT_PACKET = "\192\0", "\224\0"

local REFUSALS = { "protocol version", "client id", "server unavailable", "user name or password", "not authorized" }

local client = {}
client.__index = client

-- Writing -------------------------------------------------------------------------------------------------------------

local function number(n) return char(floor(n / 256), n % 256) end
local function text(s) return number(#s) .. s end

local function length(n)
  if n < 128 then return char(n) end
  if n < 16384 then return char(n % 128 + 128, floor(n / 128)) end
  local out = ""
  repeat
    local digit = n % 128
    n = floor(n / 128)
    out = out .. char(n > 0 and digit + 128 or digit)
  until n == 0
  return out
end

local function acknowledgement(kind, id)
  return char(kind * 16 + (kind == PUBREL and 2 or 0), 2, floor(id / 256), id % 256)
end

local function flag(value)
  return (value == 1 or value == true or value == "1") and 1 or 0
end

local function check_text(name, value)
  if type(value) ~= "string" or #value > 65535 then error("mqtt: " .. name .. " must be a string below 64 KiB", 3) end
  return value
end

local function connect_packet(self)
  local flags = self.cleanSession * 2
  local payload = text(self.clientId)
  local will = self.will
  if will then
    flags = flags + 4 + (tonumber(will.qos) or 0) * 8 + flag(will.retain) * 32
    payload = payload .. text(will.topic) .. text(will.payload or "")
  end
  if self.username ~= "" then
    flags = flags + 128
    payload = payload .. text(self.username)
    if self.password ~= "" then
      flags = flags + 64
      payload = payload .. text(self.password)
    end
  end
  local protocol = self.version == "3.1" and text("MQIsdp") .. "\3" or text("MQTT") .. "\4"
  local body = protocol .. char(flags) .. number(self.keepAlive) .. payload
  return "\16" .. length(#body) .. body
end

-- A socket of another library may only know how to wait.
local function post(self, packet)
  local io = self.io
  self.sent_at = tick()
  return (io.post or io.send)(io, packet)
end

-- A packet id that no exchange uses.
local function next_id(self)
  repeat self.last_id = self.last_id % 65535 + 1 until not self.releasing[self.last_id]
  return self.last_id
end

-- Reading -------------------------------------------------------------------------------------------------------------

local function fail(self, why)
  if self.io then
    log.warn("mqtt", self.clientId, why)
    local io = self.io
    self.io, self.connected = nil, false
    io:close()
  end
  return nil, "CLOSED"
end

local function feed(self, data)
  local pieces = self.pieces
  if not pieces then
    if self.at > #self.buffer then
      self.buffer, self.at = data, 1
      return
    end
    pieces = { sub(self.buffer, self.at) }
    self.pieces, self.have = pieces, #pieces[1]
  end
  pieces[#pieces + 1] = data
  self.have = self.have + #data
  if self.have >= self.need then
    self.buffer, self.at, self.pieces = table.concat(pieces), 1, nil
  end
end

-- The next packet in the buffer: its first byte and the bounds of its body. Nil if it is not whole yet, and a reason if
-- it never will be.
local function next_packet(self)
  if self.pieces then return nil end
  local buffer, at = self.buffer, self.at
  local head, size = byte(buffer, at, at + 1)
  local exact = head and LENGTHS[head]
  if exact == nil and head and floor(head / 16) ~= PUBLISH then return nil, "a packet of kind " .. head end
  local last, factor = at + 1, 128
  local digit = size
  if digit and digit >= 128 then
    size = digit - 128
    repeat
      last = last + 1
      if last - at > 4 then return nil, "a length that is none" end
      digit = byte(buffer, last)
      if not digit then break end
      size, factor = size + digit % 128 * factor, factor * 128
    until digit < 128
  end
  if not digit then
    self.need = last - at + 1
    return nil
  end
  if size > LARGEST_PACKET or (exact and size ~= exact) then return nil, "a packet of " .. size .. " bytes" end
  if last + size > #buffer then
    self.need = last + size - at + 1
    return nil
  end
  self.at, self.need = last + size + 1, SMALLEST_NEED
  return head, last + 1, last + size
end

local function keep_message(self, head, from, to)
  local buffer = self.buffer
  local qos = floor(head / 2) % 4
  local high, low = byte(buffer, from, from + 1)
  if to - from < 1 or qos == 3 then return "a PUBLISH that is none" end
  local payload = from + 2 + high * 256 + low
  local topic = sub(buffer, from + 2, payload - 1)
  local id
  if qos > 0 then
    if payload + 1 > to then return "a PUBLISH that ends early" end
    high, low = byte(buffer, payload, payload + 1)
    id, payload = high * 256 + low, payload + 2
    if id == 0 then return "a PUBLISH without an id" end
  elseif payload > to + 1 then
    return "a PUBLISH that ends early"
  end
  if qos == 2 and self.received[id] then
    post(self, acknowledgement(PUBREC, id))
    return nil
  end
  local size = to - from + 1
  if self.cached_bytes + size > LARGEST_CACHE then
    if qos > 0 then return "more messages than the script takes" end
    if not self.dropping then
      log.warn("mqtt", self.clientId, "messages of QoS 0 are dropped: the script does not receive")
    end
    self.dropping = true
    return nil
  end
  self.dropping = false
  self.cached_bytes, self.cache_last = self.cached_bytes + size, self.cache_last + 1
  self.cache[self.cache_last] = {
    id = PUBLISH, topic = topic, payload = sub(buffer, payload, to), qos = qos, packetId = id, size = size,
    dup = head % 16 >= 8, retain = head % 2 == 1,
  }
end

-- Deals with one packet. Returns its kind, packet id, and the codes of a SUBACK; or nil and what is wrong with it.
local function handle(self, head, from, to)
  local kind = floor(head / 16)
  if kind == PUBLISH then
    local wrong = keep_message(self, head, from, to)
    if wrong then return nil, wrong end
    return PUBLISH
  end
  if kind == PINGRESP then
    self.pinged_at = nil
    return PINGRESP
  end
  if to - from < 1 then return nil, "a packet of " .. to - from + 1 .. " bytes" end
  local high, low = byte(self.buffer, from, from + 1)
  if kind == CONNACK then return kind, low, high end
  local id, value = high * 256 + low, nil
  if kind == PUBREC then
    -- Only what was published: a broker must not be able to use up the ids.
    if id == self.in_flight then self.releasing[id] = true end
    post(self, acknowledgement(PUBREL, id))
  elseif kind == PUBREL then
    self.received[id] = nil
    post(self, acknowledgement(PUBCOMP, id))
  elseif kind == PUBCOMP then
    self.releasing[id] = nil
  elseif kind == SUBACK then
    value = sub(self.buffer, from + 2, to)
  end
  return kind, id, value
end

-- Sends a PINGREQ if it is time, and gives the time until something is due; 0 and a reason if the broker is silent.
local function keep_alive(self, now)
  if self.keepAlive == 0 then return math.huge end
  local limit = self.keepAlive * 1000 * TICKS_PER_MS
  if self.pinged_at then
    local left = self.pinged_at + limit - now
    if left <= 0 then return 0, "no answer to a ping" end
    return left
  end
  -- A bit early, so that the ping is there in time.
  local left = self.sent_at + limit * 0.9 - now
  if left > 0 then return left end
  self.pinged_at = now
  post(self, PINGREQ_PACKET)
  return limit
end

-- Waits for a packet, handles it, and returns what `handle` does; or nil, "timeout"; nil, `msg` and its parameter; nil,
-- "CLOSED".
local function read(self, deadline, msg)
  while true do
    if not self.io then return nil, "CLOSED" end
    local head, from, to = next_packet(self)
    if head then
      local kind, id, value = handle(self, head, from, to)
      if not kind then return fail(self, "the broker sent " .. id) end
      return kind, id, value
    elseif from then
      return fail(self, "the broker sent " .. from)
    end
    local now = tick()
    local left, wrong = keep_alive(self, now)
    if wrong then return fail(self, wrong) end
    if deadline and deadline - now < left then left = deadline - now end
    if left <= 0 then return nil, "timeout" end
    local good, data, param = self.io:recv(left < math.huge and ceil(left / TICKS_PER_MS) or 0, msg)
    if good then
      feed(self, data)
    elseif msg and data == msg then
      return nil, msg, param
    elseif data ~= "timeout" then
      return fail(self, "the connection has ended")
    end
  end
end

-- Waits for the answer to a packet that was sent. Returns it, or nil.
local function await(self, kind, id)
  local deadline = tick() + COMMAND_TIMEOUT_MS * TICKS_PER_MS
  while true do
    local got, got_id, value = read(self, deadline)
    if not got then
      if got_id == "timeout" then fail(self, "no answer from the broker") end
      return nil
    end
    if got == kind and (not id or got_id == id) then return value or "", got_id end
  end
end

-- For scripts ---------------------------------------------------------------------------------------------------------

--- Makes a client.
-- @param clientId string
-- @param[opt=300] keepAlive seconds between two signs of life, 0: none
-- @param[opt=""] username string
-- @param[opt=""] password string
-- @param[opt=1] cleanSession 0: the broker keeps subscriptions and messages between two connections
-- @param[opt] will table `topic`, `payload`, `qos`, `retain`: what the broker publishes if the client is lost
-- @param[opt="3.1.1"] version "3.1.1" or "3.1"
-- @return the client
-- @usage client = mqtt.client("me", 60, "user", "password", 1, { topic = "gone", payload = "me", qos = 1, retain = 0 })
function mqtt.client(clientId, keepAlive, username, password, cleanSession, will, version)
  if will then check_text("the will's topic", will.topic) end
  keepAlive = tonumber(keepAlive) or 300
  return setmetatable({
    clientId = check_text("clientId", clientId),
    keepAlive = math.min(math.max(floor(keepAlive), 0), 65535),
    username = check_text("username", username or ""),
    password = check_text("password", password or ""),
    cleanSession = (cleanSession == 0 or cleanSession == "0" or cleanSession == false) and 0 or 1,
    will = will,
    version = version or "3.1.1",
    connected = false,
    last_id = 0,
    in_flight = 0,   -- the id of the last QoS 2 message
    releasing = {},  -- ids whose PUBREL the broker has not confirmed
    received = {},   -- ids of QoS 2 messages that were handed out and may come again
    cache = {}, cache_first = 1, cache_last = 0, cached_bytes = 0,
  }, client)
end

-- What is left of an earlier connection: messages stay; those that the broker will send again do not.
local function start_session(self, present)
  local kept, last, bytes = {}, 0, 0
  for at = self.cache_first, self.cache_last do
    local message = self.cache[at]
    if message.qos == 0 or not present then
      message.packetId = nil
      last, bytes = last + 1, bytes + message.size
      kept[last] = message
    end
  end
  self.cache, self.cache_first, self.cache_last, self.cached_bytes = kept, 1, last, bytes
  if not present then
    self.releasing, self.received = {}, {}
  end
  for id in pairs(self.releasing) do post(self, acknowledgement(PUBREL, id)) end
end

--- Connects. An earlier connection of this client is closed first.
-- @param host name or IP address
-- @param port number or string
-- @param[opt="tcp"] transport "tcp" or "tcp_ssl"
-- @param[opt] cert for "tcp_ssl", as in `socket.tcp`
-- @param[opt=120] timeout in seconds, for the connection and again for the broker's answer
-- @return true; or false and the reason
function client:connect(host, port, transport, cert, timeout)
  self:disconnect()
  timeout = timeout or 120
  local io = socket.tcp(transport == "tcp_ssl" or nil, cert)
  if not io:connect(host, port, timeout) then
    io:close()
    return false, "no connection"
  end
  self.io = io
  self.buffer, self.at, self.pieces, self.need, self.pinged_at = "", 1, nil, SMALLEST_NEED, nil
  post(self, connect_packet(self))
  local kind, code, flags = read(self, tick() + timeout * 1000 * TICKS_PER_MS)
  if kind ~= CONNACK or code ~= 0 then
    local why = kind == CONNACK and "refused: " .. (REFUSALS[code] or code) or kind and "not MQTT" or code
    fail(self, "connect: " .. why)
    return false, why
  end
  self.connected = true
  start_session(self, self.cleanSession == 0 and flags % 2 == 1)
  return true
end

-- Sends a packet with an id and waits for its answer.
local function request(self, head, payload, answer)
  if not self.connected or #payload + 2 > LARGEST_LENGTH then return nil end
  local id = next_id(self)
  if not post(self, head .. length(#payload + 2) .. number(id) .. payload) then return nil end
  return await(self, answer, id)
end

--- Subscribes.
-- @param topic string, or table of topic = qos
-- @param[opt=0] qos 0, 1 or 2
-- @return true, or false: the broker refused one of them, or does not answer
-- @usage client:subscribe({ ["to/me"] = 1, ["to/all"] = 0 })
function client:subscribe(topic, qos)
  local topics = type(topic) == "table" and topic or { [topic] = qos or 0 }
  local payload, count = {}, 0
  for name, level in pairs(topics) do
    count = count + 1
    payload[count] = text(check_text("topic", name)) .. char(tonumber(level) or 0)
  end
  local codes = count > 0 and request(self, "\130", table.concat(payload), SUBACK)
  return codes ~= nil and codes ~= false and #codes == count and not codes:find("[\128-\255]")
end

--- Ends subscriptions.
-- @param topic string, or list of strings
-- @return true, or false
function client:unsubscribe(topic)
  local payload = {}
  for at, name in ipairs(type(topic) == "table" and topic or { topic }) do
    payload[at] = text(check_text("topic", name))
  end
  return #payload > 0 and request(self, "\162", table.concat(payload), UNSUBACK) ~= nil
end

--- Publishes. With QoS 1 and 2 it waits until the broker has confirmed.
-- @param topic string
-- @param payload string
-- @param[opt=0] qos 0, 1 or 2
-- @param[opt=0] retain 1: the broker keeps it for later subscribers
-- @return true, or false: the broker may not have it
function client:publish(topic, payload, qos, retain)
  check_text("topic", topic)
  payload, qos = payload or "", tonumber(qos) or 0
  if type(payload) ~= "string" then payload = tostring(payload) end
  if qos ~= 0 and qos ~= 1 and qos ~= 2 then error("mqtt: qos must be 0, 1 or 2", 2) end
  local size = 2 + #topic + #payload + (qos > 0 and 2 or 0)
  if not self.connected or size > LARGEST_LENGTH then return false end
  local head = char(PUBLISH * 16 + qos * 2 + flag(retain))
  if qos == 0 then
    self.sent_at = tick()
    return self.io:send(head .. length(size) .. number(#topic) .. topic .. payload)
  end
  local id = next_id(self)
  if not post(self, head .. length(size) .. number(#topic) .. topic .. number(id) .. payload) then return false end
  if qos == 1 then return await(self, PUBACK, id) ~= nil end
  self.in_flight = id
  return await(self, PUBREC, id) ~= nil and await(self, PUBCOMP, id) ~= nil
end

-- The oldest message that was kept, acknowledged now.
local function next_message(self)
  local first = self.cache_first
  local message = self.cache[first]
  if not message then return nil end
  self.cache[first] = nil
  self.cache_first, self.cached_bytes = first + 1, self.cached_bytes - message.size
  message.size = nil
  local id = message.packetId
  if id and self.io then
    if message.qos == 2 then self.received[id] = true end
    post(self, acknowledgement(message.qos == 2 and PUBREC or PUBACK, id))
  end
  return message
end

--- Waits for a message of the broker, or of the script.
-- @param timeout in milliseconds
-- @param[opt] msg topic of `sys.publish` that ends the wait, as in `socket`'s `recv`
-- @return true and a table `topic`, `payload`, `qos`, `retain`, `dup`; or false and "timeout", `msg` or "CLOSED"
-- @return with `msg`: the message's first parameter
function client:receive(timeout, msg)
  local deadline = timeout and timeout > 0 and tick() + timeout * TICKS_PER_MS or nil
  while true do
    local message = next_message(self)
    if message then return true, message end
    local kind, why, param = read(self, deadline, msg)
    if not kind then return false, why, param end
  end
end

--- Takes leave of the broker and closes the connection. Does nothing if there is none.
function client:disconnect()
  local io = self.io
  if not io then return end
  if self.connected then post(self, DISCONNECT_PACKET) end
  self.io, self.connected = nil, false
  io:close()
end

return mqtt
