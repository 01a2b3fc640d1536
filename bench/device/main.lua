-- A device's project that loads all of the script library, for bench/device.py. Once the link is up it prints `ready`
-- and does the work that its first argument names.
PROJECT, VERSION = "BENCH", "1.0.0"
require "sys"
require "log"
LOG_LEVEL = log.LOGLEVEL_ERROR

for _, name in ipairs {
  "audio", "cc", "clib", "common", "console", "errDump", "ftp", "http", "link", "misc", "mqtt", "net", "netLed", "ntp",
  "nvm", "patch", "pins", "pm", "ril", "sim", "sms", "socket", "update", "utils", "websocket",
} do require(name) end

local QUIET_MS = 300 -- the modem has answered all questions of the start by then

local function seconds_since(started)
  print(("seconds %.6f"):format((os.clockms() - started) / 1000))
end

local works = {}

function works.boot() end

--- Lies idle until it is killed.
function works.idle()
  sys.wait(QUIET_MS)
  collectgarbage()
  collectgarbage()
  print(("heap %d"):format(collectgarbage("count") * 1024))
  sys.waitUntil("NEVER")
end

--- Lies idle in a program that keeps the state: ends `sys.run` by an error in a callback, and nothing else.
function works.leave()
  sys.timerStart(error, QUIET_MS, "left", 0)
  sys.waitUntil("NEVER")
end

--- Publishes with QoS 1 by as many clients, each client the next message after the last one's PUBACK.
function works.mqtt(port, count, clients)
  local payload, left, running = ("x"):rep(64), tonumber(count), tonumber(clients)
  local function publish(client)
    while left > 0 do
      left = left - 1
      assert(client:publish("bench/topic", payload, 1))
    end
    running = running - 1
    if running == 0 then sys.publish("PUBLISHED") end
  end
  local all = {}
  for i = 1, clients do
    all[i] = mqtt.client("bench-lua-" .. i, 60)
    assert(all[i]:connect("127.0.0.1", port))
  end
  local started = os.clockms()
  for _, client in ipairs(all) do sys.taskInit(publish, client) end
  sys.waitUntil("PUBLISHED")
  seconds_since(started)
  for _, client in ipairs(all) do client:disconnect() end
end

--- Asks the modem, each question after the last one's answer.
function works.at(_, count)
  local started = os.clockms()
  local left = tonumber(count)
  local function ask()
    left = left - 1
    if left < 0 then return sys.publish("ANSWERED") end
    ril.request("AT+CGATT?", nil, ask)
  end
  ask()
  sys.waitUntil("ANSWERED")
  seconds_since(started)
end

--- Reads `count` bytes from UART 1.
function works.uart_receive(_, count)
  local left, started = tonumber(count), nil
  uart.on(1, "receive", function()
    started = started or os.clockms()
    repeat
      local data = uart.read(1, 8192)
      left = left - #data
    until data == ""
    if left <= 0 then sys.publish("READ") end
  end)
  uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1)
  print("open")
  sys.waitUntil("READ")
  seconds_since(started)
end

--- Writes `count` bytes to UART 1, each piece once the last one has gone.
function works.uart_send(_, count)
  local left, piece = tonumber(count), ("x"):rep(1024)
  local started = os.clockms()
  local function write_more()
    if left <= 0 then return sys.publish("WRITTEN") end
    left = left - #piece
    uart.write(1, piece)
  end
  uart.on(1, "sent", write_more)
  uart.setup(1, 115200, 8, uart.PAR_NONE, uart.STOP_1, nil, 1)
  write_more()
  sys.waitUntil("WRITTEN")
  seconds_since(started)
end

local work, port, count, clients = ...
sys.taskInit(function()
  if not link.isReady() then sys.waitUntil("IP_READY_IND") end
  print("ready")
  works[work](port, count, clients)
  os.exit(0)
end)
sys.init(0, 0)
sys.run()
