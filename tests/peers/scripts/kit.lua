-- For the scripts of tests/peers: prints every message as a line of JSON, and does the usual steps of a conversation.
socketcore = require "socketcore"
rtos = require "rtos"

local kit = {quiet = false, patience = 40000}
local kinds = {}
for name, id in pairs(rtos) do
  if type(id) == "number" and name:match("^MSG_SOCK_") then kinds[id] = name:match("^MSG_SOCK_(.*)") end
end
kit.kinds = kinds
local pending = {}  -- messages that came while another one was awaited

local function quote(text)
  return '"' .. text:gsub('[^%w_ !#-/:-@`{|}~]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function json(value)
  if type(value) == "string" then return quote(value) end
  if type(value) ~= "table" then
    if value ~= value or value == 1 / 0 or value == -1 / 0 then return '"' .. tostring(value) .. '"' end
    return tostring(value == nil and "null" or value)
  end
  local parts = {}
  if #value > 0 then
    for _, item in ipairs(value) do parts[#parts + 1] = json(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do parts[#parts + 1] = quote(tostring(key)) .. ":" .. json(item) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function line(kind, name, fields)
  local all = {[kind] = name}
  for key, value in pairs(fields or {}) do all[key] = value end
  io.stdout:write(json(all), "\n")
  io.stdout:flush()
end

-- Tells the test something.
function kit.say(name, fields) line("note", name, fields) end

-- Stops the whole script until the test says go. Nothing moves meanwhile, no input is read.
function kit.pause(name)
  kit.say(name)
  return io.read("*l")
end

function kit.file(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

function kit.seconds() return rtos.tick() / 16384 end

-- The next message, shown; nil if none comes in time. A timer: its id.
function kit.next(ms)
  local message, timer = rtos.receive(ms or kit.patience)
  if type(message) == "table" then
    message.kind = kinds[message.id]
    if not kit.quiet or (message.kind ~= "RECV_IND" and message.kind ~= "SEND_CNF") then
      local shown = {}
      for key, value in pairs(message) do shown[key] = value end
      shown.id, shown.kind = nil, nil
      line("message", message.kind or ("unknown " .. tostring(message.id)), shown)
    end
    return message
  elseif message == rtos.MSG_TIMER then
    if not kit.quiet then line("timer", timer) end
    return timer
  end
  return nil
end

-- The next message of one of these kinds ("CONN_CNF|CLOSE_IND") for this socket; what else comes waits its turn.
function kit.wait(wanted, id, ms)
  local function fits(message)
    return ("|" .. wanted .. "|"):find("|" .. message.kind .. "|", 1, true) and (id == nil or message.socket_index == id)
  end
  for i, message in ipairs(pending) do
    if fits(message) then return table.remove(pending, i) end
  end
  local deadline = kit.seconds() + (ms or kit.patience) / 1000
  while true do
    local left = math.ceil((deadline - kit.seconds()) * 1000)
    local message = left > 0 and kit.next(left) or nil
    if message == nil then
      if ms then return nil end
      error("no " .. wanted .. " for socket " .. tostring(id) .. " came in time", 2)
    end
    if type(message) == "table" then
      if fits(message) then return message end
      pending[#pending + 1] = message
    end
  end
end

-- Shows what else comes within this time.
function kit.watch(ms)
  local deadline = kit.seconds() + ms / 1000
  local count = 0
  while kit.seconds() < deadline do
    if kit.next(math.max(0, math.ceil((deadline - kit.seconds()) * 1000))) then count = count + 1 end
  end
  return count
end

-- Connects and waits: id, CONN_CNF. Or nil and the code.
function kit.open(...)
  local id, code = socketcore.sock_conn(...)
  if id == nil then
    kit.say("refused", {code = code})
    return nil, code
  end
  return id, kit.wait("CONN_CNF", id)
end

-- Connects, and has it that this works.
function kit.connect(...)
  local id, confirmed = kit.open(...)
  if not id then error("sock_conn: nil, " .. tostring(confirmed), 2) end
  if confirmed.result ~= 0 then error("not connected: " .. tostring(confirmed.reason), 2) end
  return id, confirmed
end

function kit.send(id, data)
  local ok, code = socketcore.sock_send(id, data)
  return kit.wait("SEND_CNF", id), ok, code
end

-- Exactly n bytes, or fewer and the CLOSE_IND.
function kit.read(id, n)
  local parts, have = {}, 0
  while have < n do
    local data = socketcore.sock_recv(id, n - have)
    if #data > 0 then
      parts[#parts + 1] = data
      have = have + #data
    else
      local message = kit.wait("RECV_IND|CLOSE_IND", id)
      if message.kind == "CLOSE_IND" then return table.concat(parts), message end
    end
  end
  return table.concat(parts)
end

-- All until the end: the bytes (or their number, if they went into a sink) and the CLOSE_IND.
function kit.read_all(id, sink)
  local parts, total = {}, 0
  local function take(data)
    total = total + #data
    if sink then sink:write(data) else parts[#parts + 1] = data end
  end
  while true do
    local message = kit.wait("RECV_IND|CLOSE_IND", id)
    if message.kind == "CLOSE_IND" then
      repeat
        local data = socketcore.sock_recv(id, 65536)
        take(data)
      until #data == 0
      return sink and total or table.concat(parts), message
    end
    take(socketcore.sock_recv(id, message.recv_len))
  end
end

-- Sends all of `data` in pieces that the send buffer has room for; returns the bytes that were confirmed.
function kit.upload(id, data, piece)
  local at, waiting, confirmed = 1, 0, 0
  local function await()
    local message = kit.wait("SEND_CNF", id)
    if message.result ~= 0 then error("send failed: " .. tostring(message.reason)) end
    waiting, confirmed = waiting - 1, confirmed + message.send_len
  end
  while at <= #data do
    local room = math.min(socketcore.sock_getremainbuf(id), piece or 65536, #data - at + 1)
    if room > 0 then
      local ok, code = socketcore.sock_send(id, data:sub(at, at + room - 1))
      if ok ~= 1 then error("sock_send: " .. tostring(code)) end
      at, waiting = at + room, waiting + 1
    else
      await()
    end
  end
  while waiting > 0 do await() end
  return confirmed
end

-- Closes, waits and frees; returns the CLOSE_CNF.
function kit.close(id)
  local ok = socketcore.sock_close(id)
  local message = kit.wait("CLOSE_CNF", id)
  message.accepted = ok
  kit.say("destroyed", {result = socketcore.sock_destroy(id)})
  return message
end

return kit
