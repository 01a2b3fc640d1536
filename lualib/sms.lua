--- Short messages. Text is GB2312, as on the device; a long one goes out, and comes in, as several parts.
--
-- Messages: `SMS_READY` when sending is possible; `SMS_SEND_CNF` (success, number, text) when a message was sent;
-- `SMS_NEW_MSG_IND` (number, text, time) when one came and no function takes it.
-- @module sms
-- @usage sms.setNewSmsCb(function(number, text, time)
--   log.info("sms", number, common.gb2312ToUtf8(text), time)
-- end)
-- sms.send("10086", common.utf8ToGb2312("hello"), function(success) log.info("sms", success) end)
require "sys"
require "ril"
require "net"
require "common"

local sms = {}
_G.sms = sms

local CNMI = "AT+CNMI=2,1,0,0,0"
local CNMI_AGAIN_MS = 30000
local LONGEST_BYTES, LONGEST_PART_BYTES = 140, 134 -- of UCS-2 text; a part leaves room for its header
local MOST_PARTS = 255
local PARTS_WAIT_MS = 600000
local NETWORK_WAIT_MS = 60000
local INTERNATIONAL = 0x91

local prepared, ready = false, false
local waiting = {} -- requests from before the modem and the network were ready
local new_sms
local reference = 0

-- GB2312 text, whatever happens: a character that it lacks becomes "?".
local function to_gb2312(ucs2be)
  local whole, problem = common.ucs2beToGb2312(ucs2be)
  if not problem then return whole end
  return (ucs2be:gsub("..", function(character)
    local text, lacking = common.ucs2beToGb2312(character)
    return lacking and "?" or text
  end))
end

-- Sending -----------------------------------------------------------------------------------------------------------

