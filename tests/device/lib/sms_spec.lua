-- Short messages: parts, alphabets, order, what is damaged. The mock's "GB2312" is UTF-8.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local harness = require "harness"
local mock, same = harness.mock, harness.same

LOG_LEVEL = 0
local function to_codes(text)
  local codes = {}
  for character in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    local code = character:byte()
    if code >= 0xe0 then code = code % 16 elseif code >= 0xc0 then code = code % 32 end
    for i = 2, #character do code = code * 64 + character:byte(i) % 64 end
    codes[#codes + 1] = code
  end
  return codes
end
local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xc0 + math.floor(code / 64), 0x80 + code % 64) end
  return string.char(0xe0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end
iconv = {}
function iconv.open(to, from)
  local converter = {}
  function converter:iconv(text)
    if to == from or to ~= "ucs2be" and from ~= "ucs2be" then return text end
    if to == "ucs2be" then
      local pieces = {}
      for i, code in ipairs(to_codes(text)) do pieces[i] = string.char(math.floor(code / 256), code % 256) end
      return table.concat(pieces)
    end
    local half = text:find("\216") -- half a pair: cannot be converted
    if half then return (text:sub(1, half - 1):gsub(".", "")), 2 end
    return (text:gsub("(.)(.)", function(high, low) return utf8_of(high:byte() * 256 + low:byte()) end))
  end
  return converter
end

local stored, refuse = {}, false
function mock.modem(cmd)
  local place = cmd:match("^AT%+CMGR=(%d+)$")
  if place and stored[place] then return mock.say("\r\n+CMGR: 0,,20\r\n" .. stored[place] .. "\r\n\r\nOK\r\n") end
  place = cmd:match("^AT%+CMGD=(%d+)$")
  if place then stored[place] = nil end
  if cmd:match("^AT%+CMGS=") then return mock.say("\r\n> ") end
  if cmd:match("^%x+$") then return mock.say(refuse and "\r\n+CMS ERROR: 38\r\n" or "\r\n+CMGS: 1\r\n\r\nOK\r\n") end
  mock.say("\r\nOK\r\n")
end
require "sms"
local function run_for(ms) mock.run(mock.now + ms) end
local function sent(what, expected)
  same(what, table.concat(mock.sent, " "):gsub("%c", ""), expected)
  mock.sent = {}
end
local got = {}
local function incoming(place, pdu)
  stored[place] = pdu
  mock.say('\r\n+CMTI: "SM",' .. place .. "\r\n")
  run_for(1)
end

-- What is sent before the modem is ready waits.
local results = {}
local function result(...) results[#results + 1] = table.concat({ tostring((...)), select(2, ...) }, " ") end
same("no number", sms.send("abc", "x"), false)
same("no text", sms.send("10086", ""), false)
same("taken", sms.send("10086", "hi中", result), true)
sys.init(0, 0)
mock.say("\r\nRDY\r\n")
run_for(1)
same("not yet", table.concat(mock.sent):find("CMGS", 1, true), nil)
mock.sent = {}
sys.subscribe("SMS_SEND_CNF", function(...) result("cnf", tostring((...))) end)
mock.say("\r\nSMS READY\r\n")
run_for(1)
sent("ready", 'AT+CMGF=0 AT+CSCS="UCS2" AT+CPMS="SM" AT+CNMI=2,1,0,0,0 AT+CMGD=1,3')
mock.say('\r\n+CREG: 1,"18be","1234",7\r\n')
run_for(1)
sent("registered, then the message", "AT+CSQ AT+CESQ AT+EEMGINFO? AT+CMGS=16 0001000581" .. "0180F6" .. "000806" .. "00680069" .. "4E2D")
same("told", table.concat(results, "|"), "true 10086 hi中|cnf true")
run_for(30000)
sent("the setting once more", "AT+CNMI=2,1,0,0,0")
mock.say("\r\nSMS READY\r\n")
run_for(1)
sent("once only", "")

-- Without a network it waits for a minute.
results = {}
mock.say("\r\n+CREG: 3\r\n")
run_for(1)
sms.send("10086", "a", result)
run_for(59000)
sent("waits", "")
run_for(2000)
same("tried", mock.sent[1], "AT+CMGS=12\r")
same("told", results[1], "true 10086 a")
mock.say('\r\n+CREG: 1,"18be","1234",7\r\n')
run_for(1)
mock.sent = {}

-- A long one, and one that is refused.
results = {}
sms.send("+8613800000000", ("x"):rep(71), result)
run_for(1)
same("two parts", #mock.sent, 4)
same("the first", mock.sent[2]:sub(1, 48), "0041000D91683108000000F000088C050003030201" .. "007800")
same("the second", mock.sent[4], "0041000D91683108000000F000080E050003030202" .. ("0078"):rep(4) .. "\26")
same("told once", table.concat(results, "|"), "true +8613800000000 " .. ("x"):rep(71) .. "|cnf true")
results, refuse = {}, true
sms.send("10086", "no", result)
run_for(1)
same("refused", results[1], "false 10086 no")
refuse, mock.sent = false, {}

-- Incoming, without a function: a message; with one: that function.
sys.subscribe("SMS_NEW_MSG_IND", function(...) got[#got + 1] = "ind " .. table.concat({ ... }, " ") end)
incoming("1", "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
same("7 bits", got[1], "ind 27838890001 hellohello 99/03/29,15:16:59+08")
sent("read, then deleted", "AT+CMGR=1 AT+CMGD=1")
sms.setNewSmsCb(function(...) got[#got + 1] = table.concat({ ... }, " ") end)
incoming("2", "0004" .. "0D91683108000000F0" .. "0008" .. "62102030405023" .. "04" .. "4E2D0041")
same("UCS-2, a zone in the west would be signed", got[2], "+8613800000000 中A 26/01/02,03:04:05+32")
incoming("3", "0004" .. "0D91683108000000F0" .. "0008" .. "6210203040502A" .. "02" .. "D83D")
same("what the alphabet lacks", got[3], "+8613800000000 ? 26/01/02,03:04:05-22")
incoming("4", "0004" .. "0581" .. "0180F6" .. "0004" .. "62102030405023" .. "02" .. "00FF")
same("bytes", got[4], "10086 \0\255 26/01/02,03:04:05+32")
incoming("5", "0004" .. "09D0" .. "E8329BFD06" .. "0000" .. "62102030405023" .. "02" .. "9B32")
same("a name; an escaped character", got[5], "hello € 26/01/02,03:04:05+32")

-- Parts in any order, doubled, and one that never comes.
local function part(reference, total, index, text)
  local hex = text:gsub(".", function(c) return "00" .. c:toHex() end)
  local payload = "050003" .. ("%02X%02X%02X"):format(reference, total, index) .. hex
  return "0044" .. "0581" .. "0180F6" .. "0008" .. "62102030405023" .. ("%02X"):format(#payload / 2) .. payload
end
incoming("6", part(9, 3, 3, "c"))
incoming("7", part(9, 3, 1, "a"))
incoming("8", part(9, 3, 1, "a"))
same("not yet", #got, 5)
incoming("9", part(9, 3, 2, "b"))
same("whole", got[6], "10086 abc 26/01/02,03:04:05+32")
incoming("6", part(10, 3, 1, "a"))
incoming("7", part(10, 3, 3, "c"))
run_for(599000)
same("waits", #got, 6)
run_for(2000)
same("what there is", got[7], "10086 ac 26/01/02,03:04:05+32")
incoming("6", part(11, 0, 0, "z"))
same("a senseless part is a message", got[8], "10086 z 26/01/02,03:04:05+32")

-- Damage of any kind raises nothing.
local whole = part(12, 2, 1, "a")
for length = 0, #whole - 1 do incoming("1", whole:sub(1, length)) end
incoming("1", "nonsense")
for byte = 0, 255 do incoming("1", ("%02X"):format(byte):rep(30)) end
mock.say('\r\n+CMTI: nothing\r\n\r\n+CMTI: "SM",99\r\n')
run_for(1)
incoming("2", "0004" .. "0D91683108000000F0" .. "0008" .. "62102030405023" .. "02" .. "0041")
same("and the next one is read", got[#got], "+8613800000000 A 26/01/02,03:04:05+32")
harness.finish()
