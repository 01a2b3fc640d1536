---@meta audiocore

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Sound. Nothing is heard; everything takes its time, and ends with its message. docs/parts.md has the details.
---@class audiocorelib
audiocore = {}

---Where sound goes to and comes from. Traced.
---@param out integer
---@param input? integer
---@return 1
function audiocore.setchannel(out, input) end

---The volume of sounds.
---@param volume integer 0..7
---@return 0|1 set 0: out of range
function audiocore.setvol(volume) end

---The volume of calls. Traced.
---@param volume integer
---@return 1
function audiocore.setsphvol(volume) end

---The amplifier's class: `CLASS_AB` or `CLASS_D`. Traced.
---@param class integer
---@return 1
function audiocore.setpa(class) end

---An amplifier outside, at a pin. Traced.
---@param ... integer
---@return 1
function audiocore.pa(...) end

---Plays a file; `MSG_AUDIO` follows when it is over.
---@param path string
---@return boolean playing false: no such file, or an empty one
function audiocore.play(path) end

---Plays bytes.
---@param data string
---@param kind integer `audiocore.AMR` and so on
---@param again? boolean|0|1 Again and again, until it is stopped
---@return boolean playing
function audiocore.playdata(data, kind, again) end

---Stops what plays.
---@return 1
function audiocore.stop() end

---Adds to a stream of sound.
---@param kind integer
---@param data string
---@param where? integer
---@return integer taken Bytes; less than all: again in a while. 0: no such kind, or no room
function audiocore.streamplay(kind, data, where) end

---How much of the stream waits.
---@return integer bytes
function audiocore.streamremain() end

---Records silence into a file; `MSG_RECORD` follows.
---@param path string
---@param seconds number
---@param quality? integer
---@param source? integer
---@param kind? integer AMR by default
---@return boolean recording
function audiocore.record(path, seconds, quality, source, kind) end

---Records silence into a stream: a `MSG_STREAM_RECORD` for each piece.
---@param seconds number
---@param quality? integer
---@param source? integer
---@param kind? integer AMR by default
---@param bytes? integer Size of a piece, 160..32768; 1024 by default
---@return boolean recording
function audiocore.streamrecord(seconds, quality, source, kind, bytes) end

---Takes from the stream that is being recorded.
---@param size integer
---@return string data
function audiocore.streamrecordread(size) end

---Ends a recording early.
---@return boolean ended false: nothing was being recorded
function audiocore.stoprecord() end

---Ends and forgets a recording.
---@return 1
function audiocore.deleterecord() end

---A kind of sound.
audiocore.PCM = 1
---A kind of sound.
audiocore.WAV = 2
---A kind of sound.
audiocore.AMR = 3
---A kind of sound.
audiocore.MP3 = 4
---A kind of sound.
audiocore.SPX = 5
---A way out.
audiocore.HANDSET = 0
---A way out: the same as `HANDSET`.
audiocore.RECEIVER = 0
---A way out.
audiocore.EARPIECE = 1
---A way out: the same as `EARPIECE`.
audiocore.HEADPHONE = 1
---A way out.
audiocore.LOUDSPEAKER = 2
---A way out: the same as `LOUDSPEAKER`.
audiocore.SPEAKER = 2
---A class of amplifiers.
audiocore.CLASS_AB = 0
---A class of amplifiers.
audiocore.CLASS_D = 1
---Where a stream is played.
audiocore.PLAY_LOCAL = 0
---Where a stream is played: into a call.
audiocore.PLAY_VOLTE = 1
---Where a stream is played.
audiocore.PLAY_POC = 2
---What is recorded: the microphone.
audiocore.RECORE_MIC = 1
---What is recorded: a call.
audiocore.RECORE_VOICE = 2
---What is recorded: both ways of a call.
audiocore.RECORE_VOICE_DUAL = 3
---What is recorded.
audiocore.RECORE_POC = 4

return audiocore
