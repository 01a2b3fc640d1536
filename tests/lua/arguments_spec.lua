-- Every argument of every call: a wrong type raises and names the argument, a wrong value is answered as the contract says.
local socketcore = require "socketcore"
local rtos = require "rtos"
local harness = require "harness"
local test, NIL = harness.test, harness.NIL
local TCP, UDP, SSL, RAW = harness.TCP, harness.UDP, harness.SSL, harness.RAW
local HOST = harness.HOST

local EARG, ENOTCONN, EINIT = socketcore.ERR_EARG, socketcore.ERR_ENOTCONN, socketcore.ERR_SSL_EINIT

local NOT_NUMBERS = {{}, true, false, print, coroutine.create(function() end), "abc", ""}
local NOT_INTEGERS = {0.5, 1e-300, 0/0, 1/0, -1/0}
local NO_IDS = {-1, -2, -2^31, 2^31, 2^40, 2^53, 2^63, 2^64, 0.5, 3.25, 0/0, 1/0, -1/0}
local UNUSED_IDS = {1000000, 2^31 - 1}

-- Each call with good arguments; which of them are numbers, which strings.
local function raises_for(t, call_name, place, wrong_values, ...)
  for _, wrong in ipairs(wrong_values) do
    local arguments, count = {...}, select("#", ...)
    arguments[place] = wrong
    t:raises("bad argument #" .. place, socketcore[call_name], unpack(arguments, 1, math.max(count, place)))
  end
end

test("sock_conn: wrong types raise and name the argument", function(t)
  local not_strings = {{}, true, print}
  local not_tables = {true, false, "text", print}
  for _, call in ipairs {"sock_conn", "sock_conn_ext"} do
    raises_for(t, call, 1, NOT_NUMBERS, 0, HOST, 80)
    raises_for(t, call, 2, not_strings, 0, HOST, 80)
    raises_for(t, call, 3, {{}, true, print}, 0, HOST, 80)
    raises_for(t, call, 4, not_tables, 0, HOST, 80)
    for place = 5, 8 do raises_for(t, call, place, NOT_NUMBERS, 0, HOST, 80, nil, nil, nil, nil, nil) end
  end
end)

test("sock_conn: absent arguments raise", function(t)
  t:raises("bad argument #1", socketcore.sock_conn)
  t:raises("bad argument #1", socketcore.sock_conn, nil, HOST, 80)
  t:raises("bad argument #2", socketcore.sock_conn, 0)
  t:raises("bad argument #2", socketcore.sock_conn, 0, nil, 80)
  t:raises("bad argument #3", socketcore.sock_conn, 0, HOST)
  t:raises("bad argument #3", socketcore.sock_conn, 0, HOST, nil)
end)

test("sock_conn: the error names the function and the type too", function(t)
  local ok, message = pcall(function() return (socketcore.sock_conn(0, {}, 80)) end)
  t:same(ok, false)
  t:check(message:find("bad argument #2 to 'sock_conn' (string expected, got table)", 1, true), message)
end)

test("receive: the error names the script's line and its name for the function", function(t)
  local recv = rtos.receive
  local ok, message = pcall(function() return (recv {}) end)
  t:same(ok, false)
  t:check(message:find("arguments_spec%.lua:%d+: bad argument #1 to 'recv' %(number expected, got table%)"), message)
end)

test("sock_conn: a wrong type counts before a wrong value", function(t)
  t:raises("bad argument #8", socketcore.sock_conn, 99, HOST, -1, nil, -1, 7, -1, {})
  t:raises("bad argument #4", socketcore.sock_conn, SSL, "", 80, {caCert = 1})
end)

test("sock_conn: type", function(t)
  for _, kind in ipairs {-1, 4, 99, 2^40, unpack(NOT_INTEGERS)} do
    t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, 80))
  end
end)

test("sock_conn: address", function(t)
  for _, address in ipairs {"", "a\0b", HOST .. "\0", ("a"):rep(254), ("a."):rep(200)} do
    for _, kind in ipairs {TCP, UDP, SSL, RAW} do t:returns({NIL, EARG}, socketcore.sock_conn(kind, address, 1)) end
  end
end)

test("sock_conn: port", function(t)
  for _, port in ipairs {-1, 65536, 2^40, 80.5, 0/0, 1/0, -1/0, "", "abc", "80x", " 80", "80 ", "0x50", "-1", "+80", "65536",
                         "8e1", "80.0", "99999999999999999999", "8\0000"} do
    for _, kind in ipairs {TCP, UDP, SSL, RAW} do t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, port)) end
  end
  for _, protocol in ipairs {256, 65535, "256"} do t:returns({NIL, EARG}, socketcore.sock_conn(RAW, HOST, protocol)) end
end)

