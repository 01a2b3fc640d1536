-- The text functions, which take any string.
local core = ...
require "sys"
require "common"
local text = core.input:sub(3)
local half = text:sub(1, math.floor(#text / 2))
local function string_of(what, value) core.check(type(value) == "string", what .. " gives " .. type(value)) end
string_of("toHex", (text:toHex()))
core.check((text:toHex():fromHex()) == text, "fromHex does not undo toHex")
string_of("fromHex", (text:fromHex()))
string_of("toValue", (text:toValue()))
core.check(text:utf8Len() == #text:utf8ToTable(), "utf8Len and utf8ToTable differ")
core.check(table.concat(text:utf8ToTable()) == text, "utf8ToTable loses bytes")
string_of("urlEncode", text:urlEncode())
string_of("rawurlEncode", text:rawurlEncode())
core.check(half == "" or table.concat(text:split(half), half) == text, "split loses bytes")
text:checkSum(core.flag(16) and 1 or 2)
for _, name in ipairs { "ucs2ToGb2312", "gb2312ToUcs2", "ucs2beToGb2312", "gb2312ToUcs2be", "ucs2ToUtf8", "utf8ToUcs2",
  "ucs2beToUtf8", "utf8ToUcs2be", "utf8ToGb2312", "gb2312ToUtf8", "ucs2ToAscii", "nstrToUcs2Hex" } do
  string_of(name, (common[name](text)))
end
string_of("bcdNumToNum", common.bcdNumToNum(text))
string_of("numToBcdNum", common.numToBcdNum(text))
local _, good = json.decode(text)
core.check(type(good) == "boolean", "json.decode gives no boolean")
