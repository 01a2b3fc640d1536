-- What scripts do with the module, each call and each message held to the contract. Any call may fail for want of memory
-- (`call` makes it again) and any system call may fail; then the script hears of it, or nothing was lost.
-- The world: 192.0.2.1 echoes on TCP 7, TLS 443 and UDP 9, resets after the first bytes on TCP 10, says "goodbye" and
-- ends on TCP 11, reads nothing on TCP 12. Nobody is on 13.
local scenarios = {}
local HOST = "192.0.2.1"

local function call(f, ...)
  for try = 1, 5 do
    local ok, first, second = pcall(f, ...)
    if ok then return first, second end
    assert(tostring(first):find("not enough memory", 1, true), first)
    if try == 3 then relent() end
  end
  error "it has memory, and raises all the same"
end

-- One socket's promises. `lives` is by id; ids are never used twice here.
local lives

local function connect(...)
  local id, code = call(socketcore.sock_conn, ...)
  if not id then
    assert(type(code) == "number" and code ~= 0, "no reason")
    return nil
  end
  assert(id >= 0 and not lives[id], "an id twice")
  lives[id] = {asked = 0, answered = 0, sent = {}, got = {}}
  return id
end

local function send(id, data)
  local life = lives[id]
  local accepted, code = call(socketcore.sock_send, id, data)
  assert(accepted == 1 and code == 0 or accepted == 0 and code > 0, "no outcome")
  if life.closing then return end
  if code == socketcore.ERR_ENOMEM then life.short = true end
  life.asked = life.asked + 1
  if accepted == 1 then life.sent[#life.sent + 1] = data end
  return accepted == 1
end

local function read(id, size)
  local data = call(socketcore.sock_recv, id, size)
  assert(#data <= size)
  if data ~= "" then
    local got = lives[id].got
    got[#got + 1] = data
  end
  return data
end

local function close(id)
  assert(call(socketcore.sock_close, id) == 1, "a first close")
  assert(call(socketcore.sock_close, id) == 0, "a second close")
  lives[id].closing = true
end

local function check(message)
  local life = assert(lives[message.socket_index], "a message for nobody")
  assert(message.result == 0 or message.error ~= 0, "a failure without its code")
  assert(not life.closed, "after CLOSE_CNF")
  if message.id == rtos.MSG_SOCK_CONN_CNF then
    assert(not life.connected and not life.failed and not life.closing, "CONN_CNF")
    life[message.result == 0 and "connected" or "failed"] = true
  elseif message.id == rtos.MSG_SOCK_SEND_CNF then
    life.answered = life.answered + 1
    assert(life.answered <= life.asked and not life.closing, "SEND_CNF")
  elseif message.id == rtos.MSG_SOCK_RECV_IND then
    assert(life.connected and not life.ended and not life.closing, "RECV_IND")
  elseif message.id == rtos.MSG_SOCK_CLOSE_IND then
    assert(life.connected and not life.ended and not life.closing, "CLOSE_IND")
    life.ended = true
    life.broken = message.result ~= 0
  else
    assert(message.id == rtos.MSG_SOCK_CLOSE_CNF and life.closing, "CLOSE_CNF")
    life.closed = true
  end
end

-- The next message within `ms`; nil: none came. What was announced is read at once.
local function listen(ms)
  local message, timer = call(rtos.receive, ms)
  if message == rtos.WAIT_MSG_TIMEOUT then return nil end
  if message == rtos.MSG_TIMER then return {timer = timer} end
  check(message)
  if message.id == rtos.MSG_SOCK_RECV_IND then read(message.socket_index, math.max(message.recv_len, 1)) end
  return message
end

local function listen_until(done, ms)
  local ticks = call(rtos.tick) + ms * 16.384
  while not done() and call(rtos.tick) < ticks do listen(100) end
  return done()
end

local function settled(id)
  local life = lives[id]
  return life.connected or life.failed
end

-- Ends a socket: everything that was promised must come.
local function finish(id)
  local life = lives[id]
  if not life.failed then
    close(id)
    assert(listen_until(function() return life.closed end, 20000), "no CLOSE_CNF")
  end
  assert(call(socketcore.sock_destroy, id) == 1, "destroy")
  assert(call(socketcore.sock_destroy, id) == 0, "destroy twice")
end

-- Sends, and expects the same back: all of it, or a word of what went wrong.
local function echo(id, texts)
  assert(listen_until(function() return settled(id) end, 130000), "no CONN_CNF")
  local life = lives[id]
  for _, text in ipairs(texts) do send(id, text) end
  local wanted = table.concat(life.sent)
  listen_until(function() return life.ended or life.failed or #table.concat(life.got) >= #wanted end, 20000)
  local got = table.concat(life.got)
  assert(wanted:sub(1, #got) == got, "bytes lost, doubled or reordered")
  assert(#got == #wanted or life.ended or life.failed, "bytes lost, and no word of it")
  assert(listen_until(function() return life.answered >= life.asked or life.short end, 20000), "no SEND_CNF")
  finish(id)
end

function scenarios.echo()
  local id = connect(0, HOST, 7)
  if id then echo(id, {"hello", "", ("x"):rep(3000), "end"}) end
end

function scenarios.large()
  local id = connect(0, HOST, "7", 4000)
  if id then echo(id, {("0123456789"):rep(15000), ("abc"):rep(2000)}) end
end

function scenarios.tls()
  local id = connect(2, HOST, 443, {}, nil, 1)
  if id then echo(id, {"hello", ("x"):rep(3000)}) end
end

function scenarios.bad_pem()
  local id, code = call(socketcore.sock_conn, 2, HOST, 443, {caCert = "no certificate"})
  assert(id == nil and (code == socketcore.ERR_SSL_EINIT or code == socketcore.ERR_ENOMEM), code)
end

function scenarios.udp()
  local id = connect(1, HOST, 9)
  if not id then return end
  assert(listen_until(function() return settled(id) end, 1000), "no CONN_CNF")
  for i = 1, 4 do send(id, "datagram " .. i) end
  local life = lives[id]
  listen_until(function() return #life.got >= 4 end, 1000)
  for _, got in ipairs(life.got) do
    local found = false
    for i, sent in ipairs(life.sent) do
      if sent == got then found = table.remove(life.sent, i) break end
    end
    assert(found, "a datagram that was not sent, or twice: " .. got)
  end
  if life.connected then finish(id) else assert(call(socketcore.sock_destroy, id) == 1) end
end

function scenarios.refused()
  local id = connect(0, HOST, 13)
  if not id then return end
  assert(call(socketcore.sock_destroy, id) == 0)
  assert(listen_until(function() return settled(id) end, 130000), "no CONN_CNF")
  assert(lives[id].failed)
  finish(id)
end

function scenarios.a_name_that_is_none()
  local id = connect(0, "nowhere.test", 7)
  if not id then return end
  assert(listen_until(function() return settled(id) end, 130000), "no CONN_CNF")
  assert(lives[id].failed)
  finish(id)
end

function scenarios.reset()
  local id = connect(0, HOST, 10)
  if not id then return end
  assert(listen_until(function() return settled(id) end, 130000), "no CONN_CNF")
  local life = lives[id]
  send(id, "hello")
  assert(listen_until(function() return life.ended or life.failed end, 10000), "no CLOSE_IND")
  assert(life.failed or life.broken, "a reset is no orderly end")
  finish(id)
end

function scenarios.goodbye()
  local id = connect(0, HOST, 11)
  if not id then return end
  assert(listen_until(function() return settled(id) end, 130000), "no CONN_CNF")
  local life = lives[id]
  assert(listen_until(function() return life.ended or life.failed end, 10000), "no CLOSE_IND")
  if life.ended and not life.broken then assert(table.concat(life.got) == "goodbye", "an orderly end, and bytes are missing") end
  send(id, "too late")
  finish(id)
end

function scenarios.closes_in_every_state()
  for _, ms in ipairs {0, 1, 30} do
    for _, port in ipairs {7, 12, 13} do
      local id = connect(0, HOST, port)
      if id then
        if ms > 0 then call(rtos.sleep, ms) end
        send(id, ("x"):rep(100))
        close(id)
        assert(listen_until(function() return lives[id].closed end, 20000), "no CLOSE_CNF")
        assert(call(socketcore.sock_destroy, id) == 1)
      end
    end
  end
end

function scenarios.timers()
  local told = {}
  local running = {}
  for i = 1, 20 do
    if call(rtos.timer_start, i, 30 - i) == 1 then running[i] = true end
  end
  call(rtos.timer_stop, 5)
  running[5] = nil
  for _ = 1, 40 do
    local message = listen(5)
    if message then
      assert(running[message.timer], "a timer that does not run")
      running[message.timer] = nil
      assert(message.timer < (told[#told] or 99), "the wrong order")
      told[#told + 1] = message.timer
    end
  end
  assert(next(running) == nil, "a timer was lost")
end

function scenarios.strays()
  assert(call(socketcore.sock_recv, 77, 10) == "")
  assert(call(socketcore.sock_getremainbuf, 77) == 0)
  assert(call(socketcore.sock_setopt, 77, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1) == -1)
  local accepted, code = call(socketcore.sock_send, 77, "x")
  assert(accepted == 0 and code > 0)
  if code == socketcore.ERR_EARG then
    local message = call(rtos.receive, 1000)
    assert(message.id == rtos.MSG_SOCK_SEND_CNF and message.socket_index == 77 and message.result == 1)
  end
end

function scenarios.many()
  local ids = {}
  for i = 1, 6 do
    local id = connect(0, HOST, 7)
    if id then ids[#ids + 1] = id end
  end
  for _, id in ipairs(ids) do
    call(socketcore.sock_setopt, id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPIDLE, 60)
    echo(id, {"number " .. id, ("y"):rep(500)})
  end
end

-- The script ends with everything open: what it has sent is still delivered.
function scenarios.ends_in_the_midst()
  local id = connect(0, HOST, 7)
  connect(0, "far.test", 7)
  if not id then return end
  listen(1000)
  send(id, ("x"):rep(50000))
end

return function(name)
  lives = {}
  scenarios[name]()
end