test("sock_conn: a port may be a string of digits", function(t)
  t:close(t:connect(TCP, tonumber(harness.tcp)))
  t:close(t:connect(TCP, tostring(harness.tcp)))
  t:close(t:connect(TCP, "0" .. harness.tcp))
end)

test("sock_conn: recvBufferLen", function(t)
  for _, bytes in ipairs {-1, 2^31, 2^40, unpack(NOT_INTEGERS)} do
    for _, kind in ipairs {TCP, UDP} do
      t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, 80, nil, bytes))
      t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, 80, bytes))
    end
  end
  for _, bytes in ipairs {0, 1, 4096, 2^31 - 1} do
    t:close(t:connect(TCP, harness.tcp, HOST, nil, bytes))
    t:close(t:connect(TCP, harness.tcp, HOST, bytes))
    t:close(t:connect(UDP, harness.udp, HOST, nil, bytes))
  end
end)

test("sock_conn: a number in the place of cert wins over recvBufferLen", function(t)
  t:close(t:connect(TCP, harness.tcp, HOST, 4096, -1))
  t:returns({NIL, EARG}, socketcore.sock_conn(TCP, HOST, harness.tcp, -1, 4096))
end)

test("sock_conn: insist and hostNameFlag are 0 or 1", function(t)
  for _, flag in ipairs {-1, 2, 2^40, unpack(NOT_INTEGERS)} do
    for _, kind in ipairs {TCP, UDP, SSL} do
      t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, 80, nil, nil, flag))
      t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, 80, nil, nil, nil, nil, flag))
    end
  end
  for flag = 0, 1 do t:close(t:connect(TCP, harness.tcp, HOST, nil, nil, flag, nil, flag)) end
end)

test("sock_conn: local_port", function(t)
  for _, port in ipairs {-1, 65536, 2^40, unpack(NOT_INTEGERS)} do
    for _, kind in ipairs {TCP, UDP} do
      t:returns({NIL, EARG}, socketcore.sock_conn(kind, HOST, 80, nil, nil, nil, port))
    end
  end
  t:close(t:connect(TCP, harness.tcp, HOST, nil, nil, nil, 0))
end)

test("sock_conn: the fields of cert are strings", function(t)
  for _, field in ipairs {"hostName", "caCert", "clientCert", "clientKey", "clientPassword"} do
    for _, wrong in ipairs {1, {}, true, print} do
      t:raises("bad argument #4.*" .. field, socketcore.sock_conn, SSL, HOST, 80, {[field] = wrong})
    end
  end
end)

test("sock_conn: unusable PEM texts", function(t)
  for _, cert in ipairs {
    {caCert = ""}, {caCert = "garbage"}, {caCert = "-----BEGIN CERTIFICATE-----\n"},
    {caCert = ("x"):rep(100000)}, {caCert = "\0"},
    {clientCert = ""}, {clientCert = "garbage"}, {clientKey = ""}, {clientKey = "garbage"},
    {clientCert = harness.read_file(os.getenv "SC_ECHO_CA")},
    {clientCert = harness.read_file(os.getenv "SC_ECHO_CA"), clientKey = "garbage"},
  } do
    t:returns({NIL, EINIT}, socketcore.sock_conn(SSL, HOST, harness.echo_tls, cert))
  end
end)

test("sock_conn: cert is ignored where there is no TLS", function(t)
  t:close(t:connect(TCP, harness.tcp, HOST, {caCert = "garbage"}))
  t:close(t:connect(UDP, harness.udp, HOST, {}))
end)

test("sock_conn: more arguments than there are places do no harm", function(t)
  t:close(t:connect(TCP, harness.tcp, HOST, nil, nil, nil, nil, nil, 1, {}, "x"))
end)

test("ids and data of wrong types raise", function(t)
  for _, call in ipairs {"sock_send", "sock_getremainbuf", "sock_recv", "sock_close", "sock_destroy", "sock_setopt"} do
    raises_for(t, call, 1, NOT_NUMBERS, 0, 1, 1, 1)
    t:raises("bad argument #1", socketcore[call])
    t:raises("bad argument #1", socketcore[call], nil, 1, 1, 1)
  end
  raises_for(t, "sock_send", 2, {{}, true, print}, 0, "x")
  t:raises("bad argument #2", socketcore.sock_send, 0)
  raises_for(t, "sock_recv", 2, NOT_NUMBERS, 0, 1)
  t:raises("bad argument #2", socketcore.sock_recv, 0)
  raises_for(t, "sock_setopt", 2, NOT_NUMBERS, 0, 1, 1, 1)
  raises_for(t, "sock_setopt", 3, NOT_NUMBERS, 0, 1, 1, 1)
  t:nothing(0)
end)

