--- Websocket client (RFC 6455) for tasks.
-- Either one task drives a connection with `connect`, `recv` and `close`; or `start` does, which keeps a connection up
-- for ever and reports by callbacks. Sending is possible from anywhere once the connection is open.
-- @module websocket
-- @usage
-- local ws = websocket.new("ws://example.com/chat")
-- ws:on("open", function() ws:send("hello", true) end)
-- ws:on("message", function(message) log.info("websocket", message) end)
-- sys.taskInit(ws.start, ws, 60)
require "sys"
require "log"
require "utils"
require "socket"

local websocket = {}
_G.websocket = websocket

local byte, char, floor = string.byte, string.char, math.floor

local GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
local LARGEST_HEAD = 16384       -- of the server's answer to the handshake
local LARGEST_MESSAGE = 0x100000 -- of the server
local CONNECT_TIMEOUT_MS = 20000
local CLOSE_TIMEOUT_MS = 3000
local MASKED = 4096              -- bytes that are masked at a time

local CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
local EVENTS = { open = true, message = true, close = true, error = true, pong = true }

local ws = {}
ws.__index = ws

-- Numbers of its own, for a script may want `math.random` to repeat itself.
local random = (os.time() * 1000 + rtos.tick()) % 2147483646 + 1

local function random_bytes(count)
  local bytes = {}
  for at = 1, count do
    random = random * 16807 % 2147483647
    bytes[at] = char(floor(random / 4096) % 256)
  end
  return table.concat(bytes)
end

local function emit(self, event, ...)
  local callback = self.callbacks[event]
  if callback then callback(...) end
end

--- Makes a websocket; connects nothing yet.
-- @param url `ws[s]://host[:port]/path?query`
-- @param[opt] cert for wss, as in `socket.tcp`
-- @return the websocket, or nil: no such URL
-- @usage ws = websocket.new("wss://example.com/chat", { caCert = "ca.crt" })
function websocket.new(url, cert)
  local scheme, address, path = tostring(url):match("^(wss?)://([^/?#]+)([^#%c ]*)")
  if not scheme then return nil end
  local host, port = address:match("^%[([%x:.]+)%]:?(%d*)$")
  if not host then host, port = address:match("^([^:%[%]%s]+):?(%d*)$") end
  if not host then return nil end
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  return setmetatable({
    secure = scheme == "wss", host = host, address = address, path = path, cert = cert,
    port = port == "" and (scheme == "wss" and 443 or 80) or tonumber(port),
    readyState = "CLOSED", callbacks = {},
  }, ws)
end

--- Sets what is called for an event.
-- @param event "open"; "message" (with the message and whether it is binary); "close" (with code and reason); "error"
-- (with the reason); "pong" (with its data)
-- @param callback function, nil: none
function ws:on(event, callback)
  if not EVENTS[event] then error("websocket: there is no event " .. tostring(event), 2) end
  self.callbacks[event] = callback
end

-- The connection is over. Returns false and the reason.
local function drop(self, why, code)
  local io = self.io
  if not io then return false, why end
  self.io, self.readyState = nil, "CLOSED"
  io:close()
  if why ~= "closed" then
    log.info("websocket", self.host, why)
    emit(self, "error", why)
  end
  emit(self, "close", code or 1006, why)
  return false, why
end

-- Reading -------------------------------------------------------------------------------------------------------------

