-- The moods of TLS servers are tested against OpenSSL's own in tests/real; this is what a script sees.
local harness = require "harness"
local socketcore = require "socketcore"
local rtos = require "rtos"
local test, SSL, HOST = harness.test, harness.SSL, harness.HOST

local CA = harness.read_file(os.getenv "SC_ECHO_CA")
local EHANDSHAKE, EINVALID = socketcore.ERR_SSL_EHANDESHAK, socketcore.ERR_SSL_EINVALID

local function open(t, cert, ...) return t:open(SSL, harness.echo_tls, HOST, cert, ...) end

test("without a CA nothing is verified", function(t)
  local id = open(t)
  t:expect("CONN_CNF", id, {result = 0, verify = "none"})
  t:send(id, "hello")
  t:same(t:read(id, 5), "hello")
  t:close(id)
end)

test("with the CA the certificate verifies", function(t)
  local id = open(t, {caCert = CA}, nil, 0)
  t:expect("CONN_CNF", id, {result = 0, verify = "ok"})
  t:close(id)
  id = open(t, {caCert = CA, hostName = "localhost"}, nil, 0, nil, 1)
  t:expect("CONN_CNF", id, {result = 0, verify = "ok"})
  t:close(id)
end)

test("insist decides what a wrong name does", function(t)
  local cert = {caCert = CA, hostName = "elsewhere.example"}
  local id = open(t, cert)
  local message = t:expect("CONN_CNF", id, {result = 0})
  t:check(message.verify ~= "ok" and message.verify ~= "none", message.verify)
  t:close(id)
  id = open(t, cert, nil, 0)
  message = t:expect("CONN_CNF", id, {result = 1, error = EINVALID})
  t:check(message.verify ~= "ok" and message.verify ~= "none", message.verify)
  t:destroy(id)
end)

test("one million bytes there and back", function(t)
  local id = t:connect(SSL, harness.echo_tls)
  local payload = harness.pattern(1000000)
  t:returns({1, 0}, socketcore.sock_send(id, payload))
  local parts, have, confirmed = {}, 0, false
  while have < #payload or not confirmed do
    local message = t:next()
    if message.id == rtos.MSG_SOCK_SEND_CNF then
      t:same(message.send_len, #payload)
      confirmed = true
    else
      t:same(message.id, rtos.MSG_SOCK_RECV_IND)
      parts[#parts + 1] = socketcore.sock_recv(id, message.recv_len)
      have = have + #parts[#parts]
    end
  end
  t:check(table.concat(parts) == payload, "the bytes differ")
  t:close(id)
end)

test("a server that speaks no TLS", function(t)
  local id = t:open(SSL, harness.echo_tcp)
  local message = t:expect("CONN_CNF", id, {result = 1, error = EHANDSHAKE})
  t:check(message.reason:find(HOST .. ":" .. harness.echo_tcp, 1, true), message.reason)
  t:destroy(id)
end)

test("a refused connection is no handshake failure", function(t)
  local id = t:open(SSL, harness.refused)
  t:expect("CONN_CNF", id, {result = 1, error = socketcore.ERR_ERST})
  t:destroy(id)
end)

test("recvBufferLen is ignored, in both places", function(t)
  local id = t:open(SSL, harness.echo_tls, HOST, 4096)
  t:expect("CONN_CNF", id, {result = 0})
  t:close(id)
  id = t:open(SSL, harness.echo_tls, HOST, nil, -1)
  t:expect("CONN_CNF", id, {result = 0})
  t:close(id)
end)

test("local_port is ignored", function(t)
  local taken = tonumber(harness.refused)
  local id = t:open(SSL, harness.echo_tls, HOST, nil, nil, nil, taken)
  t:expect("CONN_CNF", id, {result = 0})
  t:close(id)
end)

test("closing during the handshake", function(t)
  for ms = 0, 4 do
    local id = t:open(SSL, harness.echo_tls)
    rtos.sleep(ms)
    t:close(id)
  end
  local id = t:open(SSL, harness.tcp)  -- a peer that says nothing
  rtos.sleep(10)
  t:close(id)
end)

test("options hold on an SSL socket too", function(t)
  local id = t:connect(SSL, harness.echo_tls)
  t:same(socketcore.sock_setopt(id, socketcore.SOL_SOCKET, socketcore.SO_KEEPALIVE, 1), 0)
  t:same(socketcore.sock_setopt(id, socketcore.IPPROTO_TCP, socketcore.TCP_KEEPIDLE, 30), 0)
  t:close(id)
end)

harness.finish()