test("timers, receive and sleep: wrong types raise", function(t)
  for _, wrong in ipairs(NOT_NUMBERS) do
    t:raises("bad argument #1", rtos.timer_start, wrong, 1)
    t:raises("bad argument #2", rtos.timer_start, 1, wrong)
    t:raises("bad argument #1", rtos.timer_stop, wrong)
    t:raises("bad argument #1", rtos.receive, wrong)
    t:raises("bad argument #1", rtos.recv, wrong)
    t:raises("bad argument #1", rtos.sleep, wrong)
  end
  t:raises("bad argument #1", rtos.timer_start)
  t:raises("bad argument #2", rtos.timer_start, 1)
  t:raises("bad argument #1", rtos.timer_stop)
  t:raises("bad argument #1", rtos.sleep)
end)

test("an id that no socket can have gets the return value only", function(t)
  for _, id in ipairs(NO_IDS) do
    t:returns({0, EARG}, socketcore.sock_send(id, "x"))
    t:returns({0}, socketcore.sock_getremainbuf(id))
    t:returns({""}, socketcore.sock_recv(id, 10))
    t:returns({0}, socketcore.sock_close(id))
    t:returns({0}, socketcore.sock_destroy(id))
    t:returns({-1}, socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1))
  end
  t:nothing(30)
end)

test("an id that is not in use is answered by messages too", function(t)
  for _, id in ipairs(UNUSED_IDS) do
    t:returns({0, EARG}, socketcore.sock_send(id, "x"))
    t:expect("SEND_CNF", id, {result = 1, error = EARG, send_len = 0})
    t:returns({0}, socketcore.sock_close(id))
    t:expect("CLOSE_CNF", id, {result = 1})
    t:returns({0}, socketcore.sock_getremainbuf(id))
    t:returns({""}, socketcore.sock_recv(id, 10))
    t:returns({0}, socketcore.sock_destroy(id))
    t:returns({-1}, socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1))
  end
end)

test("a closed and a destroyed id are answered by messages too", function(t)
  local id = t:connect(TCP, harness.tcp)
  t:same(socketcore.sock_close(id), 1)
  t:expect("CLOSE_CNF", id)
  for round = 1, 2 do
    local code = round == 1 and ENOTCONN or EARG
    t:returns({0, code}, socketcore.sock_send(id, "x"))
    t:expect("SEND_CNF", id, {result = 1, error = code, send_len = 0})
    t:returns({0}, socketcore.sock_close(id))
    t:expect("CLOSE_CNF", id, {result = 1})
    t:returns({0}, socketcore.sock_getremainbuf(id))
    t:returns({""}, socketcore.sock_recv(id, 10))
    t:returns({-1}, socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1))
    if round == 1 then t:destroy(id) end
  end
  t:returns({0}, socketcore.sock_destroy(id))
end)

test("between sock_close and its confirmation only that message comes", function(t)
  local id = t:connect(TCP, harness.tcp)
  t:same(socketcore.sock_close(id), 1)
  t:returns({0, ENOTCONN}, socketcore.sock_send(id, "x"))
  t:returns({0}, socketcore.sock_close(id))
  t:returns({0}, socketcore.sock_destroy(id))
  t:returns({0}, socketcore.sock_getremainbuf(id))
  t:expect("CLOSE_CNF", id)
  t:destroy(id)
end)

test("sending before the connection is there", function(t)
  for _, kind in ipairs {TCP, UDP, SSL} do
    local id = t:open(kind, kind == SSL and harness.echo_tls or kind == UDP and harness.udp or harness.tcp)
    t:returns({0, ENOTCONN}, socketcore.sock_send(id, "early"))
    t:returns({""}, socketcore.sock_recv(id, 10))
    t:returns({0}, socketcore.sock_destroy(id))
    t:expect("SEND_CNF", id, {result = 1, error = ENOTCONN, send_len = 0})
    t:expect("CONN_CNF", id)
    t:close(id)
  end
end)

test("sock_recv: length", function(t)
  local id = t:connect(TCP, harness.tcp)
  t:send(id, "send 10\n")
  t:expect("RECV_IND", id, {recv_len = 10})
  for _, length in ipairs {-1, -2^40, unpack(NOT_INTEGERS)} do t:returns({""}, socketcore.sock_recv(id, length)) end
  t:same(socketcore.sock_recv(id, 0), "")
  t:same(socketcore.sock_recv(id, 4), harness.pattern(4))
  t:same(socketcore.sock_recv(id, 2^60), harness.pattern(10):sub(5))
  t:close(id)
end)

test("sock_send: numbers are taken for their text, as Lua does", function(t)
  local id = t:connect(TCP, harness.echo_tcp)
  t:returns({1, 0}, socketcore.sock_send(id, 123))
  t:expect("SEND_CNF", id, {send_len = 3})
  t:same(t:read(id, 3), "123")
  t:close(id)
end)

