--- TCP, UDP and TLS sockets for tasks.
-- A socket is an object. `connect`, `send`, `recv`, `asyncSelect` and `close` make the calling task wait, never the
-- whole script. Nothing is read from the network before the script asks for it, so a slow script slows its peer down
-- and loses nothing.
-- @module socket
-- @usage
-- sys.taskInit(function()
--     local client = socket.tcp()
--     if client:connect("example.com", 80) and client:send("GET / HTTP/1.0\r\n\r\n") then
--         log.info("answer", client:recv(5000))
--     end
--     client:close()
-- end)
local rtos = require "rtos"
local socketcore = require "socketcore"
require "sys"
require "log"
require "link"

local socket = {}
_G.socket = socket

local sock_send, sock_recv = socketcore.sock_send, socketcore.sock_recv
-- The scheduler's `resume`, which logs the error of a task that fails.
local resume, running, yield = coroutine.resume, coroutine.running, coroutine.yield
local tick = rtos.tick

local TICKS_PER_MS = 16384 / 1000
local PIECE = 11200          -- what every profile's send buffer takes at once
local READ_ALL = 65536       -- more than one announcement or one datagram can be
local CLOSE_LIMIT_MS = 15000 -- more than the core's own limit for a lingering close
local ENOBUFS = socketcore.ERR_ENOBUFS

local sockets = {} -- by socket id, from connect to the confirmation of close
local active = false

--- Whether the data link is up, so that sockets can connect.
-- @function socket.isReady
-- @return boolean
-- @usage while not socket.isReady() do sys.waitUntil("IP_READY_IND") end
socket.isReady = link.isReady

-- Waiting -------------------------------------------------------------------------------------------------------------

-- A slot is where one task waits for one thing. Its timer is armed only if none runs that fires in time, and
-- looks at the deadline when it fires: a loop of short waits starts and stops no timer at all.

local function wake(slot, value)
  local co = slot.co
  if co then
    slot.co, slot.value = nil, value
    resume(co)
  end
end

local function arm(slot, ticks)
  slot.due = tick() + ticks
  slot.timer = sys.timerStart(slot.expire, math.max(1, math.ceil(ticks / TICKS_PER_MS)))
end

local function new_slot()
  local slot = {}
  slot.expire = function()
    slot.due, slot.timer = nil, nil
    if slot.co and slot.deadline then
      local left = slot.deadline - tick()
      if left > 0 then arm(slot, left) else wake(slot, "timeout") end
    end
  end
  return slot
end

local function disarm(slot)
  if slot.timer then
    sys.timerStop(slot.timer)
    slot.due, slot.timer = nil, nil
  end
end

-- What `wake` was given, or "timeout". `deadline` in ticks, nil: never.
local function pause(slot, deadline)
  local co = running()
  assert(co, "socket: this call waits, so it must be made in a task")
  assert(not slot.co, "socket: another task waits for the same thing")
  slot.co, slot.deadline = co, deadline
  if deadline and (not slot.due or slot.due > deadline) then
    disarm(slot)
    arm(slot, deadline - tick())
  end
  repeat yield() until slot.co ~= co
  return slot.value
end

local function deadline_in(ms)
  return ms and ms > 0 and tick() + ms * TICKS_PER_MS or nil
end

-- Objects -------------------------------------------------------------------------------------------------------------

local mt = {}
mt.__index = mt

local function announce_activity()
  local now = false
  for _, one in pairs(sockets) do now = now or one.connected end
  if now ~= active then
    active = now
    sys.publish("SOCKET_ACTIVE", active)
  end
end

-- The connection is of no more use; what has arrived can still be read.
local function break_off(self)
  self.error = true
  if self.connected then
    self.connected = false
    announce_activity()
  end
  wake(self.control, false)
  wake(self.receiver, "closed")
  wake(self.selector, false)
end

local function new(kind, cert, extra)
  return setmetatable({
    kind = kind, -- the core's number
    protocol = kind == 1 and "UDP" or "TCP",
    ssl = kind == 2,
    cert = cert,
    rcvBufferSize = tonumber(type(extra) == "table" and extra.rcvBufferSize) or 0,
    connected = false,
    control = new_slot(),  -- connect and close
    receiver = new_slot(),
    sender = new_slot(),
    selector = new_slot(), -- asyncSelect
    topics = {},           -- messages for recv, by topic
    output = {},           -- pieces of asyncSend
  }, mt)
end

