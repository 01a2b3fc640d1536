local harness = require "harness"
local socketcore = require "socketcore"
local rtos = require "rtos"
local test, TCP, HOST = harness.test, harness.TCP, harness.HOST

local ENOTCONN, ECLSD, ENOBUFS, ERST = socketcore.ERR_ENOTCONN, socketcore.ERR_ECLSD, socketcore.ERR_ENOBUFS, socketcore.ERR_ERST
local CAPACITY = 1024 * 1024

-- A tag of the peers that no other test uses.
local last_tag = 0
local function new_tag()
  last_tag = last_tag + 1
  return "tcp" .. last_tag
end

local function connect(t) return t:connect(TCP, harness.tcp) end

test("what is sent comes back", function(t)
  local id = t:connect(TCP, harness.echo_tcp)
  t:send(id, "hello")
  t:same(t:read(id, 5), "hello")
  t:close(id)
end)

test("every byte value passes, and one million bytes", function(t)
  local id = t:connect(TCP, harness.echo_tcp)
  local payload = harness.pattern(1000000)
  t:returns({1, 0}, socketcore.sock_send(id, payload))
  local parts, have, confirmed = {}, 0, false
  while have < #payload or not confirmed do
    local message = t:next()
    t:same(message.socket_index, id)
    if message.id == rtos.MSG_SOCK_SEND_CNF then
      t:same(message.send_len, #payload)
      confirmed = true
    else
      t:same(message.id, rtos.MSG_SOCK_RECV_IND)
      t:check(message.recv_len <= 65536)
      parts[#parts + 1] = socketcore.sock_recv(id, message.recv_len)
      have = have + #parts[#parts]
    end
  end
  t:check(table.concat(parts) == payload, "the bytes differ")
  t:close(id)
end)

test("a peer that sends a byte at a time", function(t)
  local id = connect(t)
  t:send(id, "drip 300\n")
  t:same(t:read(id, 300), harness.pattern(300))
  t:close(id)
end)

test("empty data is accepted, and nothing goes out", function(t)
  local id = t:connect(TCP, harness.echo_tcp)
  t:send(id, "")
  t:send(id, "x")
  t:same(t:read(id, 1), "x")
  t:close(id)
end)

test("confirmations come one per send, in order", function(t)
  local tag, id = new_tag(), connect(t)
  local sizes, total = {}, 0
  t:send(id, "sink " .. tag .. "\n")
  for i = 1, 100 do
    sizes[i] = i * 7 % 50
    total = total + sizes[i]
    t:returns({1, 0}, socketcore.sock_send(id, ("x"):rep(sizes[i])))
  end
  for i = 1, 100 do t:expect("SEND_CNF", id, {result = 0, send_len = sizes[i]}) end
  t:close(id)
  t:same(t:report_of(tag), total)
end)

test("a refused connection says who and why", function(t)
  local id = t:open(TCP, harness.refused)
  local message = t:expect("CONN_CNF", id, {result = 1, error = ERST})
  t:check(message.reason:find(HOST .. ":" .. harness.refused, 1, true), message.reason)
  t:check(message.reason:find "refused", message.reason)
  t:destroy(id)
end)

test("a failed connection can be destroyed at once, and closed after that", function(t)
  local id = t:open(TCP, harness.refused)
  t:expect("CONN_CNF", id, {result = 1})
  t:destroy(id)
  t:same(socketcore.sock_close(id), 0)
  t:expect("CLOSE_CNF", id, {result = 1})
end)

test("a closed connection attempt gets no CONN_CNF", function(t)
  local id = t:open(TCP, harness.full)
  t:nothing(20)
  t:close(id)
  id = t:open(TCP, harness.tcp)
  t:close(id)
  id = t:open(TCP, harness.tcp)
  rtos.sleep(20)  -- its CONN_CNF is queued
  t:close(id)
end)

test("an open socket cannot be destroyed", function(t)
  local id = t:open(TCP, harness.tcp)
  t:same(socketcore.sock_destroy(id), 0)
  t:expect("CONN_CNF", id)
  t:same(socketcore.sock_destroy(id), 0)
  t:close(id)
  t:same(socketcore.sock_destroy(id), 0)
end)

test("what was accepted is delivered after sock_close", function(t)
  local tag, id = new_tag(), connect(t)
  t:send(id, "sink " .. tag .. "\n")
  local payload = harness.pattern(CAPACITY)
  t:returns({1, 0}, socketcore.sock_send(id, payload))
  t:close(id)
  local bytes, how = t:report_of(tag)
  t:same(bytes, CAPACITY)
  t:same(how, "end")
end)

test("unread input does not destroy what was sent before sock_close", function(t)
  local tag, id = new_tag(), connect(t)
  t:send(id, "send 100000\nsink " .. tag .. "\n")
  t:expect("RECV_IND", id)
  t:returns({1, 0}, socketcore.sock_send(id, harness.pattern(300000)))
  t:close(id)
  local bytes, how = t:report_of(tag)
  t:same(bytes, 300000)
  t:same(how, "end")
end)

test("sock_close drops the messages that wait", function(t)
  local id = connect(t)
  t:returns({1, 0}, socketcore.sock_send(id, "send 10\nclose\n"))
  rtos.sleep(50)  -- for SEND_CNF and RECV_IND to queue
  t:close(id)
  t:nothing(30)
end)

test("a full send buffer refuses, and says so in order", function(t)
  local tag, id, releaser = new_tag(), connect(t), connect(t)
  t:send(id, "stall " .. tag .. "\n")
  t:same(socketcore.sock_getremainbuf(id), CAPACITY)
  t:returns({0, ENOBUFS}, socketcore.sock_send(id, ("x"):rep(CAPACITY + 1)))
  t:expect("SEND_CNF", id, {result = 1, error = ENOBUFS, send_len = 0})

  local sent, piece = 0, ("y"):rep(CAPACITY)
  t:returns({1, 0}, socketcore.sock_send(id, piece))
  sent = sent + #piece
  -- The kernels take some of it; the rest stays.
  repeat
    rtos.sleep(10)
    local space = socketcore.sock_getremainbuf(id)
    if space > 0 then
      t:returns({1, 0}, socketcore.sock_send(id, piece:sub(1, space)))
      sent = sent + space
    end
  until sent > 64 * CAPACITY or socketcore.sock_getremainbuf(id) == 0
  t:check(sent <= 64 * CAPACITY, "the peer's not reading does not hold the script back")
  t:returns({0, ENOBUFS}, socketcore.sock_send(id, "z"))

  socketcore.sock_send(releaser, "release " .. tag .. "\n")
  local confirmed, refused = 0, 0
  while confirmed < sent or refused == 0 do
    local message = t:next()
    if message.socket_index == id then
      t:same(message.id, rtos.MSG_SOCK_SEND_CNF)
      if message.result == 1 then
        t:same(confirmed, sent, "the refusal comes after the sends before it")
        refused = refused + 1
      end
      confirmed = confirmed + message.send_len
    end
  end
  t:same(socketcore.sock_getremainbuf(id), CAPACITY)
  t:close(releaser)
  t:close(id)
  t:same(t:report_of(tag), sent)
end)

test("a script that does not read makes the peer wait, and loses nothing", function(t)
  local id = connect(t)
  local total = 8 * 1024 * 1024
  t:send(id, "send " .. total .. "\nhalf\n")
  local announced = t:expect("RECV_IND", id).recv_len
  t:nothing(700)  -- longer than the wait for a script that does not read
  local have, mismatch = 0, false
  while have < total do
    local data = socketcore.sock_recv(id, announced)
    local start = have % 256
    if data ~= harness.pattern(start + #data):sub(start + 1) then mismatch = true end
    have = have + #data
    if have < total then announced = t:expect("RECV_IND", id).recv_len end
  end
  t:check(not mismatch, "the bytes differ")
  t:expect("CLOSE_IND", id, {result = 0, error = 0})
  t:close(id)
end)

test("one announcement is outstanding at a time", function(t)
  local id = connect(t)
  t:send(id, "send 10\n")
  t:expect("RECV_IND", id, {recv_len = 10})
  t:send(id, "send 10\n")
  t:nothing(50)
  t:same(#socketcore.sock_recv(id, 5), 5)
  t:nothing(50)
  t:same(#socketcore.sock_recv(id, 5), 5)
  t:expect("RECV_IND", id, {recv_len = 10})
  t:same(#socketcore.sock_recv(id, 100), 10)
  t:close(id)
end)

-- Reads without taking a message, until there are so many bytes: their RECV_IND is queued by then.
local function read_unannounced(id, count)
  local data = ""
  for _ = 1, 500 do
    rtos.sleep(10)
    data = data .. socketcore.sock_recv(id, count - #data)
    if #data == count then break end
  end
  return data
end

test("sock_recv reads what was not announced yet", function(t)
  local id = connect(t)
  t:send(id, "send 10\n")
  t:expect("RECV_IND", id, {recv_len = 10})
  t:send(id, "send 20\n")
  t:same(read_unannounced(id, 30), harness.pattern(10) .. harness.pattern(20))
  t:nothing(30)
  t:same(socketcore.sock_recv(id, 100), "")
  t:close(id)
end)

test("a queued announcement is dropped if nothing is left of it", function(t)
  local id = connect(t)
  t:send(id, "send 10\n")
  t:same(#read_unannounced(id, 10), 10)
  t:nothing(30)
  t:send(id, "send 7\n")
  t:expect("RECV_IND", id, {recv_len = 7})
  t:same(#socketcore.sock_recv(id, 7), 7)
  t:close(id)
end)

test("a queued announcement is corrected if something is left of it", function(t)
  local id = connect(t)
  t:send(id, "send 10\n")
  rtos.sleep(50)
  t:same(#socketcore.sock_recv(id, 4), 4)
  t:expect("RECV_IND", id, {recv_len = 6})
  t:same(socketcore.sock_recv(id, 100), harness.pattern(10):sub(5))
  t:nothing(20)
  t:close(id)
end)

test("the peer's orderly end comes after its data", function(t)
  local id = connect(t)
  t:send(id, "send 5000\nclose\n")
  t:same(t:read(id, 5000), harness.pattern(5000))
  t:expect("CLOSE_IND", id, {result = 0, error = 0})
  t:same(socketcore.sock_recv(id, 10), "")
  t:close(id)
end)

test("after CLOSE_IND sends are refused", function(t)
  local id = connect(t)
  t:send(id, "close\n")
  t:expect("CLOSE_IND", id, {result = 0, error = 0})
  t:returns({0, ECLSD}, socketcore.sock_send(id, "x"))
  t:expect("SEND_CNF", id, {result = 1, error = ECLSD, send_len = 0})
  t:close(id)
end)

test("unread data outlives CLOSE_IND", function(t)
  local id = connect(t)
  t:send(id, "send 100\nclose\n")
  t:expect("RECV_IND", id, {recv_len = 100})
  local start = rtos.tick()
  t:expect("CLOSE_IND", id, {result = 0, error = 0})
  t:check(rtos.tick() - start >= 400 * 16, "it came without waiting for the script to read")
  t:nothing(20)
  t:same(socketcore.sock_recv(id, 1000), harness.pattern(100))
  t:nothing(20)
  t:close(id)
end)

test("a peer that has closed its half still hears", function(t)
  local tag, id = new_tag(), connect(t)
  t:send(id, "half\nsink " .. tag .. "\n")
  t:expect("CLOSE_IND", id, {result = 0, error = 0})
  t:close(id)
  t:same(t:report_of(tag), 0)

  tag, id = new_tag(), connect(t)
  -- Accepted before CLOSE_IND is delivered, so it goes out though the peer has ended its side by then.
  t:returns({1, 0}, socketcore.sock_send(id, "half\nsink " .. tag .. "\n"))
  rtos.sleep(50)
  t:returns({1, 0}, socketcore.sock_send(id, harness.pattern(1000)))
  t:expect("SEND_CNF", id)
  t:expect("SEND_CNF", id, {result = 0, send_len = 1000})
  t:expect("CLOSE_IND", id, {result = 0, error = 0})
  t:close(id)
  t:same(t:report_of(tag), 1000)
end)

test("a reset is no orderly end", function(t)
  local id = connect(t)
  t:send(id, "reset\n")
  local message = t:expect("CLOSE_IND", id, {result = 1, error = ERST})
  t:check(message.reason:find(HOST, 1, true), message.reason)
  local result, code = socketcore.sock_send(id, "x")
  t:same(result, 0)
  t:check(code == ENOTCONN or code == ECLSD)
  t:expect("SEND_CNF", id, {result = 1, send_len = 0})
  t:close(id)
end)

test("a reset fails the sends that wait, before CLOSE_IND", function(t)
  local id = connect(t)
  t:send(id, "reset\n")
  socketcore.sock_send(id, ("x"):rep(CAPACITY))
  local confirmation = t:next()
  if confirmation.id == rtos.MSG_SOCK_SEND_CNF then
    t:expect("CLOSE_IND", id, {result = 1, error = ERST})
  else
    t:same(confirmation.id, rtos.MSG_SOCK_CLOSE_IND)
    t:expect("SEND_CNF", id, {result = 1})
  end
  t:close(id)
end)

test("data that came before a reset is announced first", function(t)
  local id = connect(t)
  t:send(id, "send 10\n")
  t:expect("RECV_IND", id, {recv_len = 10})
  t:send(id, "reset\n")
  t:same(#socketcore.sock_recv(id, 10), 10)
  t:expect("CLOSE_IND", id, {result = 1, error = ERST})
  t:close(id)
end)

test("sock_close after CLOSE_IND", function(t)
  local id = connect(t)
  t:send(id, "close\n")
  t:expect("CLOSE_IND", id)
  t:close(id, {result = 0})
end)

test("a taken local port", function(t)
  local taken = tonumber(harness.refused)  -- a socket of the peers is bound to it
  local id = t:open(TCP, harness.tcp, HOST, nil, nil, nil, taken)
  t:expect("CONN_CNF", id, {result = 1, error = socketcore.ERR_EADDRINUSE})
  t:destroy(id)
end)

test("a hundred sockets at once", function(t)
  local ids, open, answered = {}, 100, 0
  for i = 1, open do ids[i] = t:open(TCP, harness.echo_tcp) end
  while answered < open do
    local message = t:next()
    t:same(message.result, 0)
    if message.id == rtos.MSG_SOCK_CONN_CNF then
      socketcore.sock_send(message.socket_index, "socket " .. message.socket_index)
    elseif message.id == rtos.MSG_SOCK_RECV_IND then
      t:same(socketcore.sock_recv(message.socket_index, message.recv_len), "socket " .. message.socket_index)
      answered = answered + 1
    end
  end
  for _, id in ipairs(ids) do t:close(id) end
end)

test("ids are not used again", function(t)
  local first = t:open(TCP, harness.refused)
  t:expect("CONN_CNF", first, {result = 1})
  t:destroy(first)
  local second = t:open(TCP, harness.refused)
  t:expect("CONN_CNF", second, {result = 1})
  t:check(second ~= first)
  t:destroy(second)
end)

test("sock_conn_ext is sock_conn", function(t)
  local id = socketcore.sock_conn_ext(TCP, HOST, harness.tcp)
  t.sockets[id] = true
  t:expect("CONN_CNF", id)
  t:close(id)
end)

test("a name is resolved, and one that does not exist says so", function(t)
  local id = t:open(TCP, harness.tcp, "localhost")
  t:expect("CONN_CNF", id)
  t:close(id)
  id = t:open(TCP, 80, "no-such-name.invalid")
  local message = t:expect("CONN_CNF", id, {result = 1})
  t:check(message.error == socketcore.ERR_ERTE or message.error == socketcore.ERR_ETIMEOUT)
  t:check(message.reason:find("no-such-name.invalid", 1, true), message.reason)
  t:destroy(id)
end)

test("messages are the script's to change", function(t)
  local id = t:open(TCP, harness.tcp)
  local message = t:expect("CONN_CNF", id)
  t:same(getmetatable(message), nil)
  message.result, message.extra = "changed", true
  t:send(id, "send 1\n")
  local another = t:expect("RECV_IND", id)
  t:check(another ~= message and another.extra == nil)
  socketcore.sock_recv(id, 1)
  t:close(id)
end)

harness.finish()
