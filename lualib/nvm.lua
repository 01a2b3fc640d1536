--- Parameters that outlive a restart.
-- The project ships a file of defaults, e.g. `config.lua` with lines like `server = "example.org"`. What was changed is
-- kept in the flash, twice; a file that is broken or missing is replaced by the other.
--
-- Messages: `PARA_CHANGED_IND` (name, value, reason), `TPARA_CHANGED_IND` (name, key, value, reason).
-- @module nvm
-- @usage nvm.init("config.lua")
-- nvm.set("server", "example.org")
-- log.info("nvm", nvm.get("server"))
local rtos = require "rtos"
require "sys"

local nvm = {}
_G.nvm = nvm

local KEPT_OVER_FLASHING = "/#lua_user#/"
local KINDS = { number = true, string = true, boolean = true, table = true }
local RESERVED = {}
for word in ([[and break do else elseif end false for function if in local nil not or repeat return then true until
  while]]):gmatch("%a+") do
  RESERVED[word] = true
end

-- Without its last line a file is a torn one.
local FIRST_LINE, LAST_LINE = "module(...,package.seeall) -- kept by nvm\n", "-- complete\n"

local main_path, spare_path = "/nvm_para.lua", "/nvm_para_bak.lua"
local defaults, parameters
local unsaved = false

-- Values as text ----------------------------------------------------------------------------------------------------