local function address_of(number)
  local digits = number:gsub("^%+", "")
  local kind = digits == number and "81" or "91"
  return ("%02X"):format(#digits) .. kind .. (common.numToBcdNum(digits):toHex())
end

local function pdu_of(number, header, text)
  local first = header == "" and "01" or "41"
  local payload = header .. text
  return first .. "00" .. address_of(number) .. "00" .. "08" .. ("%02X"):format(#payload) .. (payload:toHex())
end

-- Cuts UCS-2 text, never inside a pair of surrogates.
local function parts_of(text)
  if #text <= LONGEST_BYTES then return { text } end
  local parts, at = {}, 1
  while at <= #text do
    local stop = math.min(at + LONGEST_PART_BYTES - 1, #text)
    local unit = text:byte(stop - 1)
    if stop < #text and unit >= 0xd8 and unit < 0xdc then stop = stop - 2 end
    parts[#parts + 1] = text:sub(at, stop)
    at = stop + 1
  end
  return parts
end

local function submit(number, parts, done)
  reference = (reference + 1) % 256
  local left, all_good = #parts, true
  for i, part in ipairs(parts) do
    local header = #parts > 1 and string.char(5, 0, 3, reference, #parts, i) or ""
    local pdu = pdu_of(number, header, part)
    -- The length counts the octets after the service centre, which is left to the modem ("00").
    ril.request("AT+CMGS=" .. #pdu / 2, "00" .. pdu, function(_, success)
      left, all_good = left - 1, all_good and success
      if left == 0 then done(all_good) end
    end)
  end
end

-- There was no network for so long: the modem shall say what it thinks of that.
local function send_anyway(go)
  for i, other in ipairs(waiting) do
    if other == go then table.remove(waiting, i) end
  end
  go()
end

local function send_waiting()
  if not ready or net.getState() ~= "REGISTERED" then return end
  local requests = waiting
  waiting = {}
  for _, go in ipairs(requests) do
    sys.timerStop(send_anyway, go)
    go()
  end
end

--- Sends a message. Before the modem and the network are ready it is kept, at most for a minute.
-- @param num telephone number, with or without `+`
-- @param data text (GB2312)
-- @param[opt] cbFnc function(success, num, data), called when all parts were taken or refused
-- @return true; false for a number or text that cannot be sent
function sms.send(num, data, cbFnc)
  if type(num) ~= "string" or not num:match("^%+?[%d%*#]+$") or #num > 20 then return false end
  if type(data) ~= "string" or data == "" then return false end
  local text, problem = common.gb2312ToUcs2be(data)
  local parts = parts_of(text)
  if problem or #parts > MOST_PARTS then
    log.error("sms.send", problem and "the text is no GB2312" or "the text is too long")
    return false
  end
  local function go()
    submit(num, parts, function(success)
      if cbFnc then cbFnc(success, num, data) end
      sys.publish("SMS_SEND_CNF", success, num, data)
    end)
  end
  waiting[#waiting + 1] = go
  sys.timerStart(send_anyway, NETWORK_WAIT_MS, go)
  send_waiting()
  return true
end

-- Receiving ---------------------------------------------------------------------------------------------------------

local ALPHABET = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\27ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
  .. "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"):utf8ToTable()
local EXTENSION = {
  [10] = "\f", [20] = "^", [40] = "{", [41] = "}", [47] = "\\", [60] = "[", [61] = "~", [62] = "]", [64] = "|",
  [101] = "€",
}

-- The 7-bit characters of packed bytes, from a septet on.
local function unpack_septets(bytes, from, count)
  local codes = {}
  for septet = from, from + count - 1 do
    local bit_at = septet * 7
    local byte_at, shift = math.floor(bit_at / 8) + 1, bit_at % 8
    local pair = (bytes:byte(byte_at) or 0) + (bytes:byte(byte_at + 1) or 0) * 256
    codes[#codes + 1] = math.floor(pair / 2 ^ shift) % 128
  end
  return codes
end

local function text_of_septets(codes)
  local pieces, escaped = {}, false
  for _, code in ipairs(codes) do
    if escaped then
      pieces[#pieces + 1] = EXTENSION[code] or ALPHABET[code + 1]
      escaped = false
    elseif code == 27 then
      escaped = true
    else
      pieces[#pieces + 1] = ALPHABET[code + 1]
    end
  end
  return to_gb2312(common.utf8ToUcs2be(table.concat(pieces)))
end

local function time_of(bytes)
  local digits = bytes:toHex():gsub("(%x)(%x)", "%2%1")
  local year, month, day, hour, minute, second = digits:match("^(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)")
  if not year then return "" end
  local zone = bytes:byte(7)
  local sign = math.floor(zone / 8) % 2 == 1 and "-" or "+"
  local quarters = zone % 8 * 10 + math.floor(zone / 16)
  return ("%s/%s/%s,%s:%s:%s%s%02d"):format(year, month, day, hour, minute, second, sign, quarters)
end

local function sender_of(kind, bytes, length)
  if math.floor(kind / 16) % 8 == 5 then
    return text_of_septets(unpack_septets(bytes, 0, math.floor(length * 4 / 7)))
  end
  return (kind == INTERNATIONAL and "+" or "") .. common.bcdNumToNum(bytes)
end

-- Takes a received PDU apart: nil for what is none.
local function parse(hex)
  if #hex % 2 == 1 or hex:find("%X") then return nil end
  local pdu = hex:fromHex()
  local at = (pdu:byte(1) or 0) + 2
  local first, length, kind = pdu:byte(at, at + 2)
  if not kind then return nil end
  local digits_at = at + 3
  local after = digits_at + math.ceil(length / 2)
  local coding = pdu:byte(after + 1)
  local count = pdu:byte(after + 9)
  if not count then return nil end
  local message = {
    number = sender_of(kind, pdu:sub(digits_at, after - 1), length),
    time = time_of(pdu:sub(after + 2, after + 8)),
  }
  local payload = pdu:sub(after + 10)
  local header_bytes = 0
  if math.floor(first / 64) % 2 == 1 then
    header_bytes = (payload:byte(1) or 0) + 1
    local header = payload:sub(1, header_bytes)
    if header:byte(2) == 0 and #header >= 6 then
      message.reference, message.total, message.index = header:byte(4, 6)
    elseif header:byte(2) == 8 and #header >= 7 then
      message.reference = header:byte(4) * 256 + header:byte(5)
      message.total, message.index = header:byte(6, 7)
    end
  end
  local alphabet = math.floor(coding / 4) % 4
  if alphabet == 2 then
    message.text = to_gb2312(payload:sub(header_bytes + 1, count))
  elseif alphabet == 1 then
    message.text = payload:sub(header_bytes + 1, count)
  else
    local header_septets = math.ceil(header_bytes * 8 / 7)
    message.text = text_of_septets(unpack_septets(payload, header_septets, math.max(count - header_septets, 0)))
  end
  return message
end

local function deliver(message)
  if new_sms then
    new_sms(message.number, message.text, message.time)
  else
    sys.publish("SMS_NEW_MSG_IND", message.number, message.text, message.time)
  end
end

local incomplete = {} -- number and reference -> { count =, total =, [index] = message }

-- Whatever has come of a long message is delivered when the rest stays out.
local function give_up(key)
  local parts = incomplete[key]
  incomplete[key] = nil
  local texts, known = {}, nil
  for i = 1, parts.total do
    local part = parts[i]
    if part then
      texts[#texts + 1] = part.text
      known = known or part
    end
  end
  deliver { number = known.number, time = known.time, text = table.concat(texts) }
end

local function received(message)
  local index, total = message.index, message.total
  if not index or total <= 1 or index < 1 or index > total then return deliver(message) end
  local key = message.number .. "/" .. message.reference .. "/" .. total
  local parts = incomplete[key] or { count = 0, total = total }
  incomplete[key] = parts
  if not parts[index] then parts.count = parts.count + 1 end
  parts[index] = message
  if parts.count == total then
    sys.timerStop(give_up, key)
    give_up(key)
  else
    sys.timerStart(give_up, PARTS_WAIT_MS, key)
  end
end

ril.regUrc("+CMTI", function(line)
  local place = line:match('%+CMTI:%s*"[^"]*",(%d+)')
  if not place then return end
  ril.request("AT+CMGR=" .. place, nil, function(_, success, _, lines)
    if not success then return end
    -- Deleted first: the function may raise, or ask for more.
    ril.request("AT+CMGD=" .. place)
    local hex = lines and lines:match("\n%s*(%x+)%s*$")
    local message = hex and parse(hex)
    if message then received(message) else log.warn("sms", "not understood", lines) end
  end)
end)
ril.regRsp("+CMGR", function() end, ril.SPECIAL)

--- Sets what is called for each message that comes in.
-- @param cbFnc function(number, text, time): GB2312 text; time as "26/01/31,23:59:59+32"; nil: no function any more
function sms.setNewSmsCb(cbFnc)
  new_sms = cbFnc
end

local function prepare()
  if prepared then return end
  prepared = true
  for _, cmd in ipairs { "AT+CMGF=0", 'AT+CSCS="UCS2"', 'AT+CPMS="SM"', CNMI } do ril.request(cmd) end
  ril.request("AT+CMGD=1,3", nil, function()
    ready = true
    sys.publish("SMS_READY")
    send_waiting()
  end)
  sys.timerStart(ril.request, CNMI_AGAIN_MS, CNMI)
end
ril.regUrc("SMS READY", prepare)
sys.subscribe("NET_STATE_REGISTERED", send_waiting)
if ril.isReady() then prepare() end

return sms
