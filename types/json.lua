---@meta json

-- Type stubs of the device's modules for editors (LuaCATS). This file is never run by a script. A device's project only.

---JSON, as by lua-cjson.
---@class jsonlib
json = {}

---Raises for what JSON has no form for.
---@param value any
---@return string text
function json.encode(value) end

---Raises if the text is not JSON. (With the library's `patch` module it gives `value, true` or `{}, false, message`.)
---@param text string
---@return any value `json.null` for null
---@return boolean? good With `patch` only
---@return string? message With `patch` only
function json.decode(text) end

---A module with settings of its own.
---@return jsonlib
function json.new() end

---How tables with holes are written.
---@param convert? boolean As objects, instead of raising
---@param ratio? integer
---@param safe? integer
---@return boolean convert
---@return integer ratio
---@return integer safe
function json.encode_sparse_array(convert, ratio, safe) end

---How deep tables may be.
---@param depth? integer
---@return integer depth
function json.encode_max_depth(depth) end

---How deep a text may be.
---@param depth? integer
---@return integer depth
function json.decode_max_depth(depth) end

---How many digits numbers have.
---@param precision? integer
---@return integer precision
function json.encode_number_precision(precision) end

---Whether the buffer is kept between two calls.
---@param keep? boolean
---@return boolean keep
function json.encode_keep_buffer(keep) end

---Whether NaN and infinity may be written.
---@param setting? boolean|"null"
---@return boolean|"null" setting
function json.encode_invalid_numbers(setting) end

---Whether NaN, infinity and hexadecimal numbers may be read.
---@param setting? boolean
---@return boolean setting
function json.decode_invalid_numbers(setting) end

---What stands for null.
---@type userdata
json.null = nil
---The name of the code behind it.
json._NAME = "cjson"
---Its version.
json._VERSION = "2.1.0"

return json