-- Makes sure that `size` bytes are in the buffer. Nil and "timeout" or "closed" if they do not come.
local function want(self, size, deadline)
  local have = #self.buffer - self.at + 1
  if have >= size then return true end
  local pieces = { self.buffer:sub(self.at) }
  while have < size do
    local left = deadline and deadline - os.clockms() or 0
    local good, data = false, "timeout"
    if not deadline or left > 0 then good, data = self.io:recv(math.ceil(left)) end
    if not good then
      self.buffer, self.at = table.concat(pieces), 1
      return nil, data == "timeout" and "timeout" or "closed"
    end
    pieces[#pieces + 1], have = data, have + #data
  end
  self.buffer, self.at = table.concat(pieces), 1
  return true
end

local function integer(text)
  local value = 0
  for at = 1, #text do value = value * 256 + byte(text, at) end
  return value
end

-- One frame: whether it is final, its kind, its data. Else nil and "timeout", "closed", or what is wrong with it and
-- the code for it. What was read of a frame that is not complete yet stays for the next call.
local function read_frame(self, deadline)
  local good, why = want(self, 2, deadline)
  if not good then return nil, why end
  local first, second = byte(self.buffer, self.at, self.at + 1)
  local final, kind = first >= 128, first % 16
  if first % 128 >= 16 then return nil, "a frame with reserved bits", 1002 end
  if second >= 128 then return nil, "a masked frame", 1002 end
  if kind > PONG or (kind > BINARY and kind < CLOSE) then return nil, "a frame of kind " .. kind, 1002 end
  if kind >= CLOSE and (not final or second > 125) then return nil, "a control frame that is none", 1002 end
  local head, size = 2, second
  if second > 125 then
    head = second == 126 and 4 or 10
    good, why = want(self, head, deadline)
    if not good then return nil, why end
    size = integer(self.buffer:sub(self.at + 2, self.at + head - 1))
  end
  if size > LARGEST_MESSAGE then return nil, "a frame that is too long", 1009 end
  good, why = want(self, head + size, deadline)
  if not good then return nil, why end
  local data = self.buffer:sub(self.at + head, self.at + head + size - 1)
  self.at = self.at + head + size
  return final, kind, data
end

-- Writing -------------------------------------------------------------------------------------------------------------

local function masked(data, key)
  local bxor = bit.bxor
  local k1, k2, k3, k4 = byte(key, 1, 4)
  local out = {}
  for from = 1, #data, MASKED do
    local bytes = { byte(data, from, from + MASKED - 1) }
    for at = 1, #bytes, 4 do
      local b1, b2, b3, b4 = bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]
      bytes[at] = bxor(b1, k1)
      if b2 then bytes[at + 1] = bxor(b2, k2) end
      if b3 then bytes[at + 2] = bxor(b3, k3) end
      if b4 then bytes[at + 3] = bxor(b4, k4) end
    end
    out[#out + 1] = char(unpack(bytes))
  end
  return table.concat(out)
end

local function frame(final, kind, data)
  local first, size = (final and 128 or 0) + kind, #data
  local head
  if size < 126 then
    head = char(first, 128 + size)
  elseif size < 65536 then
    head = char(first, 254, floor(size / 256), size % 256)
  else
    head = char(first, 255, 0, 0, 0, 0, floor(size / 0x1000000) % 256, floor(size / 0x10000) % 256,
      floor(size / 256) % 256, size % 256)
  end
  local key = random_bytes(4)
  return head .. key .. masked(data, key)
end

--- Sends one frame. In a task it waits where the send buffer is full.
-- @param fin true: the last one of a message
-- @param opcode 0x0 continuation, 0x1 text, 0x2 binary, 0x8 close, 0x9 ping, 0xA pong
-- @param[opt=""] data string
-- @return true, or false: not connected
function ws:sendFrame(fin, opcode, data)
  data = data or ""
  if type(opcode) ~= "number" or opcode < 0 or opcode > 15 or opcode % 1 ~= 0 then
    error("websocket: opcode must be 0x0..0xF", 2)
  end
  if opcode >= CLOSE and (not fin or #data > 125) then return false end
  if not self.io or self.readyState ~= "OPEN" and opcode ~= CLOSE then return false end
  local io = self.io
  return (io.post or io.send)(io, frame(fin, opcode, data)) -- a socket of another library may only know how to wait
end

--- Sends a message.
-- @param data string
-- @param[opt] text true: as text, else as binary
-- @return true, or false: not connected
function ws:send(data, text)
  return self:sendFrame(true, text and TEXT or BINARY, data)
end

--- Sends a ping.
-- @param[opt=""] data up to 125 bytes, which come back in the pong
-- @return true, or false
function ws:ping(data)
  return self:sendFrame(true, PING, data)
end

--- Sends a pong.
-- @param[opt=""] data up to 125 bytes
-- @return true, or false
function ws:pong(data)
  return self:sendFrame(true, PONG, data)
end

-- The connection ------------------------------------------------------------------------------------------------------

local function check_answer(self, text, key)
  local status = text:match("^HTTP/1%.1 (%d%d%d)")
  if status ~= "101" then return "the server answers " .. (status or "no HTTP") end
  local fields = {}
  for name, value in text:gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    fields[name:lower()] = value:gsub("[ \t]+$", "")
  end
  local upgrade, connection = (fields.upgrade or ""):lower(), (fields.connection or ""):lower()
  if upgrade ~= "websocket" or not connection:find("upgrade", 1, true) then
    return "the server does not upgrade"
  end
  local digest = crypto.sha1(key .. GUID, #key + #GUID):fromHex()
  if fields["sec-websocket-accept"] ~= crypto.base64_encode(digest, #digest) then return "the server's key is wrong" end
end

local function shake_hands(self, deadline)
  local key = random_bytes(16)
  key = crypto.base64_encode(key, #key)
  local sent = self.io:send("GET " .. self.path .. " HTTP/1.1\r\nHost: " .. self.address ..
    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " .. key ..
    "\r\n\r\n")
  if not sent then return "closed" end
  while true do
    local first, last = self.buffer:find("\r\n\r\n", 1, true)
    if first then
      self.at = last + 1
      return check_answer(self, self.buffer:sub(1, first + 1), key)
    end
    if #self.buffer > LARGEST_HEAD then return "the server's answer is too long" end
    local good, why = want(self, #self.buffer + 1, deadline)
    if not good then return why end
  end
end

--- Connects, and shakes hands.
-- @param[opt=20000] timeout in milliseconds for all of it
-- @return true; or false and the reason
-- @usage while not ws:connect(20000) do sys.wait(2000) end
function ws:connect(timeout)
  if self.io then self:close() end
  timeout = tonumber(timeout) or CONNECT_TIMEOUT_MS
  local deadline = os.clockms() + timeout
  self.readyState, self.buffer, self.at = "CONNECTING", "", 1
  self.fragments, self.kind = nil, nil
  local io = socket.tcp(self.secure, self.cert)
  local why = "no connection"
  if io:connect(self.host, self.port, timeout / 1000) then
    self.io = io
    why = shake_hands(self, deadline)
  end
  if why then
    self.io, self.readyState = nil, "CLOSED"
    io:close()
    log.info("websocket", self.host, why)
    emit(self, "error", why)
    return false, why
  end
  self.readyState = "OPEN"
  emit(self, "open")
  return true
end

local function append(self, data)
  local fragments = self.fragments
  fragments.size = fragments.size + #data
  fragments[#fragments + 1] = data
  return fragments.size <= LARGEST_MESSAGE and #fragments <= LARGEST_MESSAGE / 256
end

-- The server breaks the protocol.
local function protest(self, why, code)
  self:sendFrame(true, CLOSE, char(floor(code / 256), code % 256))
  return drop(self, "the server sent " .. why, code)
end

local function answer_close(self, data)
  local code = #data >= 2 and integer(data:sub(1, 2)) or 1005
  if self.readyState == "OPEN" then self:sendFrame(true, CLOSE, data:sub(1, 2)) end
  local io = self.io
  self.io, self.readyState = nil, "CLOSED"
  io:close()
  emit(self, "close", code, data:sub(3))
  return false, "closed"
end

--- Waits for a message. Answers pings, and calls the callbacks of what comes.
-- @param[opt] timeout in milliseconds; nil: none
-- @return true and the message; or false and "timeout", "closed", or what the server did wrong
-- @return with a message: true if it is binary
function ws:recv(timeout)
  local deadline = timeout and timeout > 0 and os.clockms() + timeout or nil
  while true do
    if not self.io then return false, "closed" end
    self.reading = true
    local final, kind, data = read_frame(self, deadline)
    self.reading = false
    if final == nil then
      if kind == "timeout" then return false, "timeout" end
      if kind == "closed" then return drop(self, "closed") end
      return protest(self, kind, data)
    end
    if kind == PING then
      self:pong(data)
    elseif kind == PONG then
      self.pinged = nil
      emit(self, "pong", data)
    elseif kind == CLOSE then
      return answer_close(self, data)
    else
      if (kind == CONTINUATION) ~= (self.fragments ~= nil) then
        return protest(self, "fragments of two messages", 1002)
      end
      if kind ~= CONTINUATION then self.kind, self.fragments = kind, { size = 0 } end
      if not append(self, data) then return protest(self, "a message that is too long", 1009) end
      if final then
        local message = table.concat(self.fragments)
        self.fragments = nil
        emit(self, "message", message, self.kind == BINARY)
        return true, message, self.kind == BINARY
      end
    end
  end
end

--- Closes: tells the server, waits up to 3 s for its answer, and ends the connection.
-- @param[opt=1000] code number
-- @param[opt=""] reason up to 123 bytes
function ws:close(code, reason)
  if not self.io then return end
  code = code or 1000
  if self.readyState == "OPEN" then
    self:sendFrame(true, CLOSE, char(floor(code / 256), code % 256) .. (reason or ""):sub(1, 123))
    self.readyState = "CLOSING"
    if self.reading then -- another task takes the answer
      local io = self.io
      sys.timerStart(function() if self.io == io then drop(self, "closed") end end, CLOSE_TIMEOUT_MS)
      return
    end
    local deadline = os.clockms() + CLOSE_TIMEOUT_MS
    while coroutine.running() do
      local final, kind = read_frame(self, deadline)
      if final == nil or kind == CLOSE then break end
    end
  end
  local io = self.io
  if not io then return end
  self.io, self.readyState = nil, "CLOSED"
  io:close()
  emit(self, "close", code, reason or "")
end

--- The state of the connection.
-- @return "CONNECTING", "OPEN", "CLOSING" or "CLOSED"
function ws:state()
  return self.readyState
end

--- Whether the connection is open.
-- @return boolean
function ws:online()
  return self.readyState == "OPEN"
end

--- Keeps a connection up, until `websocket.exit`. To be called as a task.
-- @param[opt=300] keepAlive seconds of silence after which the server is pinged; after as many more without an answer
-- the connection counts as lost
-- @param[opt] proc function, called with each message; as the callback of "message"
-- @param[opt=1000] reconnTime pause before connecting again, in milliseconds
-- @usage sys.taskInit(ws.start, ws, 180, function(message) uart.write(1, message) end)
function ws:start(keepAlive, proc, reconnTime)
  keepAlive = (tonumber(keepAlive) or 300) * 1000
  self.ended = false
  if proc then self:on("message", proc) end
  while not self.ended do
    if not socket.isReady() then
      sys.waitUntil("IP_READY_IND", 60000)
    elseif self:connect() then
      self.pinged = nil
      while self.io do
        local good, why = self:recv(keepAlive)
        if good then
          self.pinged = nil
        elseif why == "timeout" then
          if self.pinged or self.readyState ~= "OPEN" then
            drop(self, "no answer to a ping")
          else
            self.pinged = self:ping()
          end
        end
      end
    end
    if not self.ended then sys.wait(reconnTime or 1000) end
  end
end

--- Ends what `start` keeps up, and closes the connection.
-- @param self the websocket
function websocket.exit(self)
  self.ended = true
  self:close(1000)
end

return websocket
