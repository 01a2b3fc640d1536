local socketcore = require "socketcore"
local rtos = require "rtos"
local harness = require "harness"
local test = harness.test

local CONSTANTS = {
  SOL_SOCKET = 0xfff, SO_REUSEADDR = 4, SO_KEEPALIVE = 8,
  IPPROTO_TCP = 6, TCP_KEEPIDLE = 3, TCP_KEEPINTVL = 4, TCP_KEEPCNT = 5,
  ERR_UNKOWN = -1, ERR_OK = 0, ERR_ENOMEM = 1, ERR_ENOBUFS = 2, ERR_ETIMEOUT = 3, ERR_ERTE = 4, ERR_EINPROGRESS = 5,
  ERR_EINVAL = 6, ERR_EWOULDBLOCK = 7, ERR_EADDRINUSE = 8, ERR_EALREADY = 9, ERR_EISCONN = 10, ERR_ENOTCONN = 11,
  ERR_EIF = 12, ERR_EABORT = 13, ERR_ERST = 14, ERR_ECLSD = 15, ERR_EARG = 16, ERR_EIO = 17, ERR_SSL_EHANDESHAK = 18,
  ERR_SSL_EINIT = 19, ERR_SSL_EINVALID = 20,
}
local CALLS = {
  "sock_conn", "sock_conn_ext", "sock_send", "sock_getremainbuf", "sock_recv", "sock_close", "sock_destroy", "sock_setopt",
}
local RTOS_CALLS = {"receive", "recv", "sleep", "timer_start", "timer_stop", "tick", "get_version"}
local MESSAGES = {
  "WAIT_MSG_TIMEOUT", "MSG_TIMER", "MSG_SOCK_CONN_CNF", "MSG_SOCK_SEND_CNF", "MSG_SOCK_RECV_IND", "MSG_SOCK_CLOSE_IND",
  "MSG_SOCK_CLOSE_CNF",
}

test("socketcore holds the contract's calls and numbers, and nothing else", function(t)
  local expected = {}
  for name, number in pairs(CONSTANTS) do
    t:same(socketcore[name], number, name)
    expected[name] = true
  end
  for _, name in ipairs(CALLS) do
    t:same(type(socketcore[name]), "function", name)
    expected[name] = true
  end
  for name in pairs(socketcore) do t:check(expected[name], "socketcore." .. tostring(name) .. " is not in the contract") end
end)

test("rtos holds the contract's calls and numbers", function(t)
  for _, name in ipairs(RTOS_CALLS) do t:same(type(rtos[name]), "function", name) end
  t:same(rtos.INF_TIMEOUT, 0xffffffff)
end)

test("every message has a number of its own", function(t)
  local owner = {}
  for _, name in ipairs(MESSAGES) do
    local number = rtos[name]
    t:same(type(number), "number", name)
    t:check(not owner[number], name .. " is " .. tostring(owner[number]))
    owner[number] = name
  end
end)

test("the tables are plain and writable", function(t)
  for _, module in ipairs {socketcore, rtos} do
    t:same(getmetatable(module), nil)
    module.something = 1
    t:same(module.something, 1)
    module.something = nil
  end
  local receive = rtos.receive
  rtos.receive = function() return "mine" end
  t:same(rtos.receive(), "mine")
  rtos.receive = receive
end)

test("both modules can be required", function(t)
  t:same(require "socketcore", socketcore)
  t:same(require "rtos", rtos)
end)

test("they are globals in the runner only", function(t)
  if rtos.restart then
    t:same(_G.socketcore, socketcore)
    t:same(_G.rtos, rtos)
  else
    t:same(_G.socketcore, nil)
    t:same(_G.rtos, nil)
  end
end)

test("requiring the module again goes on with the same device", function(t)
  package.loaded.socketcore = nil
  rtos.timer_start(1, 1)
  local again = require "socketcore"
  t:check(again.ERR_OK == 0, "the module")
  t:same(require("rtos").receive(1000), rtos.MSG_TIMER)
  package.loaded.socketcore, package.loaded.rtos = socketcore, rtos
end)

test("get_version has the shape that scripts take apart", function(t)
  local name, number, rest = rtos.get_version():match "(.-)_V(%d+)(_.+)"
  t:check(name and number and rest, rtos.get_version())
  t:check(rtos.get_version():match "(%d+)_RDA")
end)

test("tick counts 16384 per second", function(t)
  local before = rtos.tick()
  rtos.sleep(100)
  local passed = rtos.tick() - before
  t:check(passed % 1 == 0, "an integer")
  t:check(passed >= 1638 and passed < 16384, "100 ms were " .. passed .. " ticks")
end)

harness.finish()
