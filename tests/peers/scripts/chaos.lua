-- Makes random calls in every state, on good and bad ids, and checks each result and message against the contract.
-- Arguments: seed, seconds, profile, ports: echo, echo over TLS, chaos, chaos over TLS, refused, UDP echo, UDP dead.
local kit = require "kit"
local seed, seconds, profile = tonumber(arg[1]), tonumber(arg[2]), arg[3]
local port = {}
for i, name in ipairs {"echo", "echo_tls", "chaos", "chaos_tls", "refused", "udp", "udp_dead"} do
  port[name] = tonumber(arg[3 + i])
end
local device = profile == "air724u"
local most, announcement, room = device and 10 or 25, device and 2048 or 65536, device and 11200 or 1048576

-- A generator of our own: the interpreters' differ.
local state = seed
local function random(n)
  state = (state * 16807) % 2147483647
  return state % n
end
local function one_of(list) return list[random(#list) + 1] end

local logs = {}  -- what happened to each id, for the eyes
local function note(id, ...)
  local parts = {...}
  for i = 1, select("#", ...) do parts[i] = tostring(parts[i]) end
  logs[id] = logs[id] or {}
  table.insert(logs[id], ("%.3f  %s"):format(kit.seconds(), table.concat(parts, " ")))
end
local function wrong(id, what)
  local log = logs[id] or {}
  for i = math.max(1, #log - 60), #log do io.stderr:write(log[i], "\n") end
  error(("seed %d: socket %s: %s"):format(seed, tostring(id), what), 2)
end

local live = {}      -- id -> model, while the id is in use
local list = {}
local stray_sends, stray_closes = {}, {}
local retired = {}   -- ids that were used and destroyed
local count = {conn = 0, connected = 0, failed = 0, send = 0, bytes = 0, recv = 0, close = 0, ended = 0, stray = 0}

local function add(table_, id, n) table_[id] = (table_[id] or 0) + n end

local blob = ("The quick brown fox jumps over the lazy dog. 0123456789 "):rep(1000)

local function connect()
  local kind, address, to, echoes = 0, "127.0.0.1", nil, false
  local choice = random(14)
  if choice < 3 then to, echoes = port.echo, true
  elseif choice < 5 then kind, to, echoes = 2, port.echo_tls, true
  elseif choice < 8 then to = port.chaos
  elseif choice < 10 then kind, to = 2, port.chaos_tls
  elseif choice == 10 then kind, to = random(2) * 2, port.refused
  elseif choice == 11 then kind, to = 1, one_of {port.udp, port.udp_dead}
  elseif choice == 12 then address, to, echoes = "localhost", port.echo, true
  else address, to = "no-such-name.invalid", 80 end
  local id, code = socketcore.sock_conn(kind, address, to)
  count.conn = count.conn + 1
  if id == nil then
    if not (device and code == 2 and #list == 10) then wrong("none", "sock_conn: nil, " .. tostring(code)) end
    return
  end
  if live[id] then wrong(id, "the id is in use") end
  if device and id > 9 then wrong(id, "not one of 0..9") end
  note(id, "sock_conn", kind, address, to)
  live[id] = {id = id, kind = kind, stream = kind ~= 1, echoes = echoes, phase = "connecting", sends = {}, at = 1, to_read = 0,
              said = {}, said_bytes = 0, heard = 0}
  list[#list + 1] = live[id]
  if not device then retired[id] = nil end
end

-- What was accepted on an echoing connection; the answer must be a beginning of it.
local function expect_echo(s, data)
  local at = s.heard + 1
  local all = s.all_said or ""
  if #s.said > 0 then
    all = all .. table.concat(s.said)
    s.all_said, s.said = all, {}
  end
  if all:sub(at, at + #data - 1) ~= data then wrong(s.id, "the echo differs after " .. s.heard .. " bytes") end
  s.heard = s.heard + #data
end

local function send(s)
  local size = one_of {0, 1, 10, 100, 1000, 1400, 5000, 20000, 50000}
  if not s.stream and size > 5000 then size = 100 end
  local data = blob:sub(s.at, s.at + size - 1)
  size = #data
  s.at = (s.at + 977) % 5000 + 1
  local space = socketcore.sock_getremainbuf(s.id)
  local ok, code = socketcore.sock_send(s.id, data)
  note(s.id, "sock_send", size, ok, code, "phase", s.phase)
  count.send = count.send + 1
  local dead = s.phase == "closed" or s.phase == "failed"
  if s.phase == "closing" or (dead and (stray_closes[s.id] or 0) > 0) then
    if ok ~= 0 or code ~= 11 then wrong(s.id, "sock_send while closing: " .. ok .. ", " .. code) end
    return
  end
  if dead then
    if ok ~= 0 or (code ~= 11 and code ~= 16) then wrong(s.id, "sock_send on a dead socket: " .. ok .. ", " .. code) end
    add(stray_sends, s.id, 1)
    return
  end
  if s.phase == "connecting" and not s.unseen and ok == 1 then s.unseen = true end  -- connected, the message is on its way
  if s.phase == "ended" and ok == 1 then wrong(s.id, "sock_send accepted after CLOSE_IND") end
  -- ERR_ENOTCONN: a reset has come after the orderly end.
  if s.phase == "ended" and code ~= 15 and code ~= 11 then wrong(s.id, "sock_send after CLOSE_IND: " .. code) end
  if ok == 1 then
    if size > space and space > 0 then wrong(s.id, ("accepted %d, room was %d"):format(size, space)) end
    s.said[#s.said + 1] = data
    count.bytes = count.bytes + size
  elseif code == 2 and size <= space then
    wrong(s.id, ("ERR_ENOBUFS for %d, room was %d"):format(size, space))
  end
  s.sends[#s.sends + 1] = {size = size, ok = ok}
end

local function receive(s)
  local want = one_of {0, 1, 100, 2048, 65536}
  local data = socketcore.sock_recv(s.id, want)
  note(s.id, "sock_recv", want, #data, "phase", s.phase)
  if #data > want then wrong(s.id, "more bytes than asked for") end
  if (s.phase == "closing" or s.phase == "closed" or s.phase == "failed") and #data > 0 then
    wrong(s.id, "bytes from a closed socket")
  end
  count.recv = count.recv + #data
  if s.echoes then expect_echo(s, data) end
  if s.stream then
    s.to_read = math.max(0, s.to_read - #data)
  else
    s.to_read = 0
  end
end

local function close(s)
  local ok = socketcore.sock_close(s.id)
  note(s.id, "sock_close", ok, "phase", s.phase)
  count.close = count.close + 1
  if s.phase == "closing" then
    if ok ~= 0 then wrong(s.id, "a second sock_close: " .. ok) end
  elseif s.phase == "closed" or s.phase == "failed" then
    if ok ~= 0 then wrong(s.id, "sock_close on a dead socket: " .. ok) end
    if (stray_closes[s.id] or 0) == 0 then add(stray_closes, s.id, 1) end
    stray_sends[s.id] = 0  -- dropped with it
  else
    if ok ~= 1 then wrong(s.id, "sock_close: " .. ok) end
    s.phase, s.sends = "closing", {}
    -- What was still queued for this id, an earlier socket's too, is dropped.
    stray_sends[s.id], stray_closes[s.id] = 0, 0
  end
end

local function destroy(s)
  local ok = socketcore.sock_destroy(s.id)
  note(s.id, "sock_destroy", ok, "phase", s.phase)
  local dead = s.phase == "closed" or s.phase == "failed"
  if ok ~= (dead and 1 or 0) then wrong(s.id, "sock_destroy: " .. ok .. " in phase " .. s.phase) end
  if ok == 1 then
    live[s.id] = nil
    retired[s.id] = true
    for i, other in ipairs(list) do
      if other == s then table.remove(list, i) break end
    end
  end
end

-- Ids that are no sockets.
local function astray()
  local id = one_of {-1, -5, 2 ^ 31, 2 ^ 40, 1.5, 123456789, 1 / 0}
  local named = id == 123456789
  count.stray = count.stray + 1
  local call = random(6)
  if call == 0 then
    local ok, code = socketcore.sock_send(id, "x")
    local under_way = named and (stray_closes[id] or 0) > 0
    if ok ~= 0 or code ~= (under_way and 11 or 16) then wrong(id, "sock_send: " .. ok .. ", " .. code) end
    if named and not under_way then add(stray_sends, id, 1) end
  elseif call == 1 then
    if socketcore.sock_recv(id, 10) ~= "" then wrong(id, "sock_recv") end
  elseif call == 2 then
    if socketcore.sock_close(id) ~= 0 then wrong(id, "sock_close") end
    if named then
      stray_closes[id] = 1
      stray_sends[id] = 0
    end
  elseif call == 3 then
    if socketcore.sock_destroy(id) ~= 0 then wrong(id, "sock_destroy") end
  elseif call == 4 then
    if socketcore.sock_getremainbuf(id) ~= 0 then wrong(id, "sock_getremainbuf") end
  else
    if socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1) ~= -1 then wrong(id, "sock_setopt") end
  end
end

local function on_message(m)
  local id, kind = m.socket_index, kit.kinds[m.id]
  note(id, "<-", kind, m.result, m.error or "-", m.send_len or m.recv_len or "-", m.reason or "")
  local s = live[id]
  if (m.result ~= 0) ~= (m.reason ~= nil) then wrong(id, kind .. ": reason and result differ") end
  if kind == "SEND_CNF" and (stray_sends[id] or 0) > 0 then  -- older than any of the socket's own
    if m.result ~= 1 or m.send_len ~= 0 then wrong(id, "SEND_CNF of a call astray") end
    add(stray_sends, id, -1)
    return
  end
  if kind == "CLOSE_CNF" and (stray_closes[id] or 0) > 0 and (s == nil or s.phase ~= "closing") then
    if m.result ~= 1 then wrong(id, "CLOSE_CNF of a call astray") end
    add(stray_closes, id, -1)
    return
  end
  if s == nil then wrong(id, kind .. " for a socket that is not there") end
  if s.phase == "closing" and kind ~= "CLOSE_CNF" then wrong(id, kind .. " after sock_close") end
  if s.phase == "closed" or s.phase == "failed" then wrong(id, kind .. " after its last message") end

  if kind == "CONN_CNF" then
    if s.phase ~= "connecting" then wrong(id, "a second CONN_CNF") end
    s.phase = m.result == 0 and "open" or "failed"
    if s.kind == 2 and m.verify == nil then wrong(id, "no verify") end
    if m.result == 0 then count.connected = count.connected + 1 else count.failed = count.failed + 1 end
    if s.phase == "failed" then
      -- The answers of sends that were refused while it was connecting came before, or come now.
      add(stray_sends, id, #s.sends)
      s.sends = {}
    end
  elseif kind == "SEND_CNF" then
    local first = table.remove(s.sends, 1)
    if first == nil then wrong(id, "a SEND_CNF without a sock_send") end
    if first.ok == 0 and (m.result ~= 1 or m.send_len ~= 0) then wrong(id, "a refused send was confirmed") end
    if m.result == 0 and m.send_len ~= first.size then wrong(id, "send_len " .. m.send_len .. " of " .. first.size) end
  elseif kind == "RECV_IND" then
    if s.phase ~= "open" then wrong(id, "RECV_IND in phase " .. s.phase) end
    if s.to_read > 0 then wrong(id, "RECV_IND with " .. s.to_read .. " bytes of the last one unread") end
    if s.stream and (m.recv_len < 1 or m.recv_len > announcement) then wrong(id, "recv_len " .. m.recv_len) end
    s.to_read = s.stream and m.recv_len or 1
  elseif kind == "CLOSE_IND" then
    if s.phase ~= "open" then wrong(id, "CLOSE_IND in phase " .. s.phase) end
    if not s.stream then wrong(id, "CLOSE_IND of a datagram socket") end
    for _, waiting in ipairs(s.sends) do
      if waiting.ok == 1 then wrong(id, "CLOSE_IND with an accepted send unanswered") end
    end
    if (m.error ~= 0) ~= (m.result ~= 0) then wrong(id, "error and result differ") end
    s.phase, s.broken = "ended", m.result ~= 0
    count.ended = count.ended + 1
  elseif kind == "CLOSE_CNF" then
    if s.phase ~= "closing" then wrong(id, "CLOSE_CNF without sock_close") end
    s.phase = "closed"
  else
    wrong(id, "an unknown message")
  end
end

local timers = {}
local function on_timer(id)
  if not timers[id] then wrong("timer", id .. " was not running") end
  if kit.seconds() < timers[id] - 0.002 then wrong("timer", id .. " came too early") end
  timers[id] = nil
end

local function pump(ms)
  local message, timer = rtos.receive(ms)
  if type(message) == "table" then on_message(message) return true end
  if message == rtos.MSG_TIMER then on_timer(timer) return true end
  return false
end

local finish = kit.seconds() + seconds
while kit.seconds() < finish do
  local choice = random(100)
  local s = #list > 0 and one_of(list) or nil
  if choice < 12 then
    if #list < most or device then connect() end
  elseif s and choice < 30 then send(s)
  elseif s and choice < 45 then receive(s)
  elseif s and choice < 50 then close(s)
  elseif s and choice < 58 then destroy(s)
  elseif s and choice < 60 then
    socketcore.sock_setopt(s.id, one_of {socketcore.SOL_SOCKET, socketcore.IPPROTO_TCP}, random(10), random(5) - 1)
  elseif choice < 62 then astray()
  elseif choice < 64 then
    local id, ms = random(5), random(50) + 1
    if rtos.timer_start(id, ms) ~= 1 then wrong("timer", "timer_start") end
    timers[id] = kit.seconds() + ms / 1000
  elseif choice < 65 then
    local id = random(5)
    rtos.timer_stop(id)
    timers[id] = nil
  elseif choice < 66 then
    collectgarbage()
  elseif choice < 67 then
    rtos.sleep(random(10))
  else
    pump(one_of {0, 0, 1, 5})
  end
  -- Old sockets make room, so that the crowd keeps changing.
  if #list >= most and random(3) == 0 then
    local old = list[1]
    if old.phase == "closed" or old.phase == "failed" then destroy(old) elseif old.phase ~= "closing" then close(old) end
  end
end

-- The end: every socket closes, every answer comes, and nothing else.
for i = #list, 1, -1 do
  local s = list[i]
  if s.phase ~= "closing" and s.phase ~= "closed" and s.phase ~= "failed" then close(s) end
end
for id = 0, 4 do rtos.timer_stop(id) timers[id] = nil end
local function owed()
  for _, s in ipairs(list) do if s.phase == "closing" then return s.id .. " CLOSE_CNF" end end
  for id, n in pairs(stray_sends) do if n > 0 then return id .. " SEND_CNF of calls astray" end end
  for id, n in pairs(stray_closes) do if n > 0 then return id .. " CLOSE_CNF of calls astray" end end
end
local deadline = kit.seconds() + 9
while owed() do
  if kit.seconds() > deadline then wrong(tonumber(owed():match("^%S+")), "still owed: " .. owed()) end
  pump(100)
end
while #list > 0 do destroy(list[1]) end
while pump(100) do end
kit.say("done", count)
