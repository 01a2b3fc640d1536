-- audiocore: no sound, but files, lengths and messages.

local function raises(part, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(message):find(part, 1, true), message)
end
local function same(list, ...)
  local wanted = {...}
  for i = 1, math.max(#list, #wanted) do
    assert(list[i] == wanted[i], "line " .. i .. ": " .. tostring(list[i]) .. ", not " .. tostring(wanted[i]))
  end
end
local function file(name, text)
  local path = test.folder .. "/" .. name
  if text then
    local f = assert(io.open(path, "wb"))
    f:write(text)
    f:close()
  end
  return path
end
local function content(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

assert(require "audiocore" == audiocore)
for _, name in ipairs {"LOUDSPEAKER", "CLASS_AB", "CLASS_D", "PCM", "AMR", "MP3", "WAV", "SPX", "PLAY_VOLTE", "PLAY_LOCAL"} do
  assert(type(audiocore[name]) == "number", name)
end

-- What a library does while it loads.
assert(audiocore.setchannel(audiocore.LOUDSPEAKER) == 1 and audiocore.setchannel(2, 0) == 1)
assert(audiocore.setvol(4) == 1 and audiocore.setvol(8) == 0 and audiocore.setvol(-1) == 0)
assert(audiocore.setsphvol(4) == 1 and audiocore.setpa(audiocore.CLASS_D) == 1 and audiocore.pa(13, 2, 3) == 1)
assert(audiocore.stop() == 1 and audiocore.deleterecord() == 1)
same(test.trace(), "audio channel 2", "audio channel 2 0", "audio volume 4", "audio callvolume 4", "audio amplifier 1",
  "audio pa 13 2 3")
raises("#1 to 'setvol'", function() audiocore.setvol("loud") end)
raises("#1 to 'setchannel'", function() audiocore.setchannel() end)

-- Files: true only where there is one, then the message when it would be over.
local sound = file("a.amr", "#!AMR\n" .. ("x"):rep(3194))
assert(audiocore.play(sound) == true)
test.advance(1999)
assert(#test.events() == 0)
test.advance(1)
local events = test.events()
assert(#events == 1 and events[1][1] == "audio" and events[1][2] == 1)
assert(audiocore.play(file("none.amr")) == false and audiocore.play("") == false)
assert(audiocore.play(file("empty.mp3", "")) == false)
raises("#1 to 'play'", function() audiocore.play() end)
test.advance(100000)
assert(#test.events() == 0)
same(test.trace(), "audio play amr 2000 " .. sound, "audio end")

-- Through the io of the script, whatever that is.
local open = io.open
io.open = function(path, mode)
  assert(path == "/lua/x.mp3" and mode == "rb")
  return open(sound, mode)
end
assert(audiocore.play("/lua/x.mp3") == true)
io.open = open
audiocore.stop()
test.advance(10)
assert(test.events()[1][2] == 0)

assert(audiocore.playdata(("x"):rep(16000), audiocore.MP3) == true)
test.advance(1000)
assert(test.events()[1][2] == 1)
assert(audiocore.playdata("x", 0) == false and audiocore.playdata("x", 99) == false)
assert(audiocore.playdata("", audiocore.MP3) == false and audiocore.playdata("x", 0 / 0) == false)
assert(audiocore.playdata("x", audiocore.MP3, 1) == true)
test.advance(100000)
assert(#test.events() == 0)
audiocore.stop()
test.advance(10)
assert(test.events()[1][2] == 0)

-- Streams.
assert(audiocore.streamplay(audiocore.AMR, ("x"):rep(5000), audiocore.PLAY_VOLTE) == 4096)
assert(audiocore.streamplay(audiocore.AMR, "x") == 0 and audiocore.streamremain() == 4096)
test.advance(1000)
assert(audiocore.streamremain() == 2496)
test.advance(10000)
assert(audiocore.streamremain() == 0)
assert(audiocore.streamplay(0, "x") == 0 and audiocore.streamplay(audiocore.PCM, "") == 0)
raises("#2 to 'streamplay'", function() audiocore.streamplay(1) end)

-- Recordings are files of silence.
local path = file("r.amr")
assert(audiocore.record(path, 5, 1, 1, audiocore.AMR) == true)
assert(audiocore.record(path, 5) == false)
test.advance(5000)
events = test.events()
assert(#events == 1 and events[1][1] == "record" and events[1][2] == 1)
assert(#content(path) == 6 + 5 * 50 * 32 and content(path):sub(1, 6) == "#!AMR\n")
assert(audiocore.stoprecord() == false)

assert(audiocore.record(path, 60) == true)
assert(#content(path) == 6 + 60 * 1600)
test.advance(2000)
assert(audiocore.stoprecord() == true and #test.events() == 1)
assert(#content(path) == 6 + 2 * 1600)
test.advance(100000)
assert(#test.events() == 0)

path = file("r.wav")
assert(audiocore.record(path, 1e9, 1, 1, audiocore.WAV) == true)
assert(#content(path) <= 1048576 + 44)
test.advance(500)
assert(audiocore.stoprecord() == true)
assert(#content(path) == 44 + 8000 and content(path):sub(1, 4) == "RIFF")
test.events()

assert(audiocore.record(test.folder .. "/no/such/folder.amr", 5) == false)
for _, seconds in ipairs {0, -1, 0 / 0} do assert(audiocore.record(path, seconds) == false) end
assert(audiocore.record(path, 5, 1, 1, audiocore.SPX) == false and audiocore.record(path, 5, 1, 1, 77) == false)
raises("#2 to 'record'", function() audiocore.record(path) end)
raises("#5 to 'record'", function() audiocore.record(path, 1, 1, 1, {}) end)
if io.open("/dev/full", "wb") then assert(audiocore.record("/dev/full", 500) == false) end
assert(#test.events() == 0)

assert(audiocore.streamrecord(2, 1, 1, audiocore.AMR, 1600) == true)
local size, record_ended = 0, false
for _ = 1, 30 do
  test.advance(100)
  for _, event in ipairs(test.events()) do
    if event[1] == "record" then
      record_ended = true
    else
      assert(event[1] == "stream_record")
      local piece = audiocore.streamrecordread(event[2])
      assert(#piece == event[2])
      size = size + #piece
    end
  end
end
assert(record_ended and size == 6 + 3200, size)
assert(audiocore.streamrecordread(100) == "")
raises("#1 to 'streamrecordread'", function() audiocore.streamrecordread(-1) end)
assert(audiocore.streamrecord(0x7fffffff, nil, nil, nil, 1) == true)
assert(audiocore.deleterecord() == 1)
assert(audiocore.streamrecord(math.huge) == true and audiocore.stoprecord() == true)
assert(#content(path) == 44 + 8000)
