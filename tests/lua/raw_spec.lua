-- Needs CAP_NET_RAW; without it, what is tested is that a script is told so.
local harness = require "harness"
local socketcore = require "socketcore"
local test, RAW, HOST = harness.test, harness.RAW, harness.HOST

local ICMP, ECHO_REPLY_TYPE = 1, "\0"

-- An ICMP echo request with its checksum.
local function echo_request(data)
  if #data % 2 == 1 then data = data .. "\0" end
  local function packet(checksum)
    return string.char(8, 0, math.floor(checksum / 256), checksum % 256, 0x12, 0x34, 0, 1) .. data
  end
  local sum, bytes = 0, packet(0)
  for i = 1, #bytes, 2 do sum = sum + bytes:byte(i) * 256 + bytes:byte(i + 1) end
  while sum > 0xffff do sum = sum % 0x10000 + math.floor(sum / 0x10000) end
  return packet(0xffff - sum)
end

local function ping(protocol)
  return function(t)
    local id = t:open(RAW, protocol)
    local message = t:next()
    t:same(message.socket_index, id)
    if message.result == 1 then
      t:same(message.error, socketcore.ERR_EIF)
      t:check(message.reason:find "CAP_NET_RAW", message.reason)
      t:destroy(id)
      return
    end
    local request = echo_request("socketcore")
    t:send(id, request)
    local reply
    repeat  -- on loopback the request is heard too
      local announced = t:expect("RECV_IND", id).recv_len
      local packet = socketcore.sock_recv(id, announced)
      t:same(#packet, announced)
      local header = packet:byte(1) % 16 * 4
      t:same(math.floor(packet:byte(1) / 16), 4, "an IPv4 header")
      reply = packet:sub(header + 1)
    until reply:sub(1, 1) == ECHO_REPLY_TYPE
    t:same(reply:sub(5), request:sub(5))
    t:close(id)
  end
end

test("a ping", ping(ICMP))
test("protocol 0 is ICMP", ping(0))

test("protocols end at 255", function(t)
  t:returns({harness.NIL, socketcore.ERR_EARG}, socketcore.sock_conn(RAW, HOST, 256))
end)

harness.finish()
