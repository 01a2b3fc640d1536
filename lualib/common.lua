--- Conversions of text, telephone numbers and times.
-- A text with a character that the other code lacks, or that is damaged, is converted up to that place; a second
-- result (a number) tells so.
-- @module common
-- @usage log.info("common", common.ucs2ToAscii("0031003200330034"))    --> 1234
require "utils"

local common = {}
_G.common = common

local function convert(to, from, text)
  return iconv.open(to, from):iconv(text)
end

--- Text of hexadecimal UCS-2 (big-endian) as ASCII.
-- @param inum hexadecimal digits, four for a character
-- @return string; what is no ASCII is left out
function common.ucs2ToAscii(inum)
  return (inum:gsub("%x%x%x%x", function(digits)
    local code = tonumber(digits, 16)
    return code < 0x80 and string.char(code) or ""
  end))
end

--- ASCII text as hexadecimal UCS-2 (big-endian).
-- @param inum text
-- @return hexadecimal digits, four for a character
-- @usage common.nstrToUcs2Hex("+1234")    --> "002B0031003200330034"
function common.nstrToUcs2Hex(inum)
  return (inum:gsub(".", function(character) return ("%04X"):format(character:byte()) end))
end

--- A telephone number as BCD bytes, in the order of a short message: the second digit in the upper half.
-- @param inum digits; `+`, `*` and `#` too
-- @param[opt] len bytes of the result, filled up with 0xff
-- @return bytes
-- @usage common.numToBcdNum("8618126324567"):toHex()   --> "688121364265F7"
function common.numToBcdNum(inum, len)
  local halves = inum:gsub("%+", ""):gsub("%*", "A"):gsub("#", "B")
  if #halves % 2 == 1 then halves = halves .. "F" end
  local bytes = halves:gsub("(%x)(%x)", "%2%1"):fromHex()
  return bytes .. ("\255"):rep((len or 0) - #bytes)
end

--- The telephone number of BCD bytes.
-- @param num bytes, as `numToBcdNum` gives
-- @return digits; `*` and `#` too
function common.bcdNumToNum(num)
  local halves = num:toHex():gsub("(%x)(%x)", "%2%1")
  return (halves:match("^[^F]*"):gsub("A", "*"):gsub("B", "#"))
end

--- GB2312 text of little-endian UCS-2 text.
-- @param s bytes
-- @return bytes
function common.ucs2ToGb2312(s) return convert("gb2312", "ucs2", s) end

--- Little-endian UCS-2 text of GB2312 text.
-- @param s bytes
-- @return bytes
function common.gb2312ToUcs2(s) return convert("ucs2", "gb2312", s) end

--- Big-endian UCS-2 text of GB2312 text.
-- @param s bytes
-- @return bytes
function common.gb2312ToUcs2be(s) return convert("ucs2be", "gb2312", s) end

--- GB2312 text of big-endian UCS-2 text.
-- @param s bytes
-- @return bytes
function common.ucs2beToGb2312(s) return convert("gb2312", "ucs2be", s) end

--- UTF-8 text of little-endian UCS-2 text.
-- @param s bytes
-- @return bytes
function common.ucs2ToUtf8(s) return convert("utf8", "ucs2", s) end

--- Little-endian UCS-2 text of UTF-8 text.
-- @param s bytes
-- @return bytes
function common.utf8ToUcs2(s) return convert("ucs2", "utf8", s) end

--- UTF-8 text of big-endian UCS-2 text.
-- @param s bytes
-- @return bytes
function common.ucs2beToUtf8(s) return convert("utf8", "ucs2be", s) end

--- Big-endian UCS-2 text of UTF-8 text.
-- @param s bytes
-- @return bytes
function common.utf8ToUcs2be(s) return convert("ucs2be", "utf8", s) end

--- GB2312 text of UTF-8 text.
-- @param s bytes
-- @return bytes
function common.utf8ToGb2312(s) return convert("gb2312", "utf8", s) end

--- UTF-8 text of GB2312 text.
-- @param s bytes
-- @return bytes
function common.gb2312ToUtf8(s) return convert("utf8", "gb2312", s) end

-- Days from 1970-01-01 in the calendar that runs on for ever; years begin in March, so that a leap day is the last one.
local function days_of(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local function date_of(days)
  local year = 1970 + math.floor(days / 365.2425)
  while days_of(year, 1, 1) > days do year = year - 1 end
  while days_of(year + 1, 1, 1) <= days do year = year + 1 end
  local month = 12
  while days_of(year, month, 1) > days do month = month - 1 end
  return year, month, days - days_of(year, month, 1) + 1
end

--- Converts a time from one time zone to another.
-- @param year year
-- @param month month
-- @param day day
-- @param hour hour
-- @param minute minute
-- @param second second
-- @param srcTimeZone hours east of UTC of the time given
-- @param dstTimeZone hours east of UTC of the time wanted
-- @return table `year`, `month`, `day`, `hour`, `min`, `sec`
-- @usage common.timeZoneConvert(2026, 1, 1, 3, 0, 0, 8, 0)      -- 19:00 on 31 December 2025
function common.timeZoneConvert(year, month, day, hour, minute, second, srcTimeZone, dstTimeZone)
  local seconds = hour * 3600 + minute * 60 + second + (dstTimeZone - srcTimeZone) * 3600
  local days = days_of(year, month, day) + math.floor(seconds / 86400)
  seconds = seconds % 86400
  local result = {}
  result.year, result.month, result.day = date_of(days)
  result.hour, result.min, result.sec = math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60
  return result
end

return common
