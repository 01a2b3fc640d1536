local harness = require "harness"
local socketcore = require "socketcore"
local rtos = require "rtos"
local test, UDP, HOST = harness.test, harness.UDP, harness.HOST

local EARG, ERST = socketcore.ERR_EARG, socketcore.ERR_ERST

local function connect(t) return t:connect(UDP, harness.udp) end

test("a datagram comes back", function(t)
  local id = connect(t)
  t:send(id, "hello")
  t:expect("RECV_IND", id, {recv_len = 5})
  t:same(socketcore.sock_recv(id, 5), "hello")
  t:same(socketcore.sock_recv(id, 5), "")
  t:close(id)
end)

test("the built-in echo server answers too", function(t)
  local id = t:connect(UDP, harness.echo_udp)
  t:send(id, "hello")
  t:same(t:read(id, 5), "hello")
  t:close(id)
end)

test("sock_recv gives one datagram, and drops what does not fit", function(t)
  local id = connect(t)
  t:send(id, "twice:abcdef")
  t:expect("RECV_IND", id, {recv_len = 6})
  t:same(socketcore.sock_recv(id, 2), "ab")
  t:expect("RECV_IND", id, {recv_len = 6})
  t:same(socketcore.sock_recv(id, 100), "abcdef")
  t:same(socketcore.sock_recv(id, 100), "")
  t:nothing(30)
  t:close(id)
end)

test("an empty datagram is announced, and consumed by reading nothing", function(t)
  local id = connect(t)
  t:send(id, "empty")
  t:expect("RECV_IND", id, {recv_len = 0})
  t:same(socketcore.sock_recv(id, 0), "")
  t:send(id, "next")
  t:expect("RECV_IND", id, {recv_len = 4})
  t:same(socketcore.sock_recv(id, 4), "next")
  t:close(id)
end)

test("length 0 leaves a datagram that has bytes", function(t)
  local id = connect(t)
  t:send(id, "stay")
  t:expect("RECV_IND", id, {recv_len = 4})
  t:same(socketcore.sock_recv(id, 0), "")
  t:same(socketcore.sock_recv(id, -1), "")
  t:same(socketcore.sock_recv(id, 4), "stay")
  t:nothing(20)
  t:close(id)
end)

test("empty data sends an empty datagram", function(t)
  local id = connect(t)
  t:send(id, "")
  t:expect("RECV_IND", id, {recv_len = 0})
  t:same(socketcore.sock_recv(id, 10), "")
  t:close(id)
end)

test("the largest datagram passes, a larger one is refused", function(t)
  local id = connect(t)
  local largest = 65507
  t:send(id, harness.pattern(largest))
  t:expect("RECV_IND", id, {recv_len = largest})
  t:same(socketcore.sock_recv(id, largest), harness.pattern(largest))
  t:returns({0, EARG}, socketcore.sock_send(id, ("x"):rep(largest + 1)))
  t:expect("SEND_CNF", id, {result = 1, error = EARG, send_len = 0})
  t:close(id)
end)

test("only the peer's datagrams are delivered", function(t)
  local id = connect(t)
  t:send(id, "stranger")
  t:expect("RECV_IND", id, {recv_len = 13})
  t:same(socketcore.sock_recv(id, 100), "from the peer")
  t:nothing(20)
  t:close(id)
end)

test("an unreachable peer fails at most the next send", function(t)
  local id = t:connect(UDP, harness.unreachable)
  t:send(id, "one")
  rtos.sleep(30)
  t:returns({1, 0}, socketcore.sock_send(id, "two"))
  t:expect("SEND_CNF", id, {result = 1, error = ERST})
  t:close(id)
end)

test("two datagrams are two announcements", function(t)
  local id = connect(t)
  t:send(id, "twice:abc")
  t:expect("RECV_IND", id, {recv_len = 3})
  t:same(socketcore.sock_recv(id, 3), "abc")
  t:expect("RECV_IND", id, {recv_len = 3})
  t:same(socketcore.sock_recv(id, 3), "abc")
  t:close(id)
end)

test("a local port", function(t)
  -- A script cannot ask for the number of a free one, so it tries some.
  for port = 30011, 30111 do
    local id = t:open(UDP, harness.udp, HOST, nil, nil, nil, port)
    local message = t:next()
    if message.result == 0 then
      local second = t:open(UDP, harness.udp, HOST, nil, nil, nil, port)
      t:expect("CONN_CNF", second, {result = 1, error = socketcore.ERR_EADDRINUSE})
      t:destroy(second)
      t:close(id)
      return
    end
    t:same(message.error, socketcore.ERR_EADDRINUSE)
    t:destroy(id)
  end
  t:check(false, "none of a hundred ports is free")
end)

test("datagrams keep their order and their bounds", function(t)
  local id = connect(t)
  for i = 1, 50 do
    local datagram = "datagram " .. i
    t:send(id, datagram)
    t:same(t:read(id, #datagram), datagram)
  end
  t:close(id)
end)

harness.finish()