--- Makes a TCP socket.
-- @param[opt] ssl true: with TLS
-- @param[opt] cert with TLS: table of file names `caCert`, `clientCert`, `clientKey` (without a leading / they lie in
-- /lua), `clientPassword`, and `insist` (0: refuse a server that does not verify; default 1), `hostNameFlag` (0: do
-- not tell the server its name; default 1)
-- @param[opt] tCoreExtPara table: `rcvBufferSize` in bytes
-- @return the socket
-- @usage client = socket.tcp(true, { caCert = "ca.crt", insist = 0 })
function socket.tcp(ssl, cert, tCoreExtPara)
  return new(ssl == true and 2 or 0, ssl == true and (cert or {}) or nil, tCoreExtPara)
end

--- Makes a UDP socket.
-- @param[opt] tCoreExtPara table: `rcvBufferSize` in bytes
-- @return the socket
function socket.udp(tCoreExtPara)
  return new(1, nil, tCoreExtPara)
end

-- The cert table of the core: texts instead of file names. nil and a reason if a file cannot be read.
local function cert_texts(cert, address)
  local texts = { hostName = address, clientPassword = cert.clientPassword }
  for _, name in ipairs { "caCert", "clientCert", "clientKey" } do
    local path = cert[name]
    if path then
      if path:sub(1, 1) ~= "/" then path = "/lua/" .. path end
      local file, why = io.open(path, "rb")
      if not file then return nil, why end
      texts[name] = file:read("*a")
      file:close()
    end
  end
  return texts
end

local function open(self, address, port)
  if not self.ssl then
    return socketcore.sock_conn(self.kind, address, port, self.rcvBufferSize)
  end
  local texts, why = cert_texts(self.cert, address)
  if not texts then return nil, why end
  return socketcore.sock_conn(2, address, port, texts, self.rcvBufferSize, tonumber(self.cert.insist) or 1, nil,
    tonumber(self.cert.hostNameFlag) or 1)
end

--- Connects.
-- @param address name or IP address
-- @param port number or string
-- @param[opt=120] timeout in seconds
-- @return true and the socket's id, or false
function mt:connect(address, port, timeout)
  assert(not self.id, "socket:connect: already connected, or connecting")
  if not socket.isReady() then
    log.info("socket.connect", "the data link is down")
    return false
  end
  local id, why = open(self, address, port)
  if not id then
    log.warn("socket.connect", address, port, why)
    sys.publish("LIB_SOCKET_CONNECT_FAIL_IND", self.ssl, self.protocol, address, port)
    return false
  end
  self.id, self.address, self.port, self.closing = id, address, port, nil
  self.error, self.ended, self.available, self.told, self.reason = false, false, nil, nil, nil
  self.pending, self.first, self.last = {}, 1, 0 -- who waits for which sock_send, in order
  sockets[id] = self
  local result = pause(self.control, deadline_in((timeout or 120) * 1000))
  if result == true then return true, id end
  log.info("socket.connect", address, port, "failed:", self.reason or result or "closed")
  sys.publish("LIB_SOCKET_CONNECT_FAIL_IND", self.ssl, self.protocol, address, port)
  if self.id then self:close() end
  return false
end

-- Sending -------------------------------------------------------------------------------------------------------------

local function expect(self, waiter)
  local last = self.last + 1
  self.last, self.pending[last] = last, waiter
  return last
end

local function send_piece(self, piece, deadline)
  local slot = self.sender.co and new_slot() or self.sender
  while self.connected do
    local accepted, code = sock_send(self.id, piece)
    local turn = expect(self, slot)
    local result = pause(slot, deadline)
    if result == true then return true end
    if result == "timeout" then
      self.pending[turn] = false
      return false
    end
    -- Refused because earlier calls filled the buffer: their confirmations came before this one's.
    if accepted == 1 or code ~= ENOBUFS then return false end
  end
  return false
end

