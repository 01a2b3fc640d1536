--- Sounds, one after the other by priority. A host has no loudspeaker: they are silent and take their time.
--
-- Messages: `AUDIO_PLAY_END` (result) when a request has ended; the results are those of `audio.play`.
-- @module audio
-- @usage audio.play(1, "FILE", "/lua/alarm.mp3", 7, function(result) log.info("audio", result) end)
local rtos = require "rtos"
require "sys"
require "ril"
local audiocore = require "audiocore"

local audio = {}
_G.audio = audio

--- Results of a request.
audio.PLAYED = 0
audio.FAILED = 1
audio.TOO_LOW = 2
audio.WRONG = 3
audio.REPLACED = 4
audio.STOPPED = 5

local TTS_MS_PER_BYTE = 100
local KINDS = { FILE = true, TTS = true, TTSCC = true, RECORD = true }

local volume, call_volume, mic_volume = 4, 4, 1
local strategy = 0
local ended -- function(result), below
local current -- the request that plays, or waits for its next turn
local waiting = {} -- requests of the same priority, in their order

local function start(request)
  current = request
  audiocore.setvol(request.volume)
  request.at = request.at + 1
  local sound = request.sounds[request.at]
  if request.kind == "FILE" or request.kind == "RECORD" then
    if audiocore.play(sound) ~= true then ended(audio.FAILED) end
  else
    -- The text would be spoken: that takes its time.
    sys.timerStart(ended, math.max(#sound * TTS_MS_PER_BYTE, 1), audio.PLAYED)
  end
end

local function again(request)
  request.at = 0
  start(request)
end

local function halt(request)
  sys.timerStop(ended, audio.PLAYED)
  sys.timerStop(again, request)
  audiocore.stop()
end

local function report(request, result)
  if request.done then request.done(result) end
  sys.publish("AUDIO_PLAY_END", result)
end

local function start_next()
  if not current and waiting[1] then start(table.remove(waiting, 1)) end
end

-- A sound is over: the next of its request, its repetition, or the next request.
function ended(result)
  local request = current
  if not request then return end
  if result == audio.PLAYED and request.at < #request.sounds then return start(request) end
  if result == audio.PLAYED and request.dup then
    sys.timerStart(again, math.max(request.interval, 1), request)
    return
  end
  current = nil
  report(request, result)
  start_next()
end

local function replace_with(request)
  local former = current
  current = nil
  halt(former)
  local dropped = waiting
  waiting = {}
  start(request)
  report(former, audio.REPLACED)
  for _, other in ipairs(dropped) do report(other, audio.REPLACED) end
end

--- Asks for a sound.
-- @param priority number: a higher one stops what plays, a lower one is refused
-- @param kind "FILE" or "RECORD" (path or a list of paths), "TTS" or "TTSCC" (text)
-- @param path see `kind`
-- @param[opt=4] vol 0..7
-- @param[opt] cbFnc function(result): 0 played, 1 failed, 2 priority too low, 3 wrong arguments, 4 replaced by another
-- request, 5 stopped
-- @param[opt=false] dup true: again and again, until stopped
-- @param[opt=0] dupInterval milliseconds between the repetitions
function audio.play(priority, kind, path, vol, cbFnc, dup, dupInterval)
  local sounds = type(path) == "table" and path or { path }
  local request = {
    priority = priority, kind = kind, sounds = sounds, at = 0, volume = vol or volume, done = cbFnc, dup = dup,
    interval = tonumber(dupInterval) or 0,
  }
  if type(priority) ~= "number" or not KINDS[kind] or type(sounds[1]) ~= "string" then
    return report(request, audio.WRONG)
  end
  if not current then return start(request) end
  if priority < current.priority then return report(request, audio.TOO_LOW) end
  if priority > current.priority or strategy == 1 then return replace_with(request) end
  waiting[#waiting + 1] = request
end

--- Stops what plays, and forgets what waits.
-- @param[opt] cbFnc function(result), called with 0
function audio.stop(cbFnc)
  local former, dropped = current, waiting
  current, waiting = nil, {}
  if former then
    halt(former)
    report(former, audio.STOPPED)
  end
  for _, request in ipairs(dropped) do report(request, audio.STOPPED) end
  if cbFnc then cbFnc(0) end
end

--- Chooses what happens to a request of the same priority as the one that plays.
-- @param new 0: it waits; 1: it replaces the other
function audio.setStrategy(new) strategy = new end

local function checked_volume(vol)
  if type(vol) ~= "number" or vol < 0 or vol > 7 then error("a volume 0..7 expected", 3) end
  return vol
end

--- Sets the volume of sounds.
-- @param vol 0..7
-- @return true
function audio.setVolume(vol)
  volume = checked_volume(vol)
  audiocore.setvol(vol)
  return true
end

--- Sets the volume of calls.
-- @param vol 0..7
-- @return true
function audio.setCallVolume(vol)
  call_volume = checked_volume(vol)
  audiocore.setsphvol(vol)
  return true
end

--- Sets the volume of the microphone.
-- @param vol 0..7
-- @return true
function audio.setMicVolume(vol)
  mic_volume = checked_volume(vol)
  ril.request("AT+CMIC=1," .. vol)
  return true
end

--- The volume of sounds.
-- @return 0..7
function audio.getVolume() return volume end

--- The volume of calls.
-- @return 0..7
function audio.getCallVolume() return call_volume end

--- The volume of the microphone.
-- @return 0..7
function audio.getMicVolume() return mic_volume end

--- Chooses where sound goes to and comes from.
-- @param output number, see `audiocore`
-- @param[opt] input number
function audio.setChannel(output, input)
  audiocore.setchannel(output, input)
end

rtos.on(rtos.MSG_AUDIO, function(message)
  if not current then return end
  if message.play_end_ind == true then ended(audio.PLAYED) end
  if message.play_error_ind == true then ended(audio.FAILED) end
end)

audiocore.setvol(volume)
audiocore.setsphvol(call_volume)

return audio
