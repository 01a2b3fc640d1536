-- pump.lua KIND ADDRESS PORT BYTES PIECE: sends so many bytes of a pattern, expects each back, and says what it was told.
local kit = require "kit"
local kind, address, port, total, piece = tonumber(arg[1]), arg[2], tonumber(arg[3]), tonumber(arg[4]), tonumber(arg[5])

kit.quiet = true
kit.patience = 600000

-- The pattern: any place of it is recognised.
local pattern, state = {}, 1
for i = 1, 65521 do
  state = (state * 16807) % 2147483647
  pattern[i] = string.char(state % 256)
end
pattern = table.concat(pattern)
local function expected(from, size)  -- from 0
  local at = from % #pattern
  local part = pattern:sub(at + 1, at + size)
  while #part < size do part = part .. pattern:sub(1, size - #part) end
  return part
end

local id = kit.connect(kind, address, port, kind == 2 and {} or nil)
kit.say("connected", {})
local accepted, confirmed, received, answers, asked, failures = 0, 0, 0, 0, 0, 0
local wrong, ended, half

local function send_on()
  while accepted < total and not ended do
    local size = math.min(piece, total - accepted)
    if socketcore.sock_getremainbuf(id) < size then return end
    asked = asked + 1
    if socketcore.sock_send(id, expected(accepted, size)) ~= 1 then return end
    accepted = accepted + size
  end
end

send_on()
while received < total and not ended do
  local message = kit.next(kit.patience)
  assert(message, "nothing came")
  if message.kind == "SEND_CNF" then
    answers = answers + 1
    if message.result == 0 then confirmed = confirmed + message.send_len else failures = failures + 1 end
    send_on()
  elseif message.kind == "RECV_IND" then
    local data = socketcore.sock_recv(id, message.recv_len)
    if data ~= expected(received, #data) then wrong = received end
    received = received + #data
    if received * 2 > total and not half then
      half = true
      kit.say("half", {})
    end
  elseif message.kind == "CLOSE_IND" then
    ended = message.error
  end
end
while answers < asked do
  local message = kit.next(kit.patience)
  assert(message, "no answer to a send")
  if message.kind == "SEND_CNF" then
    answers = answers + 1
    if message.result == 0 then confirmed = confirmed + message.send_len else failures = failures + 1 end
  elseif message.kind == "CLOSE_IND" then
    ended = message.error
  end
end
local closed = kit.close(id)
kit.say("done", {accepted = accepted, confirmed = confirmed, received = received, wrong = wrong, failures = failures,
                 ended = ended, closed = closed.result, answers = answers, asked = asked})
