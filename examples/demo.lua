-- All four socket types against the built-in echo server: what `make run` shows.
--
-- usage: demo.lua HOST TCP_PORT UDP_PORT TLS_PORT CA_FILE [RUNNER]
--
-- examples/demo.sh starts the server and passes its ports. To see the two sides apart:
--   socketcore echo --write-ca ca.pem
--   socketcore run examples/demo.lua 127.0.0.1 TCP_PORT UDP_PORT TLS_PORT ca.pem
--
-- Lines that begin with ">" are calls and what they return, lines with "<" are messages as rtos.receive returns them.

local socketcore = require "socketcore"
local rtos = require "rtos"

local host, tcp_port, udp_port, tls_port, ca_file, runner = ...
if not ca_file then
  print("usage: demo.lua HOST TCP_PORT UDP_PORT TLS_PORT CA_FILE [RUNNER]   (or run examples/demo.sh)")
  os.exit(2)
end
tcp_port, udp_port, tls_port = tonumber(tcp_port), tonumber(udp_port), tonumber(tls_port)
runner = runner or "socketcore"

local TCP, UDP, SSL, RAW = 0, 1, 2, 3
local PATIENCE_MS = 5000
local TIMER = 1

-- What messages and codes are called.
local message_names, error_names = {}, {}
for name, value in pairs(rtos) do
  if name:match("^MSG_") then message_names[value] = name end
end
for name, value in pairs(socketcore) do
  if name:match("^ERR_") then error_names[value] = name end
end

local failures = 0

local function say(text, ...) print("  " .. text:format(...)) end

