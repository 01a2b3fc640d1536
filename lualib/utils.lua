--- Additions to `string`, `table` and `io` that scripts expect everywhere.
-- @module utils
-- @usage log.info("hex", ("\1\2\3"):toHex())      --> [I]-[hex] 010203 3
local utils = {}
_G.utils = utils

-- One character of UTF-8; a byte that begins none counts as a character of its own.
local UTF8_CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"

--- Writes bytes as upper-case hexadecimal digits.
-- @function string.toHex
-- @param str the bytes
-- @param[opt=""] separator put behind each byte
-- @return the digits, the number of bytes
-- @usage ("12"):toHex(" ")   --> "31 32 ", 2
function string.toHex(str, separator)
  local form = "%02X" .. (separator or ""):gsub("%%", "%%%%")
  return (str:gsub(".", function(byte) return form:format(byte:byte()) end)), #str
end

--- Reads hexadecimal digits; blanks and punctuation between them are skipped.
-- @function string.fromHex
-- @param hex the digits, two for a byte
-- @return the bytes, their number
-- @usage ("31-32"):fromHex() --> "12", 2
function string.fromHex(hex)
  return hex:gsub("[%s%p]", ""):gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end)
end

--- Makes a byte of each hexadecimal digit.
-- @function string.toValue
-- @param str digits
-- @return the bytes, their number
-- @usage ("12A"):toValue()   --> "\1\2\10", 3
function string.toValue(str)
  return str:gsub("%x", function(digit) return string.char(tonumber(digit, 16)) end)
end

--- The number of characters of UTF-8 text.
-- @function string.utf8Len
-- @param str the text
-- @return number
function string.utf8Len(str)
  return #str:utf8ToTable()
end

