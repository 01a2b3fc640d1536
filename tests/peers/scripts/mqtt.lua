-- Just enough of MQTT 3.1.1 for the tests, on the public calls only.
local mqtt = {}

local function length(n)
  local out = ""
  repeat
    local digit = n % 128
    n = (n - digit) / 128
    out = out .. string.char(n > 0 and digit + 128 or digit)
  until n == 0
  return out
end

local function text(s) return string.char(math.floor(#s / 256), #s % 256) .. s end
local function number(n) return string.char(math.floor(n / 256), n % 256) end
local function packet(head, body) return string.char(head) .. length(#body) .. body end

-- options: client, keepalive, will = {topic, payload}
function mqtt.connect(kit, id, options)
  local flags, payload = 2, text(options.client)
  if options.will then
    flags = flags + 4
    payload = payload .. text(options.will[1]) .. text(options.will[2])
  end
  kit.upload(id, packet(0x10, text("MQTT") .. string.char(4, flags) .. number(options.keepalive or 60) .. payload))
  local kind, body = mqtt.receive(kit, id)
  return kind == 2 and body:byte(2)
end

function mqtt.subscribe(kit, id, topic, qos)
  kit.upload(id, packet(0x82, number(10) .. text(topic) .. string.char(qos)))
  local kind, body = mqtt.receive(kit, id)
  return kind == 9 and body:byte(3)
end

-- QoS 1; waits for the PUBACK. A message that comes meanwhile goes to `other`.
function mqtt.publish(kit, id, topic, payload, number_, other)
  kit.upload(id, packet(0x32, text(topic) .. number(number_) .. payload))
  while true do
    local kind, body, head = mqtt.receive(kit, id)
    if kind == nil then return nil end
    if kind == 4 then return body == number(number_) end
    if other then other(kind, body, head) end
  end
end

-- One packet: its kind, body and first byte; nil when the broker has closed.
function mqtt.receive(kit, id)
  local head = kit.read(id, 1)
  if head == "" then return nil end
  local size, factor = 0, 1
  repeat
    local byte = kit.read(id, 1):byte()
    size, factor = size + byte % 128 * factor, factor * 128
  until byte < 128
  return math.floor(head:byte() / 16), size > 0 and kit.read(id, size) or "", head:byte()
end

-- Takes a PUBLISH apart and acknowledges QoS 1.
function mqtt.message(kit, id, body, head)
  local n = body:byte(1) * 256 + body:byte(2)
  local topic, at = body:sub(3, 2 + n), 3 + n
  if math.floor(head / 2) % 4 > 0 then
    kit.upload(id, packet(0x40, body:sub(at, at + 1)))
    at = at + 2
  end
  return topic, body:sub(at)
end

function mqtt.ping(kit, id)
  kit.upload(id, packet(0xc0, ""))
  return mqtt.receive(kit, id) == 13
end

function mqtt.disconnect(kit, id) kit.upload(id, packet(0xe0, "")) end

return mqtt
