--- Log lines with a level and a tag, by `print`.
-- The global `LOG_LEVEL` holds the lowest level that is printed (0: nothing); unset, it counts as 3 (info).
-- @module log
-- @usage LOG_LEVEL = log.LOGLEVEL_TRACE
-- log.info("boot", "started after", 12, "ms")   --> [I]-[boot] started after 12 ms
local rtos = require "rtos"

local log = {}
_G.log = log

--- The levels, for `LOG_LEVEL`.
log.LOG_SILENT = 0
log.LOGLEVEL_TRACE = 1
log.LOGLEVEL_DEBUG = 2
log.LOGLEVEL_INFO = 3
log.LOGLEVEL_WARN = 4
log.LOGLEVEL_ERROR = 5
log.LOGLEVEL_FATAL = 6

local function line(level, letter, tag, ...)
  local threshold = tonumber(rawget(_G, "LOG_LEVEL")) or log.LOGLEVEL_INFO
  if threshold == log.LOG_SILENT or level < threshold then return end
  print("[" .. letter .. "]-[" .. tostring(tag) .. "]", ...)
end

--- Prints at level trace.
-- @param tag short name of the place
-- @param ... any values; they are joined with blanks
function log.trace(tag, ...) line(log.LOGLEVEL_TRACE, "T", tag, ...) end

--- Prints at level debug.
-- @param tag short name of the place
-- @param ... any values
function log.debug(tag, ...) line(log.LOGLEVEL_DEBUG, "D", tag, ...) end

--- Prints at level info.
-- @param tag short name of the place
-- @param ... any values
function log.info(tag, ...) line(log.LOGLEVEL_INFO, "I", tag, ...) end

--- Prints at level warn.
-- @param tag short name of the place
-- @param ... any values
function log.warn(tag, ...) line(log.LOGLEVEL_WARN, "W", tag, ...) end

--- Prints at level error.
-- @param tag short name of the place
-- @param ... any values
function log.error(tag, ...) line(log.LOGLEVEL_ERROR, "E", tag, ...) end

--- Prints at level fatal.
-- @param tag short name of the place
-- @param ... any values
function log.fatal(tag, ...) line(log.LOGLEVEL_FATAL, "F", tag, ...) end

--- Turns `print` on or off, and with a port, opens or closes that port for it.
-- @param on true: lines are printed; false: `print` is silent
-- @param[opt] port UART port for the lines; nil: where they went before
-- @param[opt=115200] baud of that port
-- @return what the core answers (boolean)
-- @usage log.openTrace(false)
function log.openTrace(on, port, baud)
  if port then
    if on then
      uart.setup(port, baud or 115200, 8, uart.PAR_NONE, uart.STOP_1)
    else
      uart.close(port)
    end
  end
  return rtos.set_trace(on and 1 or 0, port)
end

return log