--- The characters of UTF-8 text, one by one.
-- @function string.utf8ToTable
-- @param str the text
-- @return list of strings; joined, they give `str`
function string.utf8ToTable(str)
  local list, at = {}, 1
  while at <= #str do
    local from, to = str:find(UTF8_CHARACTER, at)
    for lost = at, (from or #str + 1) - 1 do list[#list + 1] = str:sub(lost, lost) end
    if not from then break end
    list[#list + 1] = str:sub(from, to)
    at = to + 1
  end
  return list
end

local function percent(byte) return ("%%%02X"):format(byte:byte()) end

--- Encodes text for a part of a URL (RFC 3986): all but letters, digits and `-._~`.
-- @function string.rawurlEncode
-- @param str the text
-- @return string
function string.rawurlEncode(str)
  return (str:gsub("[^%w%-%._~]", percent))
end

--- Encodes text for a form: as `rawurlEncode`, with `+` for a blank, `*` as it is, `~` encoded.
-- @function string.urlEncode
-- @param str the text
-- @return string
-- @usage ("a b&c"):urlEncode()  --> "a+b%26c"
function string.urlEncode(str)
  return (str:gsub("[^%w%-%._* ]", percent):gsub(" ", "+"))
end

--- Writes a number with a comma before each group of three digits.
-- @function string.formatNumberThousands
-- @param num number, or its digits as a string
-- @return string
-- @usage string.formatNumberThousands(1234567.5) --> "1,234,567.5"
function string.formatNumberThousands(num)
  local sign, whole, rest = tostring(num):match("^(%-?)(%d+)(.*)$")
  if not sign then return tostring(num) end
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole .. rest
end

--- Cuts text at each occurrence of a delimiter.
-- @function string.split
-- @param str the text
-- @param delimiter plain text; empty: the text is cut between all its bytes
-- @return list of strings, empty ones included
-- @usage ("a,,b"):split(",")    --> { "a", "", "b" }
function string.split(str, delimiter)
  local list = {}
  if delimiter == "" or delimiter == nil then
    for byte in str:gmatch(".") do list[#list + 1] = byte end
    return list
  end
  local at = 1
  while true do
    local from, to = str:find(delimiter, at, true)
    list[#list + 1] = str:sub(at, (from or 0) - 1)
    if not from then return list end
    at = to + 1
  end
end

--- Adds up the bytes of a string.
-- @function string.checkSum
-- @param str the bytes
-- @param[opt=1] num bytes of the sum: 1 or 2
-- @return number 0..255, or 0..65535
function string.checkSum(str, num)
  local sum = 0
  for at = 1, #str do sum = sum + str:byte(at) end
  return sum % (num == 2 and 0x10000 or 0x100)
end

--- Goes through a table in the order of its keys.
-- @function table.gsort
-- @param t the table
-- @param[opt] f order, as for `table.sort`
-- @return iterator of key, value
-- @usage for name, value in table.gsort { b = 2, a = 1 } do print(name, value) end
function table.gsort(t, f)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, f)
  local at = 0
  return function()
    at = at + 1
    return keys[at], t[keys[at]]
  end
end

local function append_all(list, pieces)
  for _, value in ipairs(list) do
    if type(value) == "table" then
      append_all(value, pieces)
    else
      pieces[#pieces + 1] = tostring(value)
    end
  end
  return pieces
end

--- Joins the strings of a list, and of the lists in it.
-- @function table.rconcat
-- @param list the list; a string is given back
-- @return string
-- @usage table.rconcat { "a", { "b", { "c" } } }  --> "abc"
function table.rconcat(list)
  if type(list) ~= "table" then return list end
  return table.concat(append_all(list, {}))
end

local function with_file(path, mode, use)
  local file, message = io.open(path, mode)
  if not file then return nil, message end
  local result, why = use(file)
  file:close()
  if result == nil then return nil, why end
  return result
end

--- Whether a file can be opened.
-- @function io.exists
-- @param path its path
-- @return boolean
function io.exists(path)
  return with_file(path, "rb", function() return true end) == true
end

--- Reads a whole file.
-- @function io.readFile
-- @param path its path
-- @return its content; or nil and what is wrong
function io.readFile(path)
  return with_file(path, "rb", function(file) return file:read("*a") end)
end

--- Writes a file.
-- @function io.writeFile
-- @param path its path
-- @param content string
-- @param[opt="w+b"] mode as for `io.open`; "a+b" appends
-- @return true if all was written; or false and what is wrong
function io.writeFile(path, content, mode)
  local file, message = io.open(path, mode or "w+b")
  if not file then return false, message end
  local written, why = file:write(content)
  local closed, why_not = file:close()
  if written and closed then return true end
  return false, why or why_not
end

--- Takes a path apart.
-- @function io.pathInfo
-- @param path the path
-- @return table `dirname` (with its last `/`), `filename`, `basename`, `extname` (with its dot)
-- @usage io.pathInfo("/a/b.txt")   --> { dirname = "/a/", filename = "b.txt", basename = "b", extname = ".txt" }
function io.pathInfo(path)
  local dirname, filename = path:match("^(.*/)([^/]*)$")
  if not dirname then dirname, filename = "", path end
  local basename, extname = filename:match("^(.+)(%.[^%.]*)$")
  return { dirname = dirname, filename = filename, basename = basename or filename, extname = extname or "" }
end

--- The length of a file.
-- @function io.fileSize
-- @param path its path
-- @return bytes; 0 if there is no such file
function io.fileSize(path)
  return with_file(path, "rb", function(file) return file:seek("end") end) or 0
end

--- Reads a part of a file.
-- @function io.readStream
-- @param path its path
-- @param offset where to begin, 0 for the first byte
-- @param len at most so many bytes
-- @return string (shorter, or empty, at the end of the file); or nil and what is wrong
function io.readStream(path, offset, len)
  return with_file(path, "rb", function(file)
    local at, message = file:seek("set", offset)
    if not at then return nil, message end
    return file:read(len) or ""
  end)
end

return utils
