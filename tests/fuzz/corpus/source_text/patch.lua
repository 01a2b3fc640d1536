--- Small corrections of the standard tables, loaded by `sys` before anything else.
-- They make errors visible (a failed coroutine is logged) and give scripts calls that they expect everywhere.
-- @module patch
local rtos = require "rtos"

local patch = {}
_G.patch = patch

-- Loading the module twice (a project may clear package.loaded) must not wrap the wrappers.
if not rawget(coroutine, "resumeQuietly") then
  --- As `coroutine.resume`, without the log line for an error: for code that handles errors of its coroutines itself.
  -- @function coroutine.resumeQuietly
  -- @param co the coroutine
  -- @param ... handed to it
  -- @return as `coroutine.resume`
  coroutine.resumeQuietly = coroutine.resume
end
local resume_quietly = coroutine.resumeQuietly

local error_handlers = setmetatable({}, { __mode = "k" }) -- coroutine -> function

--- Has a function called with the error of a coroutine, instead of a log line. (`pcall` cannot be waited in.)
-- @param co the coroutine
-- @param fnc function(message)
function patch.onError(co, fnc)
  error_handlers[co] = fnc
end

local function report(co, message)
  if error_handlers[co] then return error_handlers[co](message) end
  local text = debug.traceback(co, tostring(message))
  print("[E]-[coroutine.resume]", text)
  if errDump and errDump.appendErr then errDump.appendErr(text) end
  if _G.COROUTINE_ERROR_RESTART and rtos.restart then rtos.restart() end
end

local function checked(co, good, ...)
  if not good then report(co, (...)) end
  return good, ...
end

--- As in Lua; an error in the coroutine is logged with its traceback, noted for `errDump` if that is loaded, and
-- restarts the device if the global `COROUTINE_ERROR_RESTART` is true.
-- @param co the coroutine
-- @param ... handed to it
-- @return true and what it yielded or returned; or false and the error
function coroutine.resume(co, ...)
  return checked(co, resume_quietly(co, ...))
end

--- The time since power-on in milliseconds (with fractions).
-- @return number
-- @usage local started = os.clockms()
function os.clockms()
  return rtos.tick() / 16.384
end

if type(json) == "table" and json.decode and not rawget(json, "decodeStrictly") then
  --- As `json.decode` of the core: raises for text that is not JSON.
  -- @function json.decodeStrictly
  -- @param text JSON
  -- @return the value
  json.decodeStrictly = json.decode

  local function unfolded(good, value)
    if good then return value, true end
    return {}, false, value
  end

  --- Reads JSON without raising.
  -- @param text JSON
  -- @return the value, true; or for bad text an empty table, false, what is wrong
  -- @usage local t, good, message = json.decode('{"a":1}')
  function json.decode(text)
    return unfolded(pcall(json.decodeStrictly, text))
  end
end

return patch