local function write_number(value)
  if value ~= value then return "0/0" end
  if value == math.huge then return "1/0" end
  if value == -math.huge then return "-1/0" end
  local short = ("%.14g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

local function write_value(value, pieces, inside)
  local kind = type(value)
  if kind == "number" then
    pieces[#pieces + 1] = write_number(value)
  elseif kind == "string" then
    pieces[#pieces + 1] = ("%q"):format(value)
  elseif kind == "boolean" then
    pieces[#pieces + 1] = tostring(value)
  elseif kind == "table" then
    if inside[value] then error("a table that contains itself cannot be kept", 0) end
    inside[value] = true
    pieces[#pieces + 1] = "{"
    for key, element in pairs(value) do
      pieces[#pieces + 1] = "["
      write_value(key, pieces, inside)
      pieces[#pieces + 1] = "]="
      write_value(element, pieces, inside)
      pieces[#pieces + 1] = ","
    end
    pieces[#pieces + 1] = "}"
    inside[value] = nil
  else
    error("a " .. kind .. " cannot be kept", 0)
  end
end

-- The same form as the file of defaults.
local function as_text(values)
  local pieces = { FIRST_LINE }
  for name, value in table.gsort(values, function(a, b) return tostring(a) < tostring(b) end) do
    local plain = type(name) == "string" and name:match("^[%a_][%w_]*$") and not RESERVED[name]
    if plain then
      pieces[#pieces + 1] = name
    else
      pieces[#pieces + 1] = "_M["
      write_value(name, pieces, {})
      pieces[#pieces + 1] = "]"
    end
    pieces[#pieces + 1] = "="
    write_value(value, pieces, {})
    pieces[#pieces + 1] = "\n"
  end
  pieces[#pieces + 1] = LAST_LINE
  return table.concat(pieces)
end

local function copy_of(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, element in pairs(value) do copy[key] = copy_of(element) end
  return copy
end

local function equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not equal(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- Files -------------------------------------------------------------------------------------------------------------

-- Runs text that assigns parameters (or returns a table of them) without letting it touch the globals.
local function evaluate(text, name)
  local chunk, message = loadstring(text, "@" .. name)
  if not chunk then return nil, message end
  local values = {}
  local surroundings = { module = function() end, _M = values }
  setfenv(chunk, setmetatable({}, {
    __newindex = function(_, key, value) values[key] = value end,
    __index = function(_, key)
      if values[key] ~= nil then return values[key] end
      if surroundings[key] ~= nil then return surroundings[key] end
      return _G[key]
    end,
  }))
  local good, result = pcall(chunk, name)
  if not good then return nil, result end
  if type(result) == "table" then values = result end
  local kept = {}
  for key, value in pairs(values) do
    if KINDS[type(value)] then kept[key] = value end
  end
  return kept
end

local function load_kept(path)
  local text = io.readFile(path)
  if not text then return nil end
  local torn = text == "" or text:sub(1, #FIRST_LINE) == FIRST_LINE and text:sub(-#LAST_LINE) ~= LAST_LINE
  if torn then
    log.warn("nvm", path, "is torn")
    return nil
  end
  local values, message = evaluate(text, path)
  if not values then log.warn("nvm", path, message) end
  return values
end

local function load_defaults(file)
  local text = io.readFile("/lua/" .. file)
  if text then return assert(evaluate(text, file)) end
  local module_table = require((file:gsub("%.lua%w?$", "")))
  local values = {}
  for key, value in pairs(type(module_table) == "table" and module_table or {}) do
    if KINDS[type(value)] and not (type(key) == "string" and key:match("^_[MNP]")) then values[key] = value end
  end
  return values
end

-- A new file takes the place of the old one when it is whole.
local function replace(path, text)
  local temporary = path .. ".new"
  local good, message = io.writeFile(temporary, text)
  if good then good, message = os.rename(temporary, path) end
  if not good then
    os.remove(temporary)
    log.error("nvm", path, message)
  end
  return good and true or false
end

local function save()
  local good, text = pcall(as_text, parameters)
  if not good then
    log.error("nvm", text)
    return false
  end
  local good_both = replace(main_path, text) and replace(spare_path, text)
  unsaved = not good_both
  return good_both
end

local function ready()
  if not parameters then error("nvm.init must be called first", 3) end
end

--- Prepares the parameters. To be called once, at the start.
-- @param defaultCfgFile name of the project's file of defaults
-- @param[opt=false] burnSave whether flashing the device anew keeps the parameters. A host keeps them in either case;
-- it tells in which folder
-- @usage nvm.init("config.lua")
function nvm.init(defaultCfgFile, burnSave)
  local folder = "/"
  if burnSave then
    folder = KEPT_OVER_FLASHING
    rtos.make_dir(KEPT_OVER_FLASHING)
  end
  main_path, spare_path = folder .. "nvm_para.lua", folder .. "nvm_para_bak.lua"
  defaults = load_defaults(defaultCfgFile)
  local kept = load_kept(main_path) or load_kept(spare_path) or {}
  parameters = copy_of(defaults)
  for key, value in pairs(kept) do parameters[key] = value end
end

local function storable(value)
  if not KINDS[type(value)] then return false end
  local good, message = pcall(write_value, value, {}, {})
  if not good then log.error("nvm", message) end
  return good
end

-- Whether the value is in place: and in the flash, unless that was not wanted.
local function stored(write)
  if write == false then return true end
  if not unsaved and io.exists(main_path) then return true end
  return save() or nil
end

--- Sets a parameter.
-- @param k its name
-- @param v its value: number, string, boolean or table
-- @param[opt] r reason: if given and the value is another one, `PARA_CHANGED_IND` (k, v, r) is published
-- @param[opt] s false: do not write the file now
-- @return true; nil if the value cannot be kept or the file cannot be written
-- @usage nvm.set("interval", 60, "SERVER")
function nvm.set(k, v, r, s)
  ready()
  if k == nil or not storable(v) then return nil end
  if not equal(parameters[k], v) then
    parameters[k] = copy_of(v)
    unsaved = true
    if r ~= nil then sys.publish("PARA_CHANGED_IND", k, copy_of(v), r) end
  end
  return stored(s)
end

--- Sets one element of a parameter that is a table.
-- @param k the parameter's name
-- @param kk key in the table
-- @param v the value; nil removes the element
-- @param[opt] r reason: if given and the value is another one, `TPARA_CHANGED_IND` (k, kk, v, r) is published
-- @param[opt] s false: do not write the file now
-- @return true; nil if there is no such table, the value cannot be kept or the file cannot be written
function nvm.sett(k, kk, v, r, s)
  ready()
  local t = parameters[k]
  if type(t) ~= "table" or kk == nil or v ~= nil and not storable(v) then return nil end
  if not equal(t[kk], v) then
    t[kk] = copy_of(v)
    unsaved = true
    if r ~= nil then sys.publish("TPARA_CHANGED_IND", k, kk, copy_of(v), r) end
  end
  return stored(s)
end

--- Writes all parameters to the flash.
-- @return true; false if the file cannot be written (the former one is still there)
function nvm.flush()
  ready()
  return save()
end

--- A parameter's value.
-- @param k its name
-- @return the value, of a table a copy; nil if there is none
function nvm.get(k)
  ready()
  return copy_of(parameters[k])
end

--- One element of a parameter that is a table.
-- @param k the parameter's name
-- @param kk key in the table
-- @return the value, of a table a copy; nil if there is none
function nvm.gett(k, kk)
  ready()
  local t = parameters[k]
  if type(t) ~= "table" then return nil end
  return copy_of(t[kk])
end

--- Sets all parameters to their defaults, in the flash too.
-- @return true; false if the file cannot be written
function nvm.restore()
  ready()
  parameters = copy_of(defaults)
  return save()
end

--- Removes the files: the next start begins with the defaults.
function nvm.remove()
  os.remove(main_path)
  os.remove(spare_path)
end

return nvm