local function chapter(title)
  print()
  print("== " .. title .. " " .. ("="):rep(76 - #title))
end

local function check(good, text)
  if not good then failures = failures + 1 end
  say("%s %s", good and "[ok]" or "[WRONG]", text)
  return good
end

-- A value as a reader wants to see it: short, and on one line.
local function shown(value)
  if type(value) == "table" then return "cert" end
  if type(value) ~= "string" then return tostring(value) end
  if #value > 40 or value:find("[^%w%p ]") then return ("<%d bytes>"):format(#value) end
  return '"' .. value .. '"'
end

local function list(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = shown((select(i, ...))) end
  return table.concat(texts, ", ")
end

-- Calls a function of socketcore and shows it.
local function call(name, ...)
  local function show(arguments, ...)
    print(("> %s(%s) -> %s"):format(name, arguments, list(...)))
    return ...
  end
  return show(list(...), socketcore[name](...))
end

local function show_message(message)
  local fields = {}
  for _, name in ipairs { "result", "send_len", "recv_len", "verify" } do
    if message[name] then fields[#fields + 1] = name .. " = " .. shown(message[name]) end
  end
  if message.error and message.error ~= 0 then fields[#fields + 1] = "error = " .. error_names[message.error] end
  print(("< %-18s socket %d: %s"):format(message_names[message.id], message.socket_index, table.concat(fields, ", ")))
  if message.reason then print("    reason: " .. message.reason) end
end

-- The next message of whatever socket. A script for a device has one loop around this and nothing else.
local function next_message()
  local message, timer = rtos.receive(PATIENCE_MS)
  if type(message) == "table" then
    show_message(message)
    return message
  end
  if message == rtos.MSG_TIMER then
    print(("< %-18s timer %d ran out"):format("MSG_TIMER", timer))
  else
    check(false, ("no message came within %d ms"):format(PATIENCE_MS))
  end
  return { id = message }
end

-- Connects. Returns the id and the message that says how it went.
local function connect(...)
  local id = call("sock_conn", ...)
  if not check(id, "sock_conn gave an id") then return nil, {} end
  return id, next_message()
end

-- Sends, and reads until as much has come back.
local function echo(id, data)
  call("sock_send", id, data)
  local parts, size, confirmed = {}, 0, false
  while size < #data or not confirmed do
    local message = next_message()
    if message.id == rtos.MSG_SOCK_SEND_CNF then
      confirmed = message.result == 0 and message.send_len == #data
      if not check(confirmed, "all of it was sent") then return end
    elseif message.id == rtos.MSG_SOCK_RECV_IND then
      local part = call("sock_recv", id, message.recv_len)
      parts[#parts + 1] = part
      size = size + #part
    else
      return check(false, "the echo did not come")
    end
  end
  check(table.concat(parts) == data, ("the same %d bytes came back"):format(#data))
end

local function close(id)
  call("sock_close", id)
  local message = next_message()
  check(message.id == rtos.MSG_SOCK_CLOSE_CNF and message.result == 0, "the close was confirmed")
  call("sock_destroy", id)
end

local function is_connected(message)
  return check(message.id == rtos.MSG_SOCK_CONN_CNF and message.result == 0, "connected")
end

print("socketcore: one loop, one message at a time")
say("No call below ever waits, but for one: rtos.receive. The others return at once, and what becomes of")
say("them arrives as a message. A script is one loop around rtos.receive, however many sockets it has.")

chapter("1. TCP: a stream of bytes")
say("sock_conn only begins. MSG_SOCK_CONN_CNF then says how it went: result 0 means well. Likewise")
say("MSG_SOCK_SEND_CNF: the network has the bytes. MSG_SOCK_RECV_IND: so many bytes can be read.")
local id, message = connect(TCP, host, tcp_port)
if is_connected(message) then
  echo(id, "Hello over TCP")
  say("A stream knows nothing of where a send began: a long one comes back in as many pieces as the")
  say("network likes, each announced once the one before was read.")
  echo(id, ("0123456789"):rep(15000))
  close(id)
end

chapter("2. UDP: datagrams, whole or not at all")
say("The same calls and messages. CONN_CNF only says that the socket is ready: UDP does not ask the peer.")
id, message = connect(UDP, host, udp_port)
if is_connected(message) then
  echo(id, "Hello over UDP")
  close(id)
end

chapter("3. SSL: TCP with TLS on top")
local file = assert(io.open(ca_file))
local ca_text = file:read("*a")
file:close()
say("cert is {caCert = <the text of %s>, hostName = \"localhost\"}. What was found out about the", ca_file:match("[^/]*$"))
say("server's certificate is in the message: verify.")
id, message = connect(SSL, host, tls_port, { caCert = ca_text, hostName = "localhost" })
if is_connected(message) then
  check(message.verify == "ok", "the server's certificate is signed by this CA and bears this name")
  echo(id, "Hello over TLS")
  close(id)
end
say("Now a name that the certificate does not bear, and insist = 0 in place 6: then it must verify.")
id, message = connect(SSL, host, tls_port, { caCert = ca_text, hostName = "example.org" }, nil, 0)
check(message.error == socketcore.ERR_SSL_EINVALID, "it was refused, as it should be")
if id then call("sock_destroy", id) end

chapter("4. RAW: packets of IP itself; here a ping")
say("In place of the port stands the IP protocol, 1 for ICMP. The script makes and checks its packets.")

-- RFC 1071: the sum of all 16-bit words, carries added back in, inverted.
local function checksum(data)
  local sum = 0
  for i = 1, #data, 2 do
    sum = sum + data:byte(i) * 256 + (data:byte(i + 1) or 0)
  end
  while sum > 0xffff do sum = sum % 0x10000 + math.floor(sum / 0x10000) end
  sum = 0xffff - sum
  return string.char(math.floor(sum / 256), sum % 256)
end

local IDENTIFIER, PAYLOAD = "sc", "Hello over ICMP"
local function ping(id)
  local sequence = "\0\1"
  local request = "\8\0\0\0" .. IDENTIFIER .. sequence .. PAYLOAD
  request = "\8\0" .. checksum(request) .. request:sub(5)
  call("sock_send", id, request)
  while true do
    local message = next_message()
    if message.id == rtos.MSG_SOCK_RECV_IND then
      local packet = call("sock_recv", id, message.recv_len)
      -- A whole IP packet: the low half of its first byte counts the header's 32-bit words.
      local icmp = packet:sub(packet:byte(1) % 16 * 4 + 1)
      if icmp:byte(1) == 0 and icmp:sub(5, 6) == IDENTIFIER then
        check(checksum(icmp) == "\0\0" and icmp:sub(9) == PAYLOAD, "an echo reply with a good checksum and our payload")
        return
      end
      say("That was %s: a RAW socket hears all ICMP of its peer.", icmp:byte(1) == 8 and "our own request" or "not for us")
    elseif message.id ~= rtos.MSG_SOCK_SEND_CNF then
      return check(false, "the reply did not come")
    end
  end
end

id, message = connect(RAW, "127.0.0.1", 1)
if message.error == socketcore.ERR_EIF then
  say("[skipped] Only a process with that privilege may open a RAW socket; the message says how to")
  say("get it. Everything else works without. (`socketcore doctor` tells what this machine allows.)")
  if id then call("sock_destroy", id) end
elseif is_connected(message) then
  ping(id)
  close(id)
end

chapter("5. Timers arrive in the same queue")
rtos.timer_start(TIMER, 100)
print(("> timer_start(%d, 100)"):format(TIMER))
check(next_message().id == rtos.MSG_TIMER, "it ran out")

print()
if failures > 0 then
  print(("%d thing(s) went wrong: look for [WRONG] above."):format(failures))
  os.exit(1)
end
local farewell = ([[
All is well. What next:
  less examples/demo.lua                  read this script
  ls examples docs                        more examples, and the guide

  # what does this machine allow?
  RUNNER doctor
  # a web page, in 40 lines of Lua
  RUNNER run examples/http_get.lua example.org
  # a server for scripts of your own, and then, in another terminal, two hundred connections to it
  RUNNER echo
  RUNNER run examples/two_hundred.lua 127.0.0.1 TCP_PORT]]):gsub("RUNNER", (runner:gsub("%%", "%%%%")))
print(farewell)
