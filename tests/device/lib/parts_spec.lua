-- Sounds, pins, sleep, lights and the console, over parts that only note what is asked of them.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local harness = require "harness"
local mock, same, raises = harness.mock, harness.same, harness.raises

LOG_LEVEL = 0
local notes = {}
local function note(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  notes[#notes + 1] = table.concat(texts, " ")
end
local function noted(what, expected)
  same(what, table.concat(notes, "|"), expected)
  notes = {}
end
local function run_for(ms) mock.run(mock.now + ms) end

local levels = {}
pio = { INPUT = 1, OUTPUT = 0, OUTPUT1 = 2, INT = 3, PULLUP = 4, PULLDOWN = 5, NOPULL = 6, pin = {} }
cpu = { INT_GPIO_POSEDGE = 1, INT_GPIO_NEGEDGE = 2 }
function pio.pin.setdir(direction, pin)
  note("dir", direction, pin)
  if direction == pio.OUTPUT then levels[pin] = 0 elseif direction == pio.OUTPUT1 then levels[pin] = 1 end
end
function pio.pin.setval(value, pin)
  note("val", value, pin)
  levels[pin] = value
end
function pio.pin.getval(pin) return levels[pin] or 0 end
function pio.pin.setpull(pull, pin) note("pull", pull, pin) end
function pio.pin.close(pin) levels[pin] = nil end
pmd = { sleep = function(on) note("sleep", on) end }
local playing
package.loaded.audiocore = {
  setvol = function(volume) note("vol", volume) return 1 end,
  setsphvol = function(volume) note("sphvol", volume) return 1 end,
  setchannel = function(output, input) note("channel", output, input) return 1 end,
  stop = function()
    note("stop")
    playing = nil
    return 1
  end,
  play = function(path)
    if path == "/missing" then return false end
    note("play", path)
    playing = path
    return true
  end,
}
local function played()
  mock.messages[#mock.messages + 1] = { { id = rtos.MSG_AUDIO, play_end_ind = true } }
  run_for(1)
end

require "sys"
sys.init(0, 0)

-- pins
require "pins"
local out = pins.setup(5, 1)
noted("an output with its level", "dir 2 5")
same("its level", out(), 1)
same("set", out(0), 0)
same("its level now", out(), 0)
noted("set only", "val 0 5")
local both = pins.setup(6, nil, pio.PULLUP)
noted("an input", "dir 1 6|pull 4 6")
levels[6] = 1
same("reads", both(), 1)
both(1)
noted("turns into an output", "dir 2 6|val 1 6")
both(0)
noted("stays one", "val 0 6")
both()
noted("turns back", "dir 1 6|pull 4 6")
local button = pins.setup(7, function(edge) note("edge", edge) end, pio.PULLDOWN)
noted("an input with edges", "dir 3 7|pull 5 7")
same("reads", button(), 0)
mock.messages[1] = { { id = rtos.MSG_INT, int_id = cpu.INT_GPIO_NEGEDGE, int_resnum = 7 } }
mock.messages[2] = { { id = rtos.MSG_INT, int_id = cpu.INT_GPIO_NEGEDGE, int_resnum = 8 } }
run_for(1)
noted("an edge", "edge 2")
pins.close(7)
mock.messages[1] = { { id = rtos.MSG_INT, int_id = cpu.INT_GPIO_NEGEDGE, int_resnum = 7 } }
run_for(1)
noted("closed", "")
raises("no pin", "pin expected", pins.setup, "P0_5", 1)

-- pm
require "pm"
same("sleeps", pm.isSleep(), true)
pm.wake("a")
pm.wake("a")
pm.wake("b")
noted("awake once", "sleep 0")
same("a", pm.isSleep("a"), false)
same("c", pm.isSleep("c"), true)
pm.sleep("a")
same("still awake", pm.isSleep(), false)
pm.sleep("b")
noted("sleeps", "sleep 1")
raises("no tag", "tag expected", pm.wake)

-- audio
require "audio"
noted("the volumes at the start", "vol 4|sphvol 4")
local function ended(name)
  return function(result) note(name, result) end
end
audio.play(1, "FILE", "/a", 7, ended "a")
audio.play(1, "FILE", { "/b1", "/b2" }, nil, ended "b")
noted("the first plays", "vol 7|play /a")
played()
noted("then the next", "a 0|vol 4|play /b1")
played()
noted("its second sound", "vol 4|play /b2")
audio.play(0, "FILE", "/c", 1, ended "c")
noted("too low", "c 2")
audio.play(2, "FILE", "/d", 1, ended "d")
noted("replaces", "stop|vol 1|play /d|b 4")
audio.play(2, "FILE", "/e", 1, ended "e")
audio.stop(ended "stop")
noted("stopped", "stop|d 5|e 5|stop 0")
audio.setStrategy(1)
audio.play(2, "FILE", "/f", 1, ended "f")
audio.play(2, "FILE", "/g", 1, ended "g")
noted("the strategy", "vol 1|play /f|stop|vol 1|play /g|f 4")
played()
noted("g ends", "g 0")
audio.setStrategy(0)
audio.play(2, "FILE", "/missing", 1, ended "missing")
noted("no such sound", "vol 1|missing 1")
audio.play(2, "NOISE", "/x", 1, ended "x")
audio.play(2, "FILE", nil, 1, ended "y")
noted("wrong", "x 3|y 3")
audio.play(1, "FILE", "/again", 1, ended "again", true, 500)
played()
run_for(490)
noted("waits for its turn", "vol 1|play /again")
run_for(20)
noted("again", "vol 1|play /again")
played()
audio.stop()
run_for(2000)
noted("no more", "stop|again 5")
audio.play(1, "TTS", "hello", 1, ended "spoken")
run_for(400)
noted("speaks", "vol 1")
run_for(200)
noted("has spoken", "spoken 0")
sys.subscribe("AUDIO_PLAY_END", function(result) note("message", result) end)
audio.play(1, "FILE", "/h", 1)
played()
noted("the message", "vol 1|play /h|message 0")
audio.setVolume(3)
audio.setCallVolume(5)
audio.setMicVolume(2)
audio.setChannel(1, 2)
noted("settings", "vol 3|sphvol 5|channel 1 2")
same("volumes", audio.getVolume() .. audio.getCallVolume() .. audio.getMicVolume(), "352")
raises("no volume", "0..7", audio.setVolume, 8)
raises("no call volume", "0..7", audio.setCallVolume, "loud")

-- netLed
require "netLed"
netLed.setBlinkTime("IDLE", 100, 200)
netLed.setup(true, 20, 21)
notes = {}
run_for(750)
noted("blinks", "val 0 20|val 1 20|val 0 20|val 1 20|val 0 20")
sys.publish("FLYMODE", true)
run_for(1000)
noted("dark in flight mode", "")
sys.publish("FLYMODE", false)
sys.publish("SOCKET_ACTIVE", true)
netLed.setBlinkTime("SCK", 50, 0)
run_for(1000)
noted("steady", "val 1 20")
netLed.setup(false)
notes = {}
run_for(10000)
noted("off", "")
same("dark", levels[20], 0)
raises("no such state", "state of the network", netLed.setBlinkTime, "WIFI", 1, 1)

-- console
require "console"
console.setup(1, 115200)
same("greets", mock.written, "\r\nconsole of LIBRARY 1.0.0\r\n> ")
local function typed(text)
  mock.written = ""
  mock.say(text, 1)
  run_for(1)
  return mock.written
end
same("a value", typed("1 + 1\r\n"), "2\r\n> ")
same("a statement", typed("seen = 5\n"), "> ")
same("it sees and sets globals", seen, 5)
same("print", typed('print("a", nil, seen)\r'), "a nil 5\r\n> ")
same("several lines", typed("1\n2\r\n"), "1\r\n> 2\r\n> ")
same("half a line", typed("4"), "")
same("the rest", typed("2\n"), "42\r\n> ")
same("nonsense", typed("1 +\n"):match("unexpected symbol") ~= nil, true)
same("an error", typed('error("oh dear", 0)\n'), "oh dear\r\n> ")
same("waits", typed("wait(100) return 7\n"), "")
run_for(200)
same("has waited", mock.written, "7\r\n> ")
same("waits, then fails", typed('sys.wait(10) error("later", 0)\n'), "")
run_for(20)
same("the later error", mock.written, "later\r\n> ")
same("an endless line", typed(("x"):rep(5000)), "line too long\r\n")
same("goes on", typed("3\n"), "3\r\n> ")
harness.finish()