local OPTIONS = {
  {"SOL_SOCKET", "SO_KEEPALIVE", {0, 1}}, {"SOL_SOCKET", "SO_REUSEADDR", {0, 1}},
  {"IPPROTO_TCP", "TCP_KEEPIDLE", {1, 30, 32767}}, {"IPPROTO_TCP", "TCP_KEEPINTVL", {1, 60}},
  {"IPPROTO_TCP", "TCP_KEEPCNT", {1, 3, 127}},
}

test("sock_setopt: the contract's pairs, before and after the connection is there", function(t)
  local id = t:open(TCP, harness.tcp)
  for round = 1, 2 do
    for _, option in ipairs(OPTIONS) do
      for _, value in ipairs(option[3]) do
        t:same(socketcore.sock_setopt(id, socketcore[option[1]], socketcore[option[2]], value), 0, option[2] .. " " .. value)
      end
    end
    if round == 1 then t:expect("CONN_CNF", id) end
  end
  t:close(id)
end)

test("sock_setopt: everything else", function(t)
  local id = t:connect(TCP, harness.tcp)
  local set, SOL, KEEPALIVE = socketcore.sock_setopt, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE
  for _, value in ipairs {-1, 2^31, 2^40, 0.5, 0/0, 1/0, {}, true, false, "1", print} do
    t:returns({-1}, set(id, SOL, KEEPALIVE, value))
  end
  t:returns({-1}, set(id, SOL, KEEPALIVE, nil))
  t:returns({-1}, set(id, SOL, KEEPALIVE))
  for _, pair in ipairs {{SOL, 3}, {6, 8}, {6, 1}, {1, 9}, {0, 0}, {-1, 8}, {SOL, -8}, {SOL, 8.5}, {4095.5, 8}, {2^40, 8},
                         {0/0, 8}, {SOL, 1/0}, {1, 2}} do
    t:returns({-1}, set(id, pair[1], pair[2], 1))
  end
  t:close(id)
end)

test("a finalizer cannot disturb what is being received", function(t)
  local id = t:connect(TCP, harness.echo_tcp)
  local payload = harness.pattern(30000)
  local calls = 0
  local function litter()
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = function()
      calls = calls + 1
      pcall(socketcore.sock_recv, id, 7)
      pcall(socketcore.sock_send, id, "")
      pcall(rtos.receive, 0)
    end
  end
  -- What a finalizer takes is lost to this loop, so bytes may be missing; a crash or a sanitizer's word is what it is after.
  for _ = 1, 50 do
    socketcore.sock_send(id, payload)
    for _ = 1, 50 do litter() end
    local deadline = rtos.tick() + 16384
    repeat
      local message = rtos.receive(20)
      if type(message) == "table" and message.recv_len then pcall(socketcore.sock_recv, id, message.recv_len) end
    until message == rtos.WAIT_MSG_TIMEOUT or rtos.tick() > deadline
  end
  collectgarbage()
  t:check(calls > 0)
  t:same(socketcore.sock_close(id), 1)
  repeat
    local message = t:next()
  until message.id == rtos.MSG_SOCK_CLOSE_CNF
  t:destroy(id)
end)

test("what a finalizer receives is not received again, nor lost", function(t)
  local id = t:connect(TCP, harness.tcp)
  local pause = collectgarbage("setpause", 1)
  local sent, answers, taken = 0, 0, 0
  local function count(message)
    if type(message) == "table" and message.id == rtos.MSG_SOCK_SEND_CNF then answers = answers + 1 end
  end
  local function take()
    taken = taken + 1
    local ok, message = pcall(rtos.receive, 0)
    if ok then count(message) end
  end
  while sent < 3000 do
    for _ = 1, 3 do
      socketcore.sock_send(id, "x")
      sent = sent + 1
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = take
    end
    for _ = 1, 3 do count(rtos.receive(0)) end
  end
  collectgarbage("setpause", pause)
  collectgarbage()
  repeat
    local message = rtos.receive(50)
    count(message)
  until message == rtos.WAIT_MSG_TIMEOUT
  t:check(taken > 1000)
  t:same(answers, sent)
  t:close(id)
end)

test("a metamethod of cert may do anything", function(t)
  local other
  local cert = setmetatable({}, {__index = function(_, key)
    if key == "caCert" then
      other = t:connect(TCP, harness.tcp)
      collectgarbage()
    end
    return nil
  end})
  local id = t:connect(SSL, harness.echo_tls, HOST, cert)
  t:check(other and other ~= id)
  t:close(other)
  t:close(id)
  t:raises("from the cert", socketcore.sock_conn, SSL, HOST, 80, setmetatable({}, {__index = function() error "from the cert" end}))
end)

harness.finish()