--- Sends, and waits until the network has taken it.
-- @param data string; on UDP one datagram
-- @param[opt=120] timeout in seconds
-- @return true, or false: not sent, or only in part
function mt:send(data, timeout)
  if not self.connected then return false end
  local deadline = deadline_in((timeout or 120) * 1000)
  local size = self.kind == 1 and math.max(1, #data) or PIECE
  for from = 1, math.max(1, #data), size do
    local piece = #data <= size and data or data:sub(from, from + size - 1)
    if not send_piece(self, piece, deadline) then
      log.info("socket.send", self.address, self.port, "failed")
      sys.publish("LIB_SOCKET_SEND_FAIL_IND", self.ssl, self.protocol, self.address, self.port, #data)
      return false
    end
  end
  return true
end

--- Hands data over without waiting, as long as the send buffer has room; else as `send`.
-- That it could not be delivered shows when the connection ends.
-- @param data string
-- @return true, or false: not connected, or `send` failed
function mt:post(data)
  if not self.connected then return false end
  local accepted = sock_send(self.id, data)
  expect(self, false)
  if accepted == 1 then return true end
  return self:send(data)
end

-- Receiving -----------------------------------------------------------------------------------------------------------

-- What has arrived, or nil.
local function take(self)
  local available = self.available
  if not available then return nil end
  local data = sock_recv(self.id, self.kind == 1 and READ_ALL or available)
  if not self.ended or data == "" then self.available = nil end
  if data == "" and (self.ended or self.kind ~= 1) then return nil end
  return data
end

local function listen(self, topic)
  local queue = { first = 1, last = 0 }
  queue.hear = function(param)
    queue.last = queue.last + 1
    queue[queue.last] = param == nil and "" or param
    if self.receiver.topic == topic then wake(self.receiver, "message") end
  end
  self.topics[topic] = queue
  sys.subscribe(topic, queue.hear)
  return queue
end

local function next_message(queue)
  local param = queue[queue.first]
  queue[queue.first] = nil
  queue.first = queue.first + 1
  return param
end

--- Waits for data, for a message of the script, or for the end of the connection.
-- Messages with the topic `msg` that are published between two calls are kept, and given one per call.
-- @param[opt=0] timeout in milliseconds, 0: no limit
-- @param[opt] msg topic of `sys.publish` that ends the wait
-- @param[opt] msgNoResume true: keep such messages for a later call instead
-- @return true and the data (on UDP one datagram); or false and "timeout", `msg` or "CLOSED"
-- @return with `msg`: the message's first parameter, "" if it has none
function mt:recv(timeout, msg, msgNoResume)
  local queue = msg and (self.topics[msg] or listen(self, msg))
  if msgNoResume then queue = nil end
  local receiver, deadline = self.receiver, nil
  while true do
    -- Turn and turn about, so that neither a flood of data nor one of messages shuts out the other.
    if queue and not self.told and queue.first <= queue.last then
      self.told = true
      return false, msg, next_message(queue)
    end
    self.told = false
    local data = take(self)
    if data then return true, data end
    if not queue or queue.first > queue.last then
      if self.error or not self.id then return false, "CLOSED" end
      deadline = deadline or deadline_in(timeout)
      receiver.topic = queue and msg
      local why = pause(receiver, deadline)
      receiver.topic = nil
      if why == "timeout" then return false, "timeout" end
    end
  end
end

--- Sets a function that is called as soon as data arrives, instead of a waiting task.
-- @param rcvCbFnc called with a function `read(id, length)`, the socket's id and the number of bytes; returns true if
-- it has read them, else they stay for `recv`. nil: none
-- @usage
-- client:setRcvProc(function(read, id, length)
--     file:write(read(id, length))
--     return true
-- end)
function mt:setRcvProc(rcvCbFnc)
  self.rcvProc = rcvCbFnc
end

-- Asynchronous use: one task lives in asyncSelect, everybody else calls asyncSend and asyncRecv -----------------------

--- Queues data for the task in `asyncSelect`. Waits for nothing; may be called from anywhere.
-- @param data string
-- @param[opt] timeout in seconds for each piece that is sent
-- @return true, or false: the connection is gone
function mt:asyncSend(data, timeout)
  if self.error or not self.id then return false end
  self.output[#self.output + 1] = data or ""
  self.sendTimeout = timeout
  wake(self.selector, true)
  return true
end

--- How many calls of `asyncSend` wait to be sent.
-- @return number
function mt:getAsyncSend()
  return self.error and 0 or #self.output
end

--- Takes what has arrived, without waiting. Each arrival publishes SOCKET_RECV with the socket's id.
-- @return string, "" if nothing has
-- @usage
-- sys.subscribe("SOCKET_RECV", function(id)
--     if client.id == id then log.info("received", client:asyncRecv()) end
-- end)
function mt:asyncRecv()
  return take(self) or ""
end

--- Sends what `asyncSend` queued, then waits for more, or for the end of the connection.
-- @param[opt] keepAlive in seconds: after so long without anything to send, sends `pingreq`
-- @param[opt="\0"] pingreq string, or a function that is called instead
-- @return true: call again; false: the connection is gone
-- @usage while client:asyncSelect(60, "ping") do end
function mt:asyncSelect(keepAlive, pingreq)
  if not self.connected then return false end
  local sent = false
  while #self.output > 0 do
    local data = table.concat(self.output)
    self.output = {}
    if not self:send(data, self.sendTimeout) then return false end
    sent = true
  end
  if sent then sys.publish("SOCKET_SEND", self.id, true) end
  if not self.connected then return false end
  keepAlive = tonumber(keepAlive) or 0
  local result = pause(self.selector, deadline_in(keepAlive * 1000))
  if result == "timeout" then
    if type(pingreq) == "function" then
      pingreq()
    else
      self.output[#self.output + 1] = pingreq or "\0"
    end
    return true
  end
  return result
end

--- Closes, and waits until what was sent is delivered (at most 15 s). Outside of a task it does not wait.
-- The object can connect again afterwards.
function mt:close()
  for topic, queue in pairs(self.topics) do
    sys.unsubscribe(topic, queue.hear)
  end
  self.topics, self.output = {}, {}
  local id = self.id
  if not id then return end
  local address, port, pending, first, last = self.address, self.port, self.pending, self.first, self.last
  self.id, self.available, self.closing = nil, nil, id
  self.pending, self.first, self.last = {}, 1, 0
  socketcore.sock_close(id)
  -- From here on others run, who may connect it again.
  break_off(self)
  for turn = first, last do
    if pending[turn] then wake(pending[turn], false) end
  end
  if running() and self.closing == id then pause(self.control, deadline_in(CLOSE_LIMIT_MS)) end
  if not self.id then
    for _, slot in ipairs { self.control, self.receiver, self.sender, self.selector } do disarm(slot) end
  end
  sys.publish("LIB_SOCKET_CLOSE_IND", self.ssl, self.protocol, address, port)
end

-- The core's messages -------------------------------------------------------------------------------------------------

rtos.on(rtos.MSG_SOCK_CONN_CNF, function(message)
  local id = message.socket_index
  local self = sockets[id]
  if not self or self.id ~= id then return end
  if message.result == 0 then
    self.connected = true
    announce_activity()
    wake(self.control, true)
  else
    sockets[id], self.id = nil, nil
    self.error, self.reason = true, message.reason
    socketcore.sock_destroy(id)
    wake(self.control, false)
  end
end)

rtos.on(rtos.MSG_SOCK_SEND_CNF, function(message)
  local self = sockets[message.socket_index]
  if not self or self.id ~= message.socket_index or self.first > self.last then return end
  local first = self.first
  local waiter = self.pending[first]
  self.pending[first], self.first = nil, first + 1
  if waiter then wake(waiter, message.result == 0) end
end)

rtos.on(rtos.MSG_SOCK_RECV_IND, function(message)
  local id = message.socket_index
  local self = sockets[id]
  if not self or self.id ~= id then return end
  if self.rcvProc and self.rcvProc(sock_recv, id, message.recv_len) then return end
  self.available = message.recv_len
  if self.receiver.co then
    wake(self.receiver, "data")
  else
    sys.publish("SOCKET_RECV", id)
  end
end)

rtos.on(rtos.MSG_SOCK_CLOSE_IND, function(message)
  local self = sockets[message.socket_index]
  if not self or self.id ~= message.socket_index then return end
  self.ended, self.available, self.reason = true, READ_ALL, message.reason
  break_off(self)
end)

rtos.on(rtos.MSG_SOCK_CLOSE_CNF, function(message)
  local id = message.socket_index
  local self = sockets[id]
  socketcore.sock_destroy(id)
  if not self then return end
  sockets[id] = nil
  -- It may have given up waiting, and be connecting again.
  if self.closing == id then
    self.closing = nil
    wake(self.control, true)
  end
end)

-- The link is gone, and with it every connection.
sys.subscribe("IP_ERROR_IND", function()
  local all = {}
  for _, one in pairs(sockets) do all[#all + 1] = one end
  for _, one in ipairs(all) do
    if one.id then
      one.reason = "the data link is down"
      break_off(one)
    end
  end
end)

-- Settings of the modem -----------------------------------------------------------------------------------------------

--- Sets how often and how long TCP repeats what is not acknowledged.
-- @param[opt=4] retryCnt 0..12
-- @param[opt=16] retryMaxTimeout longest pause between two tries, 1..16 seconds
function socket.setTcpResendPara(retryCnt, retryMaxTimeout)
  ril.request(string.format("AT+TCPUSERPARAM=6,%d,7200,%d", retryCnt or 4, retryMaxTimeout or 16))
end

--- Sets how often and how long a name is asked for.
-- @param[opt=4] retryCnt 1..5
-- @param[opt=4] retryTimeoutMulti factor of the pause between two tries, 1..5
function socket.setDnsParsePara(retryCnt, retryTimeoutMulti)
  ril.request(string.format("AT*DNSTMOUT=%d,%d", retryCnt or 4, retryTimeoutMulti or 4))
end

--- Sets how soon the radio goes to sleep after data.
-- @param[opt] tm seconds
function socket.setLowPower(tm)
  ril.request("AT*RTIME=" .. string.format("%d", tm or 5))
end

--- Logs the state of every socket.
function socket.printStatus()
  for id, one in pairs(sockets) do
    log.info("socket.printStatus", id, one.protocol, one.ssl and "ssl" or "", one.address, one.port,
      one.connected and "connected" or "not connected")
  end
end

return socket
