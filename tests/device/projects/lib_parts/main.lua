-- Pins, sleep, supply, PWM, sounds and lights on the virtual parts.
PROJECT, VERSION = "LIB_PARTS", "1.0.0"
require "sys"
require "pins"
require "pm"
require "misc"
require "audio"
require "netLed"
require "console"

local function same(what, actual, expected)
  print(actual == expected and "ok" or "WRONG", what, actual)
  if actual ~= expected then
    print("expected", expected)
    os.exit(1)
  end
end
sys.timerStart(function()
  print("not done in time")
  os.exit(1)
end, 30000)

-- A sound of a tenth of a second: 8 kHz, 8 bits, one channel.
local function write_sound(path)
  local data = ("\128"):rep(800)
  local head = "RIFF" .. pack.pack("<I", 36 + #data) .. "WAVEfmt " .. pack.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    .. "data" .. pack.pack("<I", #data)
  io.writeFile(path, head .. data)
end

local function result_of(...)
  local arguments = { ... }
  arguments[5] = function(result) sys.publish("RESULT", result) end
  audio.play(unpack(arguments, 1, 7))
  local _, result = sys.waitUntil("RESULT", 5000)
  return result
end

sys.taskInit(function()
  local led = pins.setup(pio.P0_10, 1)
  same("an output", led(), 1)
  led(0)
  same("set", led(), 0)
  local both = pins.setup(pio.P0_11, nil, pio.PULLUP)
  both(1)
  same("an input that was set", pio.pin.getval(pio.P0_11), 1)
  same("an input again", type(both()), "number")
  local edges = 0
  local button = pins.setup(pio.P0_12, function() edges = edges + 1 end, pio.PULLUP)
  same("a level", type(button()), "number")
  sys.wait(50)
  same("no edge without one", edges, 0)
  pins.close(pio.P0_10)

  pm.wake("test")
  pm.sleep("test")
  same("asleep", pm.isSleep(), true)
  same("millivolts", misc.getVbatt() > 3000 and misc.getVbatt() < 5000, true)
  same("charger", type(misc.getVbus()), "boolean")
  misc.openPwm(0, 500, 50)
  misc.closePwm(0)

  write_sound("/sound.wav")
  local began = os.clockms()
  same("a sound", result_of(1, "FILE", "/sound.wav", 3), audio.PLAYED)
  same("takes its time", os.clockms() - began >= 40, true)
  same("two sounds", result_of(1, "FILE", { "/sound.wav", "/sound.wav" }, 3), audio.PLAYED)
  same("no sound", result_of(1, "FILE", "/nothing.wav", 3), audio.FAILED)
  same("spoken", result_of(1, "TTS", "hi", 3), audio.PLAYED)
  audio.play(1, "FILE", "/sound.wav", 3, function(result) sys.publish("RESULT", result) end, true)
  sys.wait(350)
  audio.stop(function(result) sys.publish("STOPPED", result) end)
  local _, result = sys.waitUntil("RESULT", 1000)
  same("stopped", result, audio.STOPPED)
  same("plays after a stop", result_of(1, "FILE", "/sound.wav", 3), audio.PLAYED)

  netLed.setBlinkTime("GPRS", 50, 50)
  netLed.setup(true, pio.P0_1, pio.P0_4)
  if not link.isReady() then sys.waitUntil("IP_READY_IND", 5000) end
  sys.wait(20)
  same("LTE", pio.pin.getval(pio.P0_4), 1)
  local seen = {}
  for _ = 1, 12 do
    seen[pio.pin.getval(pio.P0_1)] = true
    sys.wait(20)
  end
  same("blinks", seen[0] and seen[1], true)
  netLed.setup(false)
  same("dark", pio.pin.getval(pio.P0_1) + pio.pin.getval(pio.P0_4), 0)

  console.setup(1, 115200)
  os.exit(0)
end)

sys.init(0, 0)
sys.run()
