---@meta iconv

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---Text from one code to another.
---@class iconvlib
iconv = {}

---@class iconv.Converter
local converter = {}

---Converts a whole text.
---@param text string
---@return string converted What comes before the place that cannot be converted
---@return integer? error `iconv.ERROR_INVALID` or `ERROR_INCOMPLETE`; nil: all was converted
function converter:iconv(text) end

---@alias iconv.Code "ucs2"|"ucs2be"|"utf8"|"gb2312"|"gbk"|"ascii"

---@param to iconv.Code `"ucs2"` is little-endian; `"gb2312"` has all of GBK
---@param from iconv.Code
---@return iconv.Converter? converter
---@return integer? error `iconv.ERROR_UNKNOWN`
function iconv.open(to, from) end

---A byte that is none of the code's.
iconv.ERROR_INVALID = 2
---The text ends within a character.
iconv.ERROR_INCOMPLETE = 3
---No such code.
iconv.ERROR_UNKNOWN = 4

return iconv
